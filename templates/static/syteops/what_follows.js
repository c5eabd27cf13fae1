"use strict";

/* Shows on the page before a deletion what follows from it, once that is known: the page itself does
   not wait for it. Without this file a link leads to the page with all of it. */
(async () => {
  const status = document.querySelector("[data-follows^='?']");
  if (!status) return;
  const item = status.closest("li");
  try {
    const answer = await fetch(status.dataset.follows);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("[data-follows]");
    if (!found) {
      item.remove();
      return;
    }
    status.textContent = found.textContent;
    item.append(found.closest("li").querySelector("ul"));
  } catch {
    const link = document.createElement("a");
    link.href = status.dataset.follows;
    link.textContent = "Show what follows from that";
    status.replaceChildren(link);
  }
})();
