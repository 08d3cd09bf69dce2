/** A structured error: what, why, where, what caused it, and how its process died if that is what happened. */

import { count, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { splitTraceback } from "../text/traceback.js";
import { plainText } from "../../shared/plain-text.js";
import { CopyButton } from "./copy-button.js";

/**
 * @typedef {import("../../client/wire.js").Failure} Failure
 * @typedef {{signal?: string | number, exit_code?: number, peak_memory?: number}} Crash  what else an error says if its process died
 */

/** @param {{error: Failure}} props */
export function FailureView({ error }) {
  const { type, message, traceback, cause, notes = [], reason } = error;
  return html`<div class="failure">
    <p class="failure-what"><b>${type || "Error"}</b>${message && html`<span>${plainText(message)}</span>`}</p>
    ${reason && html`<p class="failure-note">Not tried again: ${reason}.</p>`}
    ${notes.map((note) => html`<p class="failure-note">${plainText(note)}</p>`)}
    <${CrashFacts} crash=${error} />
    ${traceback && html`<${Traceback} text=${traceback} />`}
    ${cause && html`<${Cause} cause=${cause} hasTraceback=${Boolean(traceback)} />`}
  </div>`;
}

/** @param {{crash: Crash}} props */
function CrashFacts({ crash: { signal, exit_code, peak_memory } }) {
  if (signal === undefined && exit_code === undefined) return null;
  return html`<dl class="crash">
    ${signal !== undefined && html`<div><dt>Signal</dt><dd>${signal}</dd></div>`}
    ${exit_code !== undefined && html`<div><dt>Exit code</dt><dd>${exit_code}</dd></div>`}
    ${peak_memory !== undefined && html`<div><dt>Memory at most</dt><dd>${number(peak_memory / 2 ** 20)} MiB</dd></div>`}
  </dl>`;
}

/** @param {{text: string}} props */
function Traceback({ text }) {
  return html`<div class="value-box">
    <div class="traceback" tabindex="0" role="group" aria-label="Traceback">
      ${splitTraceback(plainText(text)).map((run, index) =>
        run.isFolded
          ? html`<details key=${index}><summary>${count(run.frames, "frame")} of libraries</summary><pre>${run.text}</pre></details>`
          : html`<pre key=${index}>${run.text}</pre>`,
      )}
    </div>
    <${CopyButton} text=${text} what="the traceback" />
  </div>`;
}

/** A traceback tells its causes itself. @param {{cause: Failure | string, hasTraceback: boolean}} props */
function Cause({ cause, hasTraceback }) {
  if (hasTraceback && typeof cause !== "string" && !cause.traceback) return null;
  const inner = typeof cause === "string" ? { message: cause } : cause;
  return html`<details class="fold"><summary>Caused by ${inner.type ?? "another error"}</summary><${FailureView} error=${inner} /></details>`;
}
