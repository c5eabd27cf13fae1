"use strict";

/* Names and roles that the scripts of Django and of the theme leave out (WCAG 2.2, 4.1.2). They make
   their widgets whenever they like, also for rows that are added later, so this watches them do it. */
let groups = 0;
const repair = () => {
  for (const hint of document.querySelectorAll(".help-tooltip[aria-label]:not([role])")) {
    hint.setAttribute("role", "img");
  }
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    if (label) nameParts(select, label);
  }
  for (const box of document.querySelectorAll("input[type=text]:not([aria-label], [aria-labelledby], [title])")) {
    if (!box.labels.length) box.setAttribute("aria-label", nameOf(box));
  }
  for (const icon of document.querySelectorAll("a:not([aria-label]) > :is(.date-icon, .clock-icon)")) {
    icon.parentElement.setAttribute("aria-label", icon.title);
    icon.innerHTML ||= `<span class="so-hidden">${icon.title}</span>`;
  }
  // On a phone they may scroll to the side, which needs a stop for the keyboard (WCAG 2.2, 2.1.1).
  for (const rows of document.querySelectorAll(".formset-wrapper:not([tabindex])")) {
    if (rows.querySelector("a, button, select, textarea, input:not([type=hidden])")) continue;
    rows.tabIndex = 0;
    rows.setAttribute("role", "group");
    rows.setAttribute("aria-label", "Rows");
  }
  for (const cell of document.querySelectorAll("#result_list th:not([scope])")) {
    cell.scope = cell.closest("thead") ? "col" : "row";
  }
  for (const group of document.querySelectorAll("fieldset.module:not(:has(> legend))")) {
    const legend = document.createElement("legend");
    legend.className = "so-hidden";
    legend.textContent = "Fields";
    group.prepend(legend);
    const title = titleOf(group);
    if (!title) continue;
    title.id ||= `title_of_${groups++}`;
    group.setAttribute("aria-labelledby", title.id);
  }
  const list = document.querySelector("#changelist-form:not(:has([type=submit]))");
  list?.insertAdjacentHTML("beforeend", '<button type="submit" hidden disabled>Send</button>');
};
/* Once for a frame: while the theme's scripts begin, the page changes very often. Not while it is still
   arriving: half a group has no heading yet, and half a list no button. */
let due = 0;
const soon = () => (due ||= requestAnimationFrame(() => {
  due = 0;
  if (document.readyState !== "loading") repair();
}));
new MutationObserver(soon).observe(document, { childList: true, subtree: true });
document.addEventListener("DOMContentLoaded", repair);

/* What a box is for: its hint, or that of the group in which it stands, and its own. */
function nameOf(box) {
  const group = box.closest(".field-row, .form-row, [class*=field-], div:has(> h3)");
  const about = group?.querySelector("label, h3, legend")?.textContent.trim() ?? "";
  const own = box.placeholder || { vDateField: "date", vTimeField: "time" }[box.classList[0]] || "";
  return `${about} ${own}`.trim() || box.name;
}

/* The heading of a group of fields, or the tab that shows it. */
function titleOf(group) {
  const tab = group.getAttribute("x-show")?.match(/'(.+)'/)?.[1];
  return group.querySelector("h2, h3, summary") ?? document.querySelector(`a[href="#${tab}"]`);
}

/* The theme hides a page until its scripts have run, and what is hidden cannot have the focus. */
window.addEventListener("load", () => {
  if (document.activeElement === document.body && !document.querySelector("[data-focus]")) document.querySelector("[autofocus]")?.focus();
});

function nameParts(select, label) {
  label.id ||= `${select.id}_label`;
  const parts = select.nextElementSibling.querySelectorAll(
    ".select2-selection, [role=textbox], .select2-search__field",
  );
  parts.forEach((part) => part.setAttribute("aria-labelledby", label.id));
}
