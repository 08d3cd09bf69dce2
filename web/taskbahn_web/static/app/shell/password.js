/** A user gives itself another password. */

import { useState } from "preact/hooks";

import { html } from "../core/html.js";
import { changePassword } from "../data/session.js";
import { Ask } from "../parts/ask.js";

/** @param {{name: string}} props  name: of the user */
export function PasswordButton({ name }) {
  const [isAsking, ask] = useState(false);
  return html`<button class="plain" aria-haspopup="dialog" onClick=${() => ask(true)}>Password</button>
    ${isAsking && html`<${Question} name=${name} onClose=${() => ask(false)} />`}`;
}

/** @param {{name: string, onClose: () => void}} props */
function Question({ name, onClose }) {
  const [typed, setTyped] = useState({ old: "", password: "", again: "" });
  const send = async () => {
    if (typed.password !== typed.again) throw new Error("the two new passwords are not the same");
    await changePassword(typed.old, typed.password);
  };
  const field = (/** @type {"old" | "password" | "again"} */ key, /** @type {string} */ label) => html`<div class="field">
    <label for="password-${key}">${label}</label>
    <input
      id="password-${key}" type="password" required autocomplete=${key === "old" ? "current-password" : "new-password"} value=${typed[key]}
      onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => setTyped({ ...typed, [key]: currentTarget.value })}
    />
  </div>`;
  return html`<${Ask} title="Change the password of ${name}" verb="Change the password" onYes=${send} onClose=${onClose}>
    <p class="muted">All your logins end, this one too.</p>
    <div class="ask-fields">
      ${field("old", "Old password")} ${field("password", "New password, of 10 characters at least")} ${field("again", "The new one again")}
    </div>
  <//>`;
}
