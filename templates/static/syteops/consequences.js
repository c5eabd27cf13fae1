"use strict";

/* Shows on the page before a deletion what else happens then, once that is known: the page itself does
   not wait for it. Without this file a link leads to the page with all of it. */
(async () => {
  const status = document.querySelector("[data-consequences^='?']");
  if (!status) return;
  const item = status.closest("li");
  try {
    const answer = await fetch(status.dataset.consequences);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("[data-consequences]");
    if (!found) {
      item.remove();
      return;
    }
    status.textContent = found.textContent;
    item.append(found.closest("li").querySelector("ul"));
  } catch {
    const link = document.createElement("a");
    link.href = status.dataset.consequences;
    link.textContent = "Show what else happens then";
    status.replaceChildren(link);
  }
})();
