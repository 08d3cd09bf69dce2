/** What is shown instead of all pages as long as the node does not know who is here. */

import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../core/html.js";
import { logIn } from "../data/session.js";

export function Login() {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Log in · Taskbahn";
    field.current?.focus();
  }, []);
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (!token || isBusy) return;
    setBusy(true);
    setProblem(await logIn(token));
    setBusy(false);
  };
  return html`<main id="main" class="login" tabindex="-1">
    <h1>Log in to Taskbahn</h1>
    <form onSubmit=${send}>
      <label for="token">API token</label>
      <input id="token" ref=${field} type="password" name="token" autocomplete="current-password" spellcheck="false" aria-describedby="token-help" aria-invalid=${problem !== ""} />
      <p id="token-help" class="muted">Of an admin, an operator or a viewer. An admin makes one with <code>taskbahn token create NAME --role operator</code>.</p>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <button class="primary" disabled=${isBusy}>${isBusy ? "Logging in …" : "Log in"}</button>
    </form>
  </main>`;
}
