// The interactive reference: Scalar, fed with this site's own description of its API.
"use strict";

const place = document.getElementById("reference");
const form = document.getElementById("key-form");
const told = form.querySelector("output");
const DRY_RUN = {
  name: "dry_run",
  in: "query",
  description: "Only try it: nothing is stored. Choose false to do it really.",
  required: true,
  example: true,
  schema: { type: "boolean", default: true },
};
let shown = null;

async function fetchJson(url, key) {
  const answer = await fetch(url, { headers: key ? { "X-API-Key": key } : {} });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.json();
}

// As developers try it: each write once, and as a dry run unless they choose otherwise.
function prepare(description) {
  const whole = structuredClone(description);
  for (const path of Object.keys(whole.paths)) {
    if (path.includes("/dry-run/")) delete whole.paths[path];
  }
  whole.tags = whole.tags.filter((tag) => tag.name !== "Dry runs" && tag.name !== "Sent events");
  delete whole.webhooks;
  for (const item of Object.values(whole.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (method !== "get" && operation["x-scope"]) operation.parameters.push(DRY_RUN);
    }
  }
  return whole;
}

function operations(description) {
  return Object.values(description.paths).flatMap((item) => Object.values(item));
}

// What the key may not do stays readable, but is grey and says so.
function mark(description, allowed) {
  const refused = operations(description).filter(
    (one) => one["x-scope"] && !allowed.has(one.operationId),
  );
  for (const one of refused) {
    one["x-badges"] = [{ name: "Not with this key", color: "#b42318" }, ...(one["x-badges"] ?? [])];
  }
  const links = refused.map((one) => `a[href$="/${one.operationId}"]`);
  document.getElementById("refused")?.remove();
  const style = document.createElement("style");
  style.id = "refused";
  style.textContent = links.length ? `:is(${links.join()}) { opacity: 0.45; }` : "";
  document.head.append(style);
}

function show(description, key) {
  shown?.destroy();
  shown = Scalar.createApiReference(place, {
    content: description,
    authentication: {
      preferredSecurityScheme: "keyHeader",
      securitySchemes: { keyHeader: { value: key } },
    },
    generateOperationSlug: (one) => one.operationId,
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    withDefaultFonts: false,
    telemetry: false,
    hideClientButton: true,
    showDeveloperTools: "never",
    agent: { disabled: true },
    mcp: { disabled: true },
    persistAuth: false,
  });
}

async function tell(description, key) {
  const manifest = await fetchJson(`${place.dataset.manifest}?fields=summary`, key);
  const allowed = new Set(manifest.data.map((one) => `${one.resource}_${one.action}`));
  mark(description, allowed);
  const all = operations(description).filter((one) => one["x-scope"]).length;
  return `${key ? "This key" : "You"} may do ${allowed.size} of ${all} operations.`;
}

async function update() {
  const key = form.elements.key.value.trim();
  const description = prepare(await whole);
  if (key || "signedIn" in place.dataset) {
    told.value = await tell(description, key).catch((error) => error.message);
  }
  show(description, key);
}

const whole = fetchJson(place.dataset.schema);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  update();
});
update();
