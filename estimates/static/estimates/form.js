// The form of an estimate: amounts while it is filled in, and clients of former estimates.
// The server works both out; without this script the form is the same, and shows what was saved.

const about = document.querySelector("[data-estimate-form]");
const form = about?.closest("form");
const PREFIX = "line_items-";
const WAIT = 250;

function later(act) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(act, WAIT); };
}

// --- Amounts ---

let asked = 0;

async function showAmounts() {
  const mine = ++asked;
  const typed = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (name.startsWith(PREFIX) || ["currency", "discount_percent", "csrfmiddlewaretoken"].includes(name)) typed.append(name, value);
  }
  const answer = await fetch(about.dataset.amounts, { method: "POST", body: typed }).catch(() => null);
  if (!answer?.ok || mine !== asked) return; // an older answer than the latest question
  const live = await answer.json();
  for (const [place, amount] of Object.entries(live.lines)) {
    const shown = amountOf(place);
    if (shown) shown.textContent = amount || "–";
  }
  const totals = form.querySelector("[data-totals]");
  if (totals) totals.outerHTML = live.totals;
}

function amountOf(place) {
  return form.querySelector(`[name="${PREFIX}${place}-description"]`)?.closest("tr").querySelector("[data-amount]");
}

// --- Clients ---

class ClientPicker {
  constructor(input) {
    this.input = input;
    this.list = Object.assign(document.createElement("ul"), { id: `${input.id}_clients`, className: "so-options", role: "listbox", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Clients of former estimates");
    input.parentElement.classList.add("so-combobox");
    input.after(this.list);
    for (const [name, value] of Object.entries({ role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id })) input.setAttribute(name, value);
    input.addEventListener("input", later(() => this.search()));
    input.addEventListener("keydown", (event) => this.press(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // else the input loses focus first
    this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
  }

  async search() {
    const text = this.input.value.trim();
    const answer = text.length > 1 && await fetch(`${about.dataset.clients}?${new URLSearchParams({ q: text })}`).catch(() => null);
    if (text !== this.input.value.trim() || document.activeElement !== this.input) return;
    this.show(answer?.ok ? (await answer.json()).clients : []);
  }

  show(clients) {
    this.list.replaceChildren(...clients.map((client, index) => {
      const option = document.createElement("li");
      option.id = `${this.list.id}_${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.textContent = [client.client_name, client.client_company, client.client_email].filter(Boolean).join(" · ");
      option.client = client;
      return option;
    }));
    this.list.hidden = !clients.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.input.removeAttribute("aria-activedescendant");
  }

  close() { this.show([]); }

  press(event) {
    if (this.list.hidden) return;
    const options = [...this.list.children];
    const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") this.mark(options[(at + 1) % options.length]);
    else if (event.key === "ArrowUp") this.mark(options.at(at <= 0 ? -1 : at - 1));
    else if (event.key === "Enter" && at >= 0) this.choose(options[at]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
  }

  mark(option) {
    for (const one of this.list.children) one.setAttribute("aria-selected", String(one === option));
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  choose(option) {
    if (!option) return;
    for (const [name, value] of Object.entries(option.client)) {
      const field = form.elements[name];
      if (!field) continue;
      field.value = value ?? "";
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.close();
  }
}

if (form) {
  const update = later(showAmounts);
  form.addEventListener("input", update);
  form.addEventListener("change", update);
  form.addEventListener("formset:removed", update);
  document.addEventListener("formset:added", update);
  document.addEventListener("formset:removed", update);
  const client = form.querySelector("#id_client_name");
  if (client) new ClientPicker(client);
}
