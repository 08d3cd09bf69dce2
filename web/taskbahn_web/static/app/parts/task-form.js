/** A form made from a task's schema. It says what it can see itself, and shows what the dispatcher finds wrong at its field. */

import { useState } from "preact/hooks";

import { sentence, TaskbahnError } from "../../taskbahn.js";
import { html } from "../html.js";
import { bahn } from "../live.js";
import { fieldsOf } from "../schema.js";
import { argumentsOf, typedOf } from "../values.js";
import { FieldRow } from "./field.js";
import { Problem } from "./note.js";

/** For tasks that published no schema: the arguments as JSON. @type {import("../../client/wire.js").Signature} */
const ANY = {
  digest: "",
  parameters: {
    properties: {
      args: { type: "array", default: [], description: "arguments by position" },
      kwargs: { type: "object", default: {}, description: "arguments by name" },
    },
  },
};

/**
 * @param {object} props
 * @param {import("../../client/wire.js").TaskView} props.task
 * @param {Record<string, unknown>} props.given  arguments to begin with, by name
 * @param {(id: string) => void} props.onStarted
 */
export function TaskForm({ task, given, onStarted }) {
  const fields = fieldsOf(task.signature ?? ANY);
  const [typed, setTyped] = useState(() => Object.fromEntries(fields.map((field) => [field.name, typedOf(field, given[field.name])])));
  const [problems, setProblems] = useState(/** @type {Record<string, string>} */ ({}));
  const [failure, setFailure] = useState("");
  const [isSending, setSending] = useState(false);

  const send = async () => {
    const made = argumentsOf(fields, typed, task.signature?.order);
    setProblems(made.problems);
    setFailure("");
    if (focusFirst(made.problems, fields)) return;
    const [args, kwargs] = task.signature ? [made.args, made.kwargs] : [made.kwargs.args, made.kwargs.kwargs];
    setSending(true);
    try {
      onStarted((await bahn.start(task.name, /** @type {unknown[]} */ (args), /** @type {Record<string, unknown>} */ (kwargs))).id);
    } catch (error) {
      const found = error instanceof TaskbahnError ? placed(error.fields, fields) : {};
      setProblems(found);
      if (!focusFirst(found, fields)) setFailure(sentence(error));
    }
    setSending(false);
  };
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isSending) void send();
  };

  return html`<form class="task-form" onSubmit=${onSubmit} noValidate aria-label="Arguments of ${task.name}">
    ${fields.length === 0 && html`<p class="muted">This task takes no arguments.</p>`}
    ${fields.map((field) => {
      const onChange = (/** @type {import("../values.js").Typed} */ value) => setTyped((before) => ({ ...before, [field.name]: value }));
      return html`<${FieldRow} key=${field.name} field=${field} typed=${typed[field.name]} problem=${problems[field.name]} onChange=${onChange} />`;
    })}
    ${failure && html`<${Problem}>${failure}<//>`}
    <div class="form-actions">
      <button class="primary" type="submit" aria-disabled=${isSending}>${isSending ? "Starting…" : "Start job"}</button>
    </div>
  </form>`;
}

/**
 * Bring what is wrong to the field it belongs to: `size.width` and `rest[2]` to `size` and `rest`.
 * @param {Record<string, string>} wrong
 * @param {import("../schema.js").Field[]} fields
 * @returns {Record<string, string>}  empty if something belongs to no field
 */
export function placed(wrong, fields) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [path, why] of Object.entries(wrong)) {
    const name = path.split(/[.[]/)[0];
    if (!fields.some((field) => field.name === name)) return {};
    found[name] ??= path === name ? why : `is wrong at ${path.slice(name.length).replace(/^\./, "")}: ${why}`;
  }
  return found;
}

/**
 * @param {Record<string, string>} problems
 * @param {import("../schema.js").Field[]} fields
 * @returns {boolean}  whether there is a field to go to
 */
function focusFirst(problems, fields) {
  const first = fields.find(({ name }) => name in problems);
  if (first) document.getElementById(`field-${first.name}`)?.focus();
  return Boolean(first);
}
