/* "Select all read" ticks its boxes at once, and is ticked as long as they all are. Without this
   file the server ticks them when the form is sent. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const matrix of document.querySelectorAll("[data-matrix]")) {
    const all = matrix.querySelector("[data-all-read]");
    const boxes = [...matrix.querySelectorAll("[data-reads]")];
    const refresh = () => { all.checked = boxes.length > 0 && boxes.every((box) => box.checked); };
    all.addEventListener("change", (event) => {
      event.stopPropagation();
      const wanted = all.checked;
      for (const box of boxes) {
        if (box.checked === wanted) continue;
        box.checked = wanted;
        box.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
    // A preset of the same form ticks boxes, too.
    (matrix.closest("form") || matrix).addEventListener("change", refresh);
    refresh();
  }
});
