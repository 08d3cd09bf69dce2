/** Changes a trigger: its topic, how that is meant, the fields of the event, what starts and with which arguments. */

import { useEffect, useRef, useState } from "preact/hooks";

import { fieldsOf, kindText } from "../../shared/schema.js";
import { sentence } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { tasks } from "../data/directory.js";
import { bahn } from "../data/live.js";
import { DraftError } from "../text/schedule-draft.js";
import { triggerChanges, triggerDraft } from "../text/trigger-draft.js";
import { Problem } from "./note.js";
import { byWho } from "./schedule-dialogs.js";
import { SelectField, TextField } from "./schedule-when-fields.js";
import { WhoField } from "./who-field.js";

/**
 * @typedef {import("../../client/triggers.js").TriggerView} TriggerView
 * @typedef {import("../text/trigger-draft.js").Draft} Draft
 */

const MATCHES = [
  { value: "exact", text: "exact: this topic" },
  { value: "prefix", text: "prefix: all that begin so" },
  { value: "wildcard", text: "wildcard: an empty component is any" },
];

/** @param {{trigger: TriggerView, leave: string, onDone: () => void}} props  leave: a hash */
export function TriggerForm({ trigger, leave, onDone }) {
  const [draft, setDraft] = useState(() => triggerDraft(trigger));
  const [wrong, setWrong] = useState({ field: "", why: "" });
  const [isSending, setSending] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => tasks.open(), []);
  const change = (/** @type {string} */ name, /** @type {string} */ value) => setDraft((before) => ({ ...before, [name]: value }));
  const send = async () => {
    setWrong({ field: "", why: "" });
    setSending(true);
    try {
      const changes = triggerChanges(draft, trigger);
      if (Object.keys(changes).length) await bahn.triggers.edit(trigger.id, changes, byWho());
      onDone();
    } catch (error) {
      const field = error instanceof DraftError ? error.field : "";
      setWrong({ field, why: sentence(error) });
      if (field) form.current?.querySelector(/** @type {"input"} */ (`#schedule-${field}`))?.focus();
    }
    setSending(false);
  };
  const submit = (/** @type {globalThis.Event} */ event) => {
    event.preventDefault();
    if (!isSending) void send();
  };
  const text = (/** @type {string} */ name, /** @type {string} */ label, /** @type {Record<string, unknown>} */ more = {}) =>
    html`<${TextField} key=${name} name=${name} label=${label} value=${draft[name]} change=${change} problem=${wrong.field === name ? wrong.why : ""} ...${more} />`;
  return html`<form class="schedule-form trigger-form" ref=${form} onSubmit=${submit} noValidate aria-label="Change ${trigger.id}">
    <section class="panel" aria-label="Waits for">
      <h2>Waits for</h2>
      ${trigger.kind === "topic" && html`${text("topic", "Topic")}<${SelectField} name="match" label="Match" value=${draft.match} change=${change} options=${MATCHES} />`}
      ${text("where", "Where", { kind: "a JSON object, optional", rows: 3, placeholder: '{"country": "DE"}', note: "Fields that the event has, with these values; other events start nothing." })}
    </section>
    <section class="panel" aria-label="What it starts">
      <h2>What it starts</h2>
      ${draft.what === "flow" ? text("flow", "Flow as JSON", { rows: 8, note: templatesNote(trigger.kind) }) : html`<${Call} kind=${trigger.kind} draft=${draft} change=${change} text=${text} />`}
    </section>
    <section class="panel" aria-label="Beside it">
      ${text("note", "Note", { kind: "optional", note: "Shown in the list." })}
      <${WhoField} id="schedule-who" note="Shown as who changed it." />
    </section>
    ${wrong.why && !wrong.field && html`<${Problem}>${wrong.why}<//>`}
    <div class="form-actions">
      <button class="primary" aria-disabled=${isSending}>Save</button>
      <a class="button" href=${leave}>Leave it</a>
    </div>
  </form>`;
}

/** @param {string} kind */
function templatesNote(kind) {
  return kind === "hook" ? html`Texts may have <code>{body}</code>, <code>{headers.x-github-event}</code>, <code>{name}</code>, <code>{id}</code>, and parts of them.`
    : html`Texts may have <code>{event}</code>, <code>{args.0}</code>, <code>{kwargs.day}</code>, <code>{topic}</code>, <code>{id}</code>, and parts of them.`;
}

/** @param {{kind: string, draft: Draft, change: (name: string, value: string) => void, text: (name: string, label: string, more?: Record<string, unknown>) => any}} props */
function Call({ kind, draft, change, text }) {
  const known = tasks.entries.value ?? [];
  const task = known.find(({ name }) => name === draft.task.trim());
  const takes = task?.signature ? fieldsOf(task.signature).map((field) => `${field.name} (${kindText(field)})`).join(", ") : "";
  const choices = [["event", kind === "hook" ? "The body as it is" : "The event as it is"], ["mapping", "These arguments"]];
  return html`${text("task", "Task", { list: "schedule-tasks", note: task && (takes ? `Takes ${takes}.` : "Takes no arguments.") })}
    <datalist id="schedule-tasks">${known.map(({ name }) => html`<option key=${name} value=${name} />`)}</datalist>
    <fieldset class="choice-field"><legend>The task gets</legend><div class="choice">
      ${choices.map(([value, said]) => html`<label key=${value}><input type="radio" name="trigger-gets" value=${value} checked=${draft.gets === value} onChange=${() => change("gets", value)} />${said}</label>`)}
    </div></fieldset>
    ${draft.gets === "mapping" && html`
      ${text("args", "Arguments", { kind: "a JSON list, optional", rows: 2, placeholder: '["{event.day}"]', note: templatesNote(kind) })}
      ${text("kwargs", "Named arguments", { kind: "a JSON object, optional", rows: 4, placeholder: '{"day": "{event.day}"}' })}`}`;
}
