/** Makes a trigger, or changes one: its topic or its hook, the fields of the event, what starts and with which arguments. */

import { useEffect, useRef, useState } from "preact/hooks";

import { fieldsOf, kindText } from "../../shared/schema.js";
import { sentence } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { tasks } from "../data/directory.js";
import { bahn } from "../data/live.js";
import { DraftError } from "../text/schedule-draft.js";
import { refusedField, triggerChanges, triggerDraft } from "../text/trigger-draft.js";
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

const SCHEMES = ["github", "stripe", "slack", "standard", "hmac"].map((value) => ({ value, text: value }));

const REPEATS = [
  { value: "id", text: "id: of the delivery, which its sender gives it" },
  { value: "body", text: "body: the same body is the same request" },
];

/** @typedef {(name: string, label: string, more?: Record<string, unknown>) => any} Text  a field of text */

/** @param {{trigger?: TriggerView, leave: string, onDone: (id: string) => void}} props  trigger: which is changed, missing for a new one; leave: a hash */
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
      onDone(await save(draft, trigger));
    } catch (error) {
      const field = error instanceof DraftError ? error.field : refusedField(error, draft);
      setWrong({ field, why: sentence(error) });
      if (field) form.current?.querySelector(/** @type {"input"} */ (`#schedule-${field}`))?.focus();
    }
    setSending(false);
  };
  const submit = (/** @type {globalThis.Event} */ event) => {
    event.preventDefault();
    if (!isSending) void send();
  };
  /** @type {Text} */
  const text = (name, label, more = {}) =>
    html`<${TextField} key=${name} name=${name} label=${label} value=${draft[name]} change=${change} problem=${wrong.field === name ? wrong.why : ""} ...${more} />`;
  return html`<form class="schedule-form trigger-form" ref=${form} onSubmit=${submit} noValidate aria-label=${trigger ? `Change ${trigger.id}` : "A new trigger"}>
    <section class="panel" aria-label="Waits for">
      <h2>Waits for</h2>
      ${!trigger && html`${text("id", "Id", { placeholder: "orders.shipped", note: "Letters, digits, _ . : and -" })}
        <${Choice} legend="Its events are" name="kind" value=${draft.kind} change=${change} choices=${[["topic", "Events of a topic"], ["hook", "Requests of another service"]]} />`}
      ${draft.kind === "topic"
        ? html`${text("topic", "Topic", { placeholder: "orders.created" })}<${SelectField} name="match" label="Match" value=${draft.match} change=${change} options=${MATCHES} />`
        : html`<${Hook} draft=${draft} change=${change} text=${text} />`}
      ${text("where", "Where", { kind: "a JSON object, optional", rows: 3, placeholder: '{"country": "DE"}', note: "Fields that the event has, with these values; other events start nothing." })}
    </section>
    <section class="panel" aria-label="What it starts">
      <h2>What it starts</h2>
      <${Choice} legend="What it starts" isUnseen name="what" value=${draft.what} change=${change} choices=${[["task", "A task"], ["flow", "A flow"]]} />
      ${draft.what === "flow" ? text("flow", "Flow as JSON", { rows: 8, placeholder: '{"chain": [{"task": "a.b", "args": ["{event.day}"]}, {"task": "a.c"}]}', note: templatesNote(draft.kind) }) : html`<${Call} draft=${draft} change=${change} text=${text} />`}
    </section>
    <section class="panel" aria-label="Beside it">
      ${text("note", "Note", { kind: "optional", note: "Shown in the list." })}
      <${WhoField} id="schedule-who" note="Shown as who changed it." />
    </section>
    ${wrong.why && !wrong.field && html`<${Problem}>${wrong.why}<//>`}
    <div class="form-actions">
      <button class="primary" aria-disabled=${isSending}>${trigger ? "Save" : "Create"}</button>
      <a class="button" href=${leave}>Leave it</a>
    </div>
  </form>`;
}

/** @param {Draft} draft @param {TriggerView} [trigger] @returns {Promise<string>}  its id */
async function save(draft, trigger) {
  const fields = triggerChanges(draft, trigger);
  if (trigger) {
    if (Object.keys(fields).length) await bahn.triggers.edit(trigger.id, fields, byWho());
    return trigger.id;
  }
  const id = draft.id.trim();
  if (!id) throw new DraftError("id", "choose an id, such as orders.shipped");
  const known = await bahn.triggers.get(id).catch(() => null); // an id that cannot be one is refused below
  if (known) throw new DraftError("id", `there is a trigger ${id} already: choose another id, or edit that one`);
  const { topic, name, start, ...options } = fields;
  if (draft.kind === "hook") await bahn.triggers.createHook(id, name, start, { ...options, ...byWho() });
  else await bahn.triggers.create(id, topic, start, { ...options, ...byWho() });
  return id;
}

/** @param {{legend: string, isUnseen?: boolean, name: string, value: string, change: (name: string, value: string) => void, choices: string[][]}} props */
function Choice({ legend, isUnseen = false, name, value, change, choices }) {
  return html`<fieldset class="choice-field"><legend class=${isUnseen ? "unseen" : ""}>${legend}</legend><div class="choice">
    ${choices.map(([one, said]) => html`<label key=${one}><input type="radio" name="trigger-${name}" value=${one} checked=${value === one} onChange=${() => change(name, one)} />${said}</label>`)}
  </div></fieldset>`;
}

/** The fields of a hook. @param {{draft: Draft, change: (name: string, value: string) => void, text: Text}} props */
function Hook({ draft, change, text }) {
  return html`${text("name", "Name", { placeholder: "github", note: html`Services send to <code>${location.origin}/hooks/${draft.name.trim() || "NAME"}</code>` })}
    <div class="form-pair">
      <${SelectField} name="scheme" label="Scheme" value=${draft.scheme} change=${change} options=${SCHEMES} note="How the sender signs." />
      ${text("secret", "Secret", { placeholder: "env:GITHUB_SECRET", note: "env: and a variable of the node's environment." })}
      ${(draft.scheme === "hmac" || draft.header) && text("header", "Header", { placeholder: "x-signature", note: "That has the signature." })}
      <${SelectField} name="repeats" label="Repetitions" value=${draft.repeats} change=${change} options=${REPEATS} note="By what a request is known that comes again." />
      ${text("per_second", "A second", { note: "Requests that it takes; the sender tries others again later." })}
    </div>`;
}

/** @param {string} kind */
function templatesNote(kind) {
  return kind === "hook" ? html`Texts may have <code>{body}</code>, <code>{headers.x-github-event}</code>, <code>{name}</code>, <code>{id}</code>, and parts of them.`
    : html`Texts may have <code>{event}</code>, <code>{args.0}</code>, <code>{kwargs.day}</code>, <code>{topic}</code>, <code>{id}</code>, and parts of them.`;
}

/** @param {{draft: Draft, change: (name: string, value: string) => void, text: Text}} props */
function Call({ draft, change, text }) {
  const { kind } = draft;
  const known = tasks.entries.value ?? [];
  const task = known.find(({ name }) => name === draft.task.trim());
  const takes = task?.signature ? fieldsOf(task.signature).map((field) => `${field.name} (${kindText(field)})`).join(", ") : "";
  const choices = [["event", kind === "hook" ? "The body as it is" : "The event as it is"], ["mapping", "These arguments"]];
  return html`${text("task", "Task", { list: "schedule-tasks", placeholder: "orders.report", note: task && (takes ? `Takes ${takes}.` : "Takes no arguments.") })}
    <datalist id="schedule-tasks">${known.map(({ name }) => html`<option key=${name} value=${name} />`)}</datalist>
    <${Choice} legend="The task gets" name="gets" value=${draft.gets} change=${change} choices=${choices} />
    ${draft.gets === "mapping" && html`
      ${text("args", "Arguments", { kind: "a JSON list, optional", rows: 2, placeholder: kind === "hook" ? '["{body.ref}"]' : '["{event.day}"]', note: templatesNote(kind) })}
      ${text("kwargs", "Named arguments", { kind: "a JSON object, optional", rows: 4, placeholder: kind === "hook" ? '{"ref": "{body.ref}"}' : '{"day": "{event.day}"}' })}`}`;
}
