/** A form made from a task's schema. It says what it can see itself, and shows what the dispatcher finds wrong at its field. */

import { stringify } from "../../client/exact-json.js";
import { useEffect, useRef, useState } from "preact/hooks";

import { offerFocus } from "../../shared/focus.js";
import { ANY_SIGNATURE, fieldsOf, FURTHER_FIELD } from "../../shared/schema.js";
import { makeArguments, problemsByField, controlValue } from "../../shared/values.js";
import { sentence, TaskbahnError } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { bahn } from "../data/live.js";
import { optionFields, makeOptions } from "../text/task-options.js";
import { FieldRow } from "./field.js";
import { Problem } from "./note.js";

const MANY_FIELDS = 6; // with more of them they are in columns
const TYPING_MILLISECONDS = 600; // after the first letter a field is checked with each

/**
 * @typedef {import("../../client/wire.js").TaskView} TaskView
 * @typedef {import("../../shared/schema.js").Field} Field
 * @typedef {import("../../shared/values.js").Typed} Typed
 * @typedef {{args: unknown[], kwargs: Record<string, unknown>, options: Record<string, unknown>}} Draft  a call as the form has it now
 */

/**
 * @param {object} props
 * @param {TaskView} props.task
 * @param {Record<string, unknown>} props.given  arguments to begin with, by name
 * @param {Record<string, unknown>} [props.options]  options to begin with
 * @param {(id: string, stays: boolean) => void} props.onStarted
 * @param {(draft: Draft) => void} [props.onDraft]  gets every change
 */
