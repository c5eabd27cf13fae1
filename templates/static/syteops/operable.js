"use strict";

/* What the theme opens and switches by a click takes keys, says what it is, and gives the focus back
   (WCAG 2.2, 2.1.1 and 4.1.2). It makes its widgets whenever it likes, so this watches it do so. */
(() => {
  const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";
  const ICONS = ".material-symbols-outlined";
  const NAMES = {
    add: "Add",
    arrow_back: "Back to the list",
    close: "Close the menu",
    dock_to_right: "Menu",
    "handleClear()": "Close",
    more_horiz: "More",
    more_vert: "More",
    openTheme: "Light or dark",
    search: "Search this list",
    showPassword: "Show what is typed",
    vpn_key: "Start page",
  };

  /* Not while the page is still arriving: half a link has no words yet, and would get an icon's name. */
  function repair() {
    if (document.readyState === "loading") return;
    document.querySelectorAll("[x-on\\:click]:not([role])").forEach(makeOperable);
    // Again: what is in it may come after it.
    document.querySelectorAll("[data-operable]:not([aria-label])").forEach(name);
    document.querySelectorAll(`${ICONS}:not([aria-hidden], [role], a, button)`).forEach(nameIcon);
  }
  new MutationObserver(repair).observe(document, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", repair);

  /* The theme's menus, tabs and switches take clicks and no keys. */
  function makeOperable(one) {
    if (one.matches(STOPS) || one.closest("a[href], button, label") || one.querySelector(STOPS)) return;
    if (one.id === "changelist-filter-close") return; // what is beside the panel; Escape closes it
    const isTab = one.getAttribute("x-on:click").startsWith("activeFieldsetTab");
    one.tabIndex = 0;
    one.setAttribute("role", isTab ? "tab" : "button");
    if (isTab) one.parentElement.setAttribute("role", "tablist");
    one.dataset.operable = "";
    name(one);
  }

  /* An icon's name is for the font, not for people. */
  function nameIcon(icon) {
    icon.setAttribute("aria-hidden", "true");
    const owner = icon.closest("a, button");
    if (owner) name(owner);
  }

  /* Names what shows an icon and no words. */
  function name(one) {
    if (one.title || one.ariaLabel) return;
    const icons = one.matches(ICONS) ? [one] : [...one.querySelectorAll(ICONS)];
    const shown = icons.map((icon) => icon.textContent);
    const words = shown.reduce((text, each) => text.replace(each, ""), one.textContent).trim();
    const found = NAMES[one.getAttribute("x-on:click")] ?? NAMES[opens(one)] ?? shown.map((each) => NAMES[each.trim()]).find(Boolean);
    if (!words && found) one.setAttribute("aria-label", found);
  }

  const OPENS = /\b(\w+) = (?:!\1|true)|^(sidebar)Toggle\(\)/;

  function opens(one) {
    const [, name, toggled] = OPENS.exec(one.getAttribute("x-on:click") ?? "") ?? [];
    return name ?? toggled;
  }

  /* What a menu's button shows: the theme ties both to one variable. */
  function shownBy(button) {
    const name = opens(button);
    if (!name) return undefined;
    const panels = name.startsWith("sidebar") ? "#nav-sidebar" : `[x-show="${name}"]`;
    return [...document.querySelectorAll(panels)].find((one) => one.checkVisibility());
  }

  let opener = null;

  function activate(one) {
    one.click();
    setTimeout(() => {
      const stop = shownBy(one)?.querySelectorAll(STOPS) ?? [];
      opener = stop.length ? one : null;
      [...stop].find((each) => each.tabIndex >= 0 && each.checkVisibility())?.focus();
    });
  }

  /* For a second, whenever it is lost: the newer theme keeps it inside until the panel is hidden. */
  function giveBack(one, tries = 40) {
    if (tries === 40 || document.activeElement === document.body) one.focus();
    if (tries) setTimeout(() => giveBack(one, tries - 1), 25);
  }

  document.addEventListener("keydown", (event) => {
    const one = event.target;
    if (event.key === "Escape" && opener && shownBy(opener)) {
      if (opens(opener) !== "filterOpen") opener.click(); // that one the theme closes
      giveBack(opener);
      opener = null;
    }
    if (one.dataset?.operable === undefined) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      activate(one);
    } else if (one.role === "tab" && /^Arrow(Left|Right|Up|Down)$/.test(event.key)) {
      event.preventDefault();
      const next = /Left|Up/.test(event.key) ? one.previousElementSibling : one.nextElementSibling;
      next?.focus();
    }
  });

  /* Whether a menu is open, and which tab; after the theme has seen to it. */
  function tell() {
    for (const one of document.querySelectorAll("[data-operable]")) {
      if (one.role === "tab") one.setAttribute("aria-selected", String(one.classList.contains("active")));
      else if (opens(one)) one.setAttribute("aria-expanded", String(Boolean(shownBy(one))));
    }
  }
  for (const kind of ["load", "click", "keyup"]) window.addEventListener(kind, () => setTimeout(tell, 200));
})();
