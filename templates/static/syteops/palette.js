"use strict";

/* The theme's command palette, for everybody: it opens by "/" and by buttons as well, has a name, is
   worked by the keyboard alone, and gives the focus back. */
(() => {
  let before = null;
  let waits = false; // whether Enter was pressed before the answer was there
  const input = () => document.getElementById("search-input-command");
  const isOpen = () => Boolean(input()?.offsetParent); // no page without a sign-in has one
  const isWriting = (one) => one.isContentEditable || /^(input|textarea|select)$/i.test(one.tagName);

  function open() {
    if (!input() || isOpen()) return;
    before = document.activeElement;
    window.dispatchEvent(new CustomEvent("opencommand"));
  }

  /* As by the key: the theme closes it, and the focus goes back. */
  const close = () => input().dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));

  document.addEventListener("click", (event) => {
    const line = event.target.closest("[data-presses]");
    if (line) {
      event.preventDefault(); // it leads nowhere, but does what the account menu does
      close();
      document.querySelector(line.dataset.presses).click();
    } else if (event.target.closest("[x-on\\:click='handleClear()']")) {
      close(); // the theme has emptied the field only
    } else if (event.target.closest("[data-palette]")) {
      event.stopPropagation(); // the theme takes it for a click beside the palette
      open();
    }
  });

  document.addEventListener("keydown", (event) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "/" && isPlain && !isWriting(document.activeElement)) {
      event.preventDefault();
      event.stopPropagation(); // on lists the theme takes it for the search of the list
      open();
    }
    if (event.key === "k" && (event.ctrlKey || event.metaKey) && !isOpen()) {
      before = document.activeElement;
    }
  });

  /* For a second, whenever it is lost: the newer theme keeps it inside until the palette is hidden. */
  function giveBack(tries = 40) {
    setTimeout(() => {
      if (!isOpen() && [document.body, input()].includes(document.activeElement)) before?.focus?.();
      if (tries) giveBack(tries - 1);
    }, 25);
  }

  const results = () => document.getElementById("command-results-list");
  const isAnswered = () => results()?.dataset.term === input().value;

  function openChosen() {
    const chosen = results()?.querySelector("li.active a") ?? results()?.querySelector("a");
    chosen?.click();
  }

  document.addEventListener("htmx:afterSettle", () => {
    if (waits && isOpen() && isAnswered()) openChosen();
  });

  /* Enter without a choice takes the first; Escape leaves at once, and Tab stays inside. */
  document.addEventListener(
    "keydown",
    (event) => {
      if (!isOpen()) return;
      waits = false;
      const found = [...document.querySelectorAll("#command-results-list a")];
      if (event.key === "Enter" && event.target === input()) {
        event.preventDefault();
        event.stopPropagation();
        waits = !isAnswered();
        if (!waits) openChosen();
      } else if (event.key === "Escape") {
        if (event.target !== input()) return close(); // there the theme waits for the key
        input().value = ""; // else the theme would only empty it
        giveBack();
      } else if (event.key === "Tab") {
        const stops = [input(), ...found];
        const place = stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
        event.preventDefault();
        stops.at(place % stops.length).focus();
      }
    },
    true,
  );

  window.addEventListener("DOMContentLoaded", () => {
    if (!input()) return;
    input().setAttribute("aria-label", "Search or do anything");
    input().setAttribute("maxlength", "200");
    const box = input().closest("[x-data='searchCommand()']");
    box?.setAttribute("role", "dialog");
    box?.setAttribute("aria-modal", "true");
    box?.setAttribute("aria-label", "Search");
  });
})();