export function TaskForm({ task, given, options = {}, onStarted, onDraft }) {
  const fields = fieldsOf(task.signature ?? ANY_SIGNATURE);
  const more = optionFields(task);
  const [typed, setTyped] = useState(() => initialValues(fields, withRest(given, fields)));
  const [typedOptions, setTypedOptions] = useState(() => initialValues(more, options));
  const [isOpen, setOpen] = useState(Object.keys(options).length > 0);
  const [problems, setProblems] = useState(/** @type {Record<string, string>} */ ({}));
  const [failure, setFailure] = useState("");
  const [isSending, setSending] = useState(false);

  const [looked, look] = useState(/** @type {ReadonlySet<string>} */ (new Set())); // fields to check while the reader types
  const made = () => makeCall(task, fields, typed, more, isOpen ? typedOptions : {});
  useEffect(() => onDraft?.(makeDraft(makeCall(task, fields, withoutSecrets(typed, fields), more, isOpen ? typedOptions : {}), fields)), [typed, typedOptions, isOpen]);

  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const send = async (/** @type {boolean} */ stays) => {
    const { args, kwargs, options: chosen, problems: wrong } = made();
    setProblems(wrong);
    setFailure("");
    if (focusFirst(form.current, wrong)) return;
    setSending(true);
    try {
      onStarted((await bahn.start(task.name, args, kwargs, chosen)).id, stays);
    } catch (error) {
      const found = error instanceof TaskbahnError ? dispatcherProblems(error, fields, more) : {};
      if (Object.keys(found).some((id) => id.startsWith("option-"))) setOpen(true);
      setProblems(found);
      if (!focusFirst(form.current, found)) setFailure(sentence(error));
    }
    setSending(false);
  };
  const onSubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (!isSending) void send(event.submitter?.getAttribute("value") === "stay");
  };
  const { problems: now } = made();
  const row = (/** @type {string} */ family, /** @type {Record<string, Typed>} */ values, /** @type {typeof setTyped} */ set) =>
    (/** @type {Field} */ field) => {
      const id = `${family}-${field.name}`;
      const onChange = (/** @type {Typed} */ value) => {
        set((before) => ({ ...before, [field.name]: value }));
        setProblems(({ [id]: _, ...others }) => others); // what was wrong with the value before
        setTimeout(() => look((before) => new Set(before).add(id)), TYPING_MILLISECONDS);
      };
      const problem = problems[id] ?? (looked.has(id) && values[field.name] !== "" ? now[id] : undefined);
      return html`<${FieldRow} key=${field.name} family=${family} field=${field} typed=${values[field.name]} problem=${problem} onChange=${onChange} />`;
    };

  return html`<form class="task-form ${fields.length > MANY_FIELDS ? "task-form-many" : ""}" ref=${form} onSubmit=${onSubmit} noValidate aria-label="Arguments of ${task.name}">
    ${fields.length === 0 && html`<p class="muted">This task takes no arguments.</p>`}
    ${fields.map(row("field", typed, setTyped))}
    ${isOpen && html`<fieldset class="options" id="options"><legend>Options</legend>${more.map(row("option", typedOptions, setTypedOptions))}</fieldset>`}
    ${failure && html`<${Problem}>${failure}<//>`}
    <div class="form-actions">
      <button class="primary" type="submit" aria-disabled=${isSending}>${isSending ? "Starting…" : "Start job"}</button>
      <button type="submit" value="stay" aria-disabled=${isSending}>Start and stay here</button>
      <button type="button" class="options-toggle" aria-expanded=${isOpen} aria-controls="options" onClick=${() => setOpen(!isOpen)}>Options</button>
    </div>
  </form>`;
}

/**
 * What the fields hold at first.
 * @param {Field[]} fields
 * @param {Record<string, unknown>} given
 */
function initialValues(fields, given) {
  return Object.fromEntries(fields.map((field) => [field.name, controlValue(field, given[field.name])]));
}

/**
 * @param {Record<string, unknown>} given
 * @param {Field[]} fields
 * @returns {Record<string, unknown>}  with those that have no field of their own in the one for further arguments
 */
function withRest(given, fields) {
  const rest = Object.entries(given).filter(([name]) => !fields.some((field) => field.name === name));
  return rest.length ? { ...given, [FURTHER_FIELD]: Object.fromEntries(rest) } : given;
}

/**
 * The call that the form makes, with what is wrong with it by the ids of the fields.
 * @param {TaskView} task
 * @param {Field[]} fields
 * @param {Record<string, Typed>} typed
 * @param {Field[]} more
 * @param {Record<string, Typed>} typedOptions
 * @returns {Draft & {problems: Record<string, string>}}
 */
function makeCall(task, fields, typed, more, typedOptions) {
  const { args, kwargs, problems } = makeArguments(fields, typed, task.signature?.order);
  const { options, problems: wrong } = makeOptions(more, typedOptions);
  const all = { ...withPrefix("field", problems), ...withPrefix("option", wrong) };
  if (task.signature) return { args, kwargs, options, problems: all };
  const given = /** @type {{args?: unknown[], kwargs?: Record<string, unknown>}} */ (kwargs);
  return { args: given.args ?? [], kwargs: given.kwargs ?? {}, options, problems: all };
}

/**
 * What was typed, for others to see: a secret is in its field alone.
 * @param {Record<string, Typed>} typed
 * @param {Field[]} fields
 * @returns {Record<string, Typed>}
 */
function withoutSecrets(typed, fields) {
  const isTyped = (/** @type {Field} */ { name, schema }) => schema.writeOnly === true && typed[name] !== "";
  return { ...typed, ...Object.fromEntries(fields.filter(isTyped).map(({ name }) => [name, "…"])) };
}

/**
 * The call as a person would write it: without arguments that equal the task's defaults, with an example for each missing one.
 * @param {Draft & {problems: Record<string, string>}} call
 * @param {Field[]} fields
 * @returns {Draft}
 */
function makeDraft({ args, kwargs, options, problems }, fields) {
  const isOwn = (/** @type {[string, unknown]} */ [name, value]) =>
    stringify(fields.find((field) => field.name === name)?.initial) !== stringify(value);
  const missing = fields.filter(({ name, isRequired }) => isRequired && `field-${name}` in problems);
  const examples = Object.fromEntries(missing.map(({ name, example }) => [name, example]));
  return { args, kwargs: { ...examples, ...Object.fromEntries(Object.entries(kwargs).filter(isOwn)) }, options };
}

/**
 * Bring what the dispatcher finds wrong to its field: an argument, or an option.
 * @param {TaskbahnError} error
 * @param {Field[]} fields
 * @param {Field[]} more
 * @returns {Record<string, string>}  by the ids of fields; empty if something belongs to no field
 */
function dispatcherProblems(error, fields, more) {
  const { option } = error.detail;
  if (more.some(({ name }) => name === option)) return { [`option-${option}`]: error.message };
  return withPrefix("field", problemsByField(error.fields, fields));
}

/**
 * @param {string} family
 * @param {Record<string, string>} found  by the names of fields
 * @returns {Record<string, string>}  by their ids
 */
function withPrefix(family, found) {
  return Object.fromEntries(Object.entries(found).map(([name, why]) => [`${family}-${name}`, why]));
}

/**
 * @param {HTMLFormElement | null} form
 * @param {Record<string, string>} problems  by the ids of fields
 * @returns {boolean}  whether there is a field to go to
 */
function focusFirst(form, problems) {
  const wrong = [...(form?.querySelectorAll(".field [id]") ?? [])].find(({ id }) => id in problems);
  setTimeout(() => form && offerFocus(document.getElementById(wrong?.id ?? Object.keys(problems)[0]), form)); // an option's field may yet be drawn
  return Object.keys(problems).length > 0;
}
