/** What may be done with a trigger: pause it, resume it, change it, delete it; the last three ask before. */

import { useState } from "preact/hooks";

import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, link } from "../core/route.js";
import { bahn, now } from "../data/live.js";
import { schedulePauseText } from "../text/schedule-text.js";
import { Ask } from "./ask.js";
import { byWho, PauseDialog } from "./schedule-dialogs.js";

/**
 * @typedef {import("../../client/triggers.js").TriggerView} TriggerView
 * @typedef {{trigger: TriggerView, onDone: (said: string) => void, onClose: () => void}} DialogProps
 * @typedef {keyof typeof DIALOGS} Action
 */

const DIALOGS = { pause: Pause, resume: Resume, remove: Remove };

/**
 * What opens a question, and what is shown: the question, and what was done last.
 * @param {TriggerView} trigger
 * @param {() => void} onChanged
 */
export function useTriggerActions(trigger, onChanged) {
  const [asked, ask] = useState(/** @type {Action | null} */ (null));
  const [said, say] = useState("");
  const done = (/** @type {string} */ text) => {
    if (asked === "remove") return go(link("triggers"));
    say(text);
    return onChanged();
  };
  const open = (/** @type {Action} */ name) => {
    say("");
    ask(name);
  };
  const Dialog = asked && DIALOGS[asked];
  const shown = html`<p class="said" role="status">${said}</p>
    ${Dialog && html`<${Dialog} trigger=${trigger} onDone=${done} onClose=${() => ask(null)} />`}`;
  return { open, shown };
}

/** @param {{trigger: TriggerView, open: (name: Action) => void}} props */
export function TriggerButtons({ trigger: { id, pause, declared }, open }) {
  const toggle = pause ? "resume" : "pause";
  const edit = link("triggers", id, { edit: "yes" });
  useKeys(isReadOnly ? {} : {
    p: [() => open(toggle), "Pause the trigger, or resume it"],
    e: [() => go(edit), "Edit the trigger"],
  });
  if (isReadOnly) return null;
  return html`<p class="actions">
    <button aria-haspopup="dialog" onClick=${() => open(toggle)}>${pause ? "Resume" : "Pause"}</button>
    <a class="button" href=${edit}>Edit</a>
    ${(!declared || pause?.orphaned) && html`<button class="danger" aria-haspopup="dialog" onClick=${() => open("remove")}>Delete</button>`}
  </p>`;
}

/** @param {DialogProps} props */
function Pause({ trigger, onDone, onClose }) {
  const meanwhile = trigger.kind === "hook" ? "Its hook answers 503 meanwhile, so senders try again later." : "Events start nothing by it meanwhile. Those in between are not caught up.";
  return html`<${PauseDialog} schedule=${trigger} kept=${bahn.triggers} meanwhile=${meanwhile} onDone=${onDone} onClose=${onClose} />`;
}

/** @param {DialogProps} props */
function Resume({ trigger: { id, pause }, onDone, onClose }) {
  const resume = async () => {
    await bahn.triggers.resume(id, byWho());
    onDone(`${id} is resumed.`);
  };
  return html`<${Ask} title="Resume ${id}?" verb="Resume" onYes=${resume} onClose=${onClose}>
    <p class="muted pause-reason">${pause ? `Paused ${schedulePauseText(pause, now.value)}` : "It is not paused any more."}</p>
    <p class="muted">${pause?.orphaned ? "From then on it is one that was made at run time." : "The next event starts a job again."}</p>
  <//>`;
}

/** @param {DialogProps} props */
function Remove({ trigger: { id, kind, spec }, onDone, onClose }) {
  const remove = async () => {
    await bahn.triggers.delete(id, byWho());
    onDone("");
  };
  return html`<${Ask} title="Delete ${id}?" verb="Delete" onYes=${remove} onClose=${onClose}>
    <p class="muted">The jobs that it started stay.${kind === "hook" && ` Requests to /hooks/${spec.name} are answered with 404, unless another trigger has that hook.`}</p>
  <//>`;
}
