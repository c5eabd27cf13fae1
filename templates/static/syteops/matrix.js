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
    walkByArrows(matrix);
  }
});

/* To the keyboard all boxes are one stop, in which the arrows move: with a stop for each of them what
   follows is eighty presses of Tab away. */
function walkByArrows(matrix) {
  const rows = [...matrix.querySelectorAll("tbody tr")];
  const boxIn = (one) => one?.querySelector("input");
  const boxes = [...matrix.querySelectorAll("tbody input")];
  const enter = (box) => boxes.forEach((one) => { one.tabIndex = one === box ? 0 : -1; });

  function next(box, key) {
    const step = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    if (key === "ArrowLeft" || key === "ArrowRight") return boxes[boxes.indexOf(box) + step];
    const cell = box.closest("td");
    let row = rows.indexOf(cell.parentElement) + step;
    while (rows[row] && !boxIn(rows[row])) row += step;
    return boxIn(rows[row]?.cells[cell.cellIndex]) ?? boxIn(rows[row]);
  }

  enter(boxes[0]);
  matrix.addEventListener("focusin", (event) => { if (boxes.includes(event.target)) enter(event.target); });
  matrix.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") || !boxes.includes(event.target)) return;
    event.preventDefault();
    next(event.target, event.key)?.focus();
  });
}
