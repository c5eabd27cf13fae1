/* Passkeys: asks the browser to make one, or to sign in with one, and sends what it answers. Without
   this file everything still works by password and code. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const isKnown = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
  for (const form of document.querySelectorAll("[data-passkey]")) {
    if (isKnown) form.hidden = false;
    form.addEventListener("submit", (event) => {
      const field = form.querySelector("[name=credential]");
      event.preventDefault();
      if (!isKnown) tell(form, "This browser knows no passkeys.");
      else answer(form).then((credential) => send(form, field, credential), (error) => refuse(form, error));
    });
  }
});

async function answer(form) {
  if (form.dataset.passkey === "create") {
    const { publicKey } = JSON.parse(document.getElementById("passkey-options").textContent);
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  }
  const token = new URLSearchParams({ csrfmiddlewaretoken: form.querySelector("[name=csrfmiddlewaretoken]").value });
  const response = await fetch(form.action, { method: "POST", body: token });
  if (!response.ok) throw new Error("Load the page again, and try once more.");
  const { publicKey } = await response.json();
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

function send(form, field, credential) {
  field.value = JSON.stringify(credential.toJSON());
  form.submit();
}

function refuse(form, error) {
  const cancelled = "It was cancelled, took too long, or there is one already. Try again.";
  const address = "Passkeys need the site’s name and HTTPS: they do not work at this address.";
  if (error.name === "SecurityError") tell(form, address);
  else tell(form, error.name === "Error" ? error.message : cancelled);
}

function tell(form, text) {
  form.querySelector("[data-told]").textContent = text;
}
