// Rows in an order of their own: moved by buttons too, for whoever does not drag. New ones as well.

const NEW = ".empty-form";

function rowsOf(table) {
  return [...table.querySelectorAll(`tbody.form-group:not(${NEW})`)];
}

function number(table) {
  rowsOf(table).forEach((row, place) => {
    const position = row.querySelector(`input[name$="-${table.dataset.orderingField}"]`);
    if (position) position.value = place;
  });
}

function move(button, step) {
  const row = button.closest("tbody");
  const table = row.closest("table");
  const rows = rowsOf(table);
  const other = rows[rows.indexOf(row) + step];
  if (other) {
    if (step < 0) other.before(row); else other.after(row);
    number(table);
    table.dispatchEvent(new Event("change", { bubbles: true }));
  }
  button.focus();
  const place = rowsOf(table).indexOf(row) + 1;
  table.so_status.textContent = `Row ${place} of ${rows.length}`;
}

function addButtons(row) {
  const cell = row.querySelector("tr.form-row > td");
  if (!cell || !row.querySelector("input[name$='-position']") || cell.querySelector(".so-moves")) return;
  const moves = document.createElement("span");
  moves.className = "so-moves";
  for (const [label, icon, step] of [["Move up", "keyboard_arrow_up", -1], ["Move down", "keyboard_arrow_down", 1]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.innerHTML = `<span class="material-symbols-outlined" aria-hidden="true">${icon}</span>`;
    button.addEventListener("click", () => move(button, step));
    moves.append(button);
  }
  (cell.querySelector(":scope > div") ?? cell).prepend(moves);
}

for (const table of document.querySelectorAll("table[data-ordering-field]")) {
  table.so_status = document.createElement("p");
  table.so_status.className = "so-hidden";
  table.so_status.setAttribute("role", "status");
  table.after(table.so_status);
  rowsOf(table).forEach(addButtons);
  document.addEventListener("formset:added", (event) => {
    const row = event.target.closest("tbody.form-group");
    if (!row || row.closest("table") !== table) return;
    addButtons(row);
    number(table);
  });
}
