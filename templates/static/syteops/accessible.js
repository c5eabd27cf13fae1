"use strict";

/* Names and roles that the scripts of Django and of the theme leave out (WCAG 2.2, 4.1.2). They make
   their widgets whenever they like, also for rows that are added later, so this watches them do it. */
new MutationObserver(() => {
  for (const hint of document.querySelectorAll(".help-tooltip[aria-label]:not([role])")) {
    hint.setAttribute("role", "img");
  }
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    if (label) nameParts(select, label);
  }
}).observe(document, { childList: true, subtree: true });

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
