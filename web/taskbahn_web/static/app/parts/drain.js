/** Have a worker take no new jobs, or take them again: asks, does it, and says what it did. */

import { useState } from "preact/hooks";

import { ADMIN_DRAIN } from "../../client/wire.js";
import { isReadOnly } from "../core/access.js";
import { count } from "../../shared/format.js";
import { html } from "../core/html.js";
import { nameShown } from "../core/who.js";
import { bahn } from "../data/live.js";
import { Ask } from "./ask.js";

/** @typedef {import("../../client/wire.js").WorkerView} WorkerView */

/** @param {{worker: WorkerView, onDone: (said: string) => void}} props  onDone: gets a sentence that says what was done */
export function DrainButton({ worker, onDone }) {
  const [isAsking, ask] = useState(false);
  if (isReadOnly) return null;
  return html`<button class="quiet drain" aria-haspopup="dialog" onClick=${() => ask(true)}>${worker.drained ? "Take jobs again" : "Drain"}<span class="unseen"> ${worker.id}</span></button>
    ${isAsking && html`<${Question} worker=${worker} onDone=${onDone} onClose=${() => ask(false)} />`}`;
}

/** @param {{worker: WorkerView, onDone: (said: string) => void, onClose: () => void}} props */
function Question({ worker: { id, running, drained = false }, onDone, onClose }) {
  const title = drained ? `Have ${id} take jobs again?` : `Drain ${id}?`;
  const send = async () => onDone(drainSentence(await bahn.ask(ADMIN_DRAIN, [id, !drained], { who: nameShown() })));
  return html`<${Ask} title=${title} verb=${drained ? "Take jobs again" : "Drain"} onYes=${send} onClose=${onClose}>
    <p class="muted">${
      drained ? "It gets new jobs at once."
      : `It gets no new jobs and stays attached. ${running ? `The ${running === 1 ? "one" : count(running, "job")} that it runs may finish.` : "It runs none now."}`
    }</p>
  <//>`;
}

/** @param {WorkerView} worker */
function drainSentence({ id, drained, running }) {
  if (!drained) return `${id} takes jobs again.`;
  return `${id} takes no new jobs${running ? `; ${count(running, "job")} still ${running === 1 ? "runs" : "run"}` : ""}.`;
}
