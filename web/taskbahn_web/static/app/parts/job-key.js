/** That a job is encrypted, by which key, and a field for that key; or that this page has it. */

import { useState } from "preact/hooks";

import { keyOf } from "../../client/revealing.js";
import { html } from "../core/html.js";
import { forgetKeys, giveKey, keysVersion, ring } from "../data/keyring.js";

/** @param {{job: import("../../client/wire.js").JobView}} props */
export function JobKey({ job }) {
  void keysVersion.value; // drawn again with it
  const locked = keyOf({ args: job.args, calls: job.calls });
  if (locked) return html`<${Locked} name=${locked} isWrong=${ring.has(locked)} />`;
  if (!job.encrypted_by) return null;
  return html`<p class="facts-line job-key">
    <span>Decrypted in this page, by key <b>${job.encrypted_by}</b>. The node has ciphertext only.</span>
    <button type="button" class="quiet" onClick=${forgetKeys}>Forget the key</button>
  </p>`;
}

/** @param {{name: string, isWrong: boolean}} props  isWrong: there is a key of that name, and it does not fit */
function Locked({ name, isWrong }) {
  const [problem, setProblem] = useState("");
  const shown = problem || (isWrong ? `The key that you gave does not fit: it is another one, or what is shown here was changed.` : "");
  const send = (/** @type {SubmitEvent & {currentTarget: HTMLFormElement}} */ event) => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get("key") ?? "");
    if (key.trim()) setProblem(giveKey(name, key));
  };
  return html`<form class="panel job-key" onSubmit=${send} aria-label="Key ${name}">
    <p><b>Encrypted with key ${name}.</b> <span class="muted">The node has only ciphertext. Give the key to read it here.</span></p>
    <div class="job-key-field">
      <input type="password" name="key" aria-label="Key ${name}" placeholder="Key ${name}, as base64" autocomplete="off" spellcheck="false" aria-invalid=${shown !== ""} aria-describedby="job-key-help" />
      <button class="primary">Read it</button>
    </div>
    ${shown && html`<p class="problem" role="alert">${shown}</p>`}
    <p id="job-key-help" class="muted">It stays in the memory of this page until you leave or load it again. It is sent nowhere.</p>
  </form>`;
}
