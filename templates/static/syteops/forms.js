"use strict";

/* What every form of the admin does. Without this file all of them still work: errors are listed and
   linked, names of icons are typed, secrets are made elsewhere. */
document.addEventListener("DOMContentLoaded", () => {
  document.addEventListener("submit", showBusy);
  document.addEventListener("click", openTab);
  document.addEventListener("click", pick);
  document.addEventListener("input", showPick);
  document.addEventListener("change", showPicture);
  document.querySelectorAll("input[data-generate]").forEach(offerSecret);
  document.querySelectorAll("[data-picks]").forEach((one) => {
    one.hidden = false;
    mark(one);
  });
});

window.addEventListener("load", () => document.querySelector("[data-focus]")?.focus());

/* Whatever is sent is sent once: after this event, so that the clicked button goes along. The page
   says that it works once that takes longer than a moment. A download leaves the page as it is. */
function showBusy(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  const buttons = [...form.elements].filter((one) => one.type === "submit");
  const clicked = event.submitter;
  setTimeout(() => buttons.forEach((one) => { one.disabled = true; }));
  const late = setTimeout(() => {
    document.body.setAttribute("aria-busy", "true");
    clicked?.classList.add("so-busy");
  }, 300);
  const free = () => {
    clearTimeout(late);
    document.body.removeAttribute("aria-busy");
    clicked?.classList.remove("so-busy");
    buttons.forEach((one) => { one.disabled = false; });
  };
  window.addEventListener("pageshow", (shown) => { if (shown.persisted) free(); }, { once: true });
  setTimeout(free, 15000);
}

/* The theme adds and takes away rows of a form only once everything has been loaded, fonts and all:
   whoever is faster gets the row then, and not a link that leads nowhere. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".add-row, .delete-template");
  if (!link || document.readyState === "complete") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  window.addEventListener("load", () => setTimeout(() => link.click()), { once: true });
}, { capture: true });

/* An error's link leads to its field, also where that is in a tab which is not open. */
function openTab(event) {
  const link = event.target.closest?.(".so-summary a[href^='#']");
  if (!link) return;
  event.preventDefault();
  const field = document.getElementById(link.hash.slice(1));
  const tab = field?.closest(".tab-wrapper");
  if (tab) {
    const place = [...tab.parentElement.querySelectorAll(":scope > .tab-wrapper")].indexOf(tab);
    tab.parentElement.querySelectorAll("nav > a")[place]?.click();
  }
  setTimeout(() => {
    const seen = field?.nextElementSibling?.querySelector?.(".select2-selection") ?? field;
    seen?.scrollIntoView({ block: "center" });
    seen?.focus();
  });
}

/* Pickers: buttons that fill the box before them; what is typed there narrows them down. */
function pick(event) {
  const button = event.target.closest?.("[data-pick]");
  if (!button) return;
  const group = button.closest("[data-picks]");
  const input = document.getElementById(group.dataset.picks);
  input.value = button.dataset.pick;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  mark(group);
}

function showPick(event) {
  const group = event.target.id && document.querySelector(`[data-picks="${CSS.escape(event.target.id)}"]`);
  if (!group) return;
  const typed = event.target.value.toLowerCase();
  const buttons = [...group.querySelectorAll("[data-pick]")];
  const fits = (one) => one.dataset.pick.includes(typed);
  const any = buttons.some(fits);
  if (event.target.type !== "color") buttons.forEach((one) => { one.hidden = any && !fits(one); });
  mark(group);
}

function mark(group) {
  const { value } = document.getElementById(group.dataset.picks);
  group.querySelectorAll("[data-pick]").forEach((one) => {
    one.setAttribute("aria-pressed", String(one.dataset.pick === value));
  });
}

/* A picture is seen before it is stored. */
function showPicture(event) {
  const input = event.target;
  if (input.type !== "file" || !input.accept.startsWith("image/")) return;
  const place = input.closest(".so-field, .field-line, fieldset > div > div") ?? input.parentElement;
  place.querySelector(".so-chosen")?.remove();
  const [file] = input.files;
  if (!file?.type.startsWith("image/")) return;
  const shown = document.createElement("img");
  shown.className = "so-picture so-chosen";
  shown.alt = `The picture you chose: ${file.name}`;
  shown.src = URL.createObjectURL(file);
  shown.addEventListener("load", () => URL.revokeObjectURL(shown.src));
  place.append(shown);
}

/* A secret that nobody has had: 32 random bytes in Base64, behind the prefix of its kind. It can be
   read until the form is sent, because whoever receives it needs it as well. */
function offerSecret(input) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "so-button so-generate";
  button.innerHTML = '<span class="material-symbols-outlined" aria-hidden="true">casino</span>Generate';
  button.addEventListener("click", () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    input.value = input.dataset.generate + btoa(String.fromCharCode(...bytes));
    input.type = "text";
    input.focus();
    input.select();
  });
  (input.closest(".so-secret") ?? input).after(button);
}
