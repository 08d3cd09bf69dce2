/** A structured error: what, why, where, and what caused it. */

import { html } from "../html.js";

/** @typedef {import("../../client/wire.js").Failure} Failure */

/** @param {{error: Failure}} props */
export function FailureView({ error }) {
  const { type, message, traceback, cause, notes = [] } = error;
  return html`<div class="failure">
    <p class="failure-what"><b>${type || "Error"}</b>${message && html`<span>${message}</span>`}</p>
    ${notes.map((note) => html`<p class="failure-note">${note}</p>`)}
    ${traceback && html`<pre class="traceback" tabindex="0" aria-label="Traceback">${traceback}</pre>`}
    ${cause && html`<${Cause} cause=${cause} hasTraceback=${Boolean(traceback)} />`}
  </div>`;
}

/** A traceback tells its causes itself. @param {{cause: Failure | string, hasTraceback: boolean}} props */
function Cause({ cause, hasTraceback }) {
  if (hasTraceback && typeof cause !== "string" && !cause.traceback) return null;
  const inner = typeof cause === "string" ? { message: cause } : cause;
  return html`<details class="fold"><summary>Caused by ${inner.type ?? "another error"}</summary><${FailureView} error=${inner} /></details>`;
}
