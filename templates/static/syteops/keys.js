/* The key pages: dialogs, copying, and presets that tick boxes. Without this file everything still
   works: buttons lead to a page that asks, texts can be selected, presets are applied on the server. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll("[data-dialog]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      document.getElementById(link.dataset.dialog).showModal();
    });
  }
  for (const button of document.querySelectorAll("dialog [data-cancel]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      button.closest("dialog").close();
    });
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  connectPresets();
});

/* A page kept by the browser for "Back" must not show the key again. */
window.addEventListener("pageshow", (event) => {
  const shown = document.querySelector("[data-shown-once]");
  if (event.persisted && shown) window.location.replace(shown.dataset.shownOnce);
});

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  source.focus();
  source.select();
  let copied = true;
  try {
    await navigator.clipboard.writeText(source.value);
  } catch {
    // Browsers offer the clipboard only over HTTPS and on this machine itself.
    copied = document.execCommand("copy");
  }
  const label = button.querySelector("[data-label]");
  label.textContent = copied ? "Copied" : "Press Ctrl+C";
  document.getElementById("copy-status").textContent = copied ? "Copied to the clipboard" : "";
}

function connectPresets() {
  const presets = document.querySelectorAll("[data-scopes]");
  const boxes = document.querySelectorAll("input[name=scopes]");
  for (const preset of presets) {
    preset.addEventListener("change", () => {
      const scopes = new Set(preset.dataset.scopes.split(" "));
      boxes.forEach((box) => { box.checked = scopes.has(box.value); });
    });
  }
  for (const box of boxes) {
    box.addEventListener("change", () => {
      const chosen = [...boxes].filter((one) => one.checked).map((one) => one.value).sort().join(" ");
      const match = [...presets].find((one) => one.dataset.scopes === chosen);
      (match || document.querySelector("input[name=preset][value='']")).checked = true;
    });
  }
}
