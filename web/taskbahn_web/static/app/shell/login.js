/** What is shown instead of all pages as long as the node does not know who is here. */

import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../core/html.js";
import { logIn, loginNotice, loginWays } from "../data/session.js";

const WAY = "taskbahn.login.way"; // the way that this browser took last

export function Login() {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [byToken, setByToken] = useState(() => localStorage.getItem(WAY) === "token");
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [company, setCompany] = useState("");
  useEffect(() => void loginWays().then((ways) => setCompany(ways.company ?? "")), []);
  useEffect(() => void (document.title = "Log in · Taskbahn"), []);
  useEffect(() => form.current?.querySelector("input")?.focus(), [byToken]);
  const choose = (/** @type {boolean} */ token) => {
    setProblem("");
    setByToken(token);
  };
  const send = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const [token, name, password] = ["token", "name", "password"].map((field) => String(given.get(field) ?? ""));
    if (isBusy || (byToken ? !token.trim() : !name.trim() || !password)) return;
    localStorage.setItem(WAY, byToken ? "token" : "password");
    setBusy(true);
    setProblem(await logIn(byToken ? { token: token.trim() } : { name: name.trim(), password }));
    setBusy(false);
  };
  return html`<main id="main" class="login" tabindex="-1">
    <h1>Log in to Taskbahn</h1>
    <form ref=${form} onSubmit=${send}>
      ${company && html`<a class="button primary" href="/login/oidc">Log in with ${company}</a><p class="login-or muted">or</p>`}
      ${loginNotice.value && !problem && html`<p role="status">${loginNotice.value}</p>`}
      <div class="tabs" role="group" aria-label="How you log in">
        <button type="button" aria-pressed=${!byToken} onClick=${() => choose(false)}>Name and password</button>
        <button type="button" aria-pressed=${byToken} onClick=${() => choose(true)}>API token</button>
      </div>
      ${byToken ? html`<${TokenField} isWrong=${problem !== ""} />` : html`<${UserFields} isWrong=${problem !== ""} />`}
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <button class=${company ? "" : "primary"} disabled=${isBusy}>${isBusy ? "Logging in …" : "Log in"}</button>
    </form>
  </main>`;
}

/** @param {{isWrong: boolean}} props */
function UserFields({ isWrong }) {
  return html`<div class="login-field">
      <label for="name">Name</label>
      <input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck=${false} aria-invalid=${isWrong} />
    </div>
    <div class="login-field">
      <label for="password">Password</label>
      <input id="password" type="password" name="password" autocomplete="current-password" aria-invalid=${isWrong} />
    </div>`;
}

/** @param {{isWrong: boolean}} props */
function TokenField({ isWrong }) {
  return html`<div class="login-field">
    <label for="token">Token</label>
    <input id="token" type="password" name="token" autocomplete="off" spellcheck=${false} aria-describedby="token-help" aria-invalid=${isWrong} />
    <p id="token-help" class="muted">Of an admin, an operator or a viewer. An admin makes one with <code>taskbahn token create NAME --role operator</code>.</p>
  </div>`;
}
