/** Makes a schedule, or changes one: its times with what they mean while the reader types, what it starts, and how it fires. */

import { useEffect, useRef, useState } from "preact/hooks";

import { fieldsOf, kindText } from "../../shared/schema.js";
import { sentence } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { tasks } from "../data/directory.js";
import { bahn, now } from "../data/live.js";
import { useSchedulePreview } from "../data/schedule-preview.js";
import { ago } from "../../shared/format.js";
import { timeIn } from "../text/local-times.js";
import { changesOf, DraftError, draftOf } from "../text/schedule-draft.js";
import { OVERLAPS } from "../text/schedule-fields.js";
import { Problem } from "./note.js";
import { byWho } from "./schedule-dialogs.js";
import { SelectField, TextField, WhenFields } from "./schedule-when-fields.js";
import { WhoField } from "./who-field.js";

/**
 * @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView
 * @typedef {import("../text/schedule-draft.js").Draft} Draft
 * @typedef {import("../data/schedule-preview.js").Preview} Preview
 * @typedef {(name: string, value: string) => void} Change
 * @typedef {Record<string, string>} Problems  by the names of fields
 */

/** @param {{schedule?: ScheduleView, leave: string, onDone: (id: string) => void}} props  schedule: which is changed, missing for a new one; leave: a hash */
export function ScheduleForm({ schedule, leave, onDone }) {
  const [draft, setDraft] = useState(() => draftOf(schedule));
  const [problems, setProblems] = useState(/** @type {Problems} */ ({}));
  const [failure, setFailure] = useState("");
  const [isSending, setSending] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const preview = useSchedulePreview(draft);
  useEffect(() => tasks.open(), []);
  const change = (/** @type {string} */ name, /** @type {string} */ value) => setDraft((before) => ({ ...before, [name]: value }));
  const send = async () => {
    setProblems({});
    setFailure("");
    setSending(true);
    try {
      onDone(await save(draft, schedule));
    } catch (error) {
      if (error instanceof DraftError) setProblems({ [error.field]: sentence(error) });
      else setFailure(sentence(error));
      const field = error instanceof DraftError ? error.field : preview.field;
      form.current?.querySelector(/** @type {"input"} */ (`#schedule-${field || "line"}`))?.focus();
    }
    setSending(false);
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isSending) void send();
  };
  const problemOf = (/** @type {string} */ name) => problems[name] ?? "";
  return html`<form class="schedule-form" ref=${form} onSubmit=${submit} noValidate aria-label=${schedule ? `Change ${schedule.id}` : "A new schedule"}>
    <div class="split split-job">
      <div class="work">
        <section class="panel" aria-label="Times">
          ${!schedule && html`<${TextField} name="id" label="Id" value=${draft.id} change=${change} problem=${problemOf("id")} placeholder="reports.nightly" note="Letters, digits, _ . : and -" />`}
          <${WhenFields} draft=${draft} change=${change} preview=${preview} />
          <${Meaning} preview=${preview} />
        </section>
        <section class="panel" aria-label="What it starts"><h2>What it starts</h2><${CallFields} draft=${draft} change=${change} problemOf=${problemOf} /></section>
        <section class="panel" aria-label="How it fires"><h2>How it fires</h2><${OptionFields} draft=${draft} change=${change} problemOf=${problemOf} /></section>
        ${failure && html`<${Problem}>${failure}<//>`}
        <div class="form-actions">
          <button class="primary" aria-disabled=${isSending}>${schedule ? "Save" : "Create"}</button>
          <a class="button" href=${leave}>Leave it</a>
        </div>
      </div>
      <div class="about"><${Times} preview=${preview} /></div>
    </div>
  </form>`;
}

/** @param {Draft} draft @param {ScheduleView} [schedule] @returns {Promise<string>}  its id */
async function save(draft, schedule) {
  const { when, flow, ...options } = changesOf(draft, schedule);
  if (schedule) {
    if (when || flow || Object.keys(options).length) await bahn.schedules.edit(schedule.id, { ...(when && { when }), ...(flow && { flow }), ...options }, byWho());
    return schedule.id;
  }
  const id = draft.id.trim();
  if (!/^[A-Za-z0-9_.:-]{1,200}$/.test(id)) throw new DraftError("id", "an id has 1 to 200 letters, digits, '_', '.', ':' and '-'");
  const known = await bahn.schedules.get(id).catch(() => null);
  if (known) throw new DraftError("id", `there is a schedule ${id} already: choose another id, or edit that one`);
  await bahn.schedules.create(id, /** @type {any} */ (when), /** @type {any} */ (flow), { ...options, ...byWho() });
  return id;
}

/** What the times mean, in a sentence. @param {{preview: Preview}} props */
function Meaning({ preview: { times } }) {
  const next = times?.times[0];
  return html`<p class="meaning" role="status">${times && html`<b>${times.words}</b>${next !== undefined && html`; next: ${timeIn(next, times.zone)}, ${ago(next, now.value)}`}`}</p>`;
}

/** @param {{preview: Preview}} props */
function Times({ preview: { times } }) {
  return html`<section class="panel" aria-label="Next times">
    <h2>Next times${times && html` <small class="muted">${times.zone}</small>`}</h2>
    ${!times && html`<p class="muted">They come here when the times are right.</p>`}
    <ol class="next-times">${times?.times.map((time) => html`<li key=${time}><time>${timeIn(time, times.zone)}</time><span class="muted">${ago(time, now.value)}</span></li>`)}</ol>
  </section>`;
}

/** @param {{draft: Draft, change: Change, problemOf: (name: string) => string}} props */
function CallFields({ draft, change, problemOf }) {
  const known = tasks.entries.value ?? [];
  const task = known.find(({ name }) => name === draft.task.trim());
  const fields = task?.signature ? fieldsOf(task.signature) : [];
  const takes = fields.map((field) => `${field.name} (${kindText(field)})`).join(", ");
  const example = JSON.stringify(Object.fromEntries(fields.filter(({ isRequired }) => isRequired).map(({ name, example: value }) => [name, value])));
  const note = html`Texts may have <code>{@due}</code> and <code>{@last_success}</code>, with a format as in <code>{@due:%Y-%m-%d}</code>.`;
  return html`<fieldset class="choice-field"><legend class="unseen">What it starts</legend><div class="choice">
      ${[["task", "A task"], ["flow", "A flow"]].map(([value, text]) => html`<label key=${value}><input type="radio" name="schedule-what" value=${value} checked=${draft.what === value} onChange=${() => change("what", value)} />${text}</label>`)}
    </div></fieldset>
    ${draft.what === "flow" && html`<${TextField} name="flow" label="Flow as JSON" rows=${8} value=${draft.flow} change=${change} problem=${problemOf("flow")} placeholder=${'{"chain": [{"task": "a.b"}, {"task": "a.c"}]}'} note=${note} />`}
    ${draft.what === "task" && html`
      <${TextField} name="task" label="Task" list="schedule-tasks" value=${draft.task} change=${change} problem=${problemOf("task")} placeholder="reports.make" note=${task && (takes ? `Takes ${takes}.` : "Takes no arguments.")} />
      <datalist id="schedule-tasks">${known.map(({ name }) => html`<option key=${name} value=${name} />`)}</datalist>
      <${TextField} name="args" label="Arguments" kind="a JSON list, optional" rows=${2} value=${draft.args} change=${change} problem=${problemOf("args")} placeholder=${'["{@due:%Y-%m-%d}"]'} note=${note} />
      <${TextField} name="kwargs" label="Named arguments" kind="a JSON object, optional" rows=${2} value=${draft.kwargs} change=${change} problem=${problemOf("kwargs")} placeholder=${example === "{}" ? '{"copies": 2}' : example} />`}`;
}

/** @param {{draft: Draft, change: Change, problemOf: (name: string) => string}} props */
function OptionFields({ draft, change, problemOf }) {
  const text = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ note, type = "text") =>
    html`<${TextField} key=${name} name=${name} label=${label} kind="optional" type=${type} value=${draft[name]} change=${change} problem=${problemOf(name)} note=${note} />`;
  const overlap = OVERLAPS.find(({ value }) => value === draft.overlap);
  return html`
    <${SelectField} name="overlap" label="Overlap" value=${draft.overlap} change=${change} options=${OVERLAPS} note="A due time while the last job has not ended: ${overlap?.means}." />
    <div class="form-pair">
      ${text("catch_up", "Catch-up", "Missed due times that are not older fire late.")}
      ${text("alarm_after", "Alarm after", "A problem is shown if no job has succeeded so long after a due time.")}
      ${text("jitter", "Jitter", "Each firing is later by up to that.")}
      ${text("times", "Firings in all", "Then it fires no more.")}
      ${text("start", "Not before", "On your clocks.", "datetime-local")}
      ${text("end", "Not after", "On your clocks.", "datetime-local")}
    </div>
    ${text("note", "Note", "Shown in the list.")}
    <${WhoField} id="schedule-who" note="Shown as who changed it." />`;
}
