/** A trigger as a form has it, all as text: made of what holds, and made into what travels; and what differs from code. */

import { stringify } from "../../client/exact-json.js";
import { TaskbahnError } from "../../client/errors.js";
import { DraftError, jsonOf } from "./schedule-draft.js";
import { callArguments, callCode } from "./schedule-fields.js";
import { isPassedOn } from "./trigger-text.js";

/**
 * @typedef {import("../../client/triggers.js").TriggerView} TriggerView
 * @typedef {Record<string, string>} Draft  by the names of the fields
 */

const UNKNOWN_TASK = "taskbahn.error.unknown_task";

/** What holds where a trigger says nothing. @type {Record<string, unknown>} */
const DEFAULTS = { match: "exact", where: {}, note: "", header: "", repeats: "id", per_second: 100 };

/** @type {Record<string, string>} */
const TITLES = { topic: "Topic", match: "Match", where: "Where", call: "Starts", note: "Note", name: "Hook", scheme: "Scheme", secret: "Secret", header: "Header", repeats: "Repetitions", per_second: "A second" };

/** What a form may change besides what starts: fields of topics and of hooks, as text. @type {Record<string, string[]>} */
const FIELDS = { topic: ["topic", "match"], hook: ["name", "scheme", "secret", "header", "repeats", "per_second"] };

/** What a new trigger begins with. @type {TriggerView} */
const NEW = { id: "", kind: "topic", words: "", spec: { kind: "topic", call: { task: "" } } };

/** @param {TriggerView} [trigger]  missing for a new one @returns {Draft} */
export function triggerDraft({ id, kind, spec } = NEW) {
  const { topic = "", match = "exact", name = "", scheme = "github", secret = "env:", header = "", repeats = "id", per_second = 100, where = {}, call, note = "" } = spec;
  const isTask = "task" in call;
  const { args, kwargs } = isTask ? callArguments(call) : { args: [], kwargs: {} };
  return {
    id, kind, topic, match, name, scheme, secret, header, repeats, note,
    per_second: String(per_second),
    where: Object.keys(where).length ? (stringify(where, 2) ?? "") : "",
    what: isTask ? "task" : "flow",
    task: call.task ?? "",
    gets: isTask && !isPassedOn(spec) ? "mapping" : "event",
    args: args.length ? (stringify(args, 2) ?? "") : "",
    kwargs: Object.keys(kwargs).length ? (stringify(kwargs, 2) ?? "") : "",
    flow: call.flow ? (stringify(call.flow, 2) ?? "") : "",
  };
}

/**
 * What differs between the form and what it began with, as `bahn.triggers.edit` takes it; of a new trigger all, as `create` and `createHook`
 * do. Throws DraftError.
 * @param {Draft} draft
 * @param {TriggerView} [trigger]
 * @returns {any}
 */
export function triggerChanges(draft, trigger) {
  const before = triggerDraft(trigger);
  const has = (/** @type {string[]} */ ...names) => !trigger || names.some((name) => draft[name] !== before[name]);
  const own = FIELDS[draft.kind].filter((name) => has(name));
  return {
    ...Object.fromEntries(own.map((name) => [name, name === "per_second" ? numberOf(name, draft[name]) : draft[name].trim()])),
    ...(has("where") && { where: objectOf("where", draft.where, '{"country": "DE"}') }),
    ...(has("what", "task", "gets", "args", "kwargs", "flow") && { start: startOf(draft, trigger) }),
    ...(has("note") && { note: draft.note.trim() }),
  };
}

/** The field to which a refusal of the dispatcher belongs; "" if it is none of this form. @param {unknown} error @param {Draft} draft */
export function refusedField(error, draft) {
  if (!(error instanceof TaskbahnError)) return "";
  const option = String(error.detail.option ?? "");
  const [part] = option.split("."); // "kwargs.day" is one of the named arguments
  if (draft.what === "flow" && (part === "flow" || part === "call")) return "flow";
  if (option === "call" || error.uri === UNKNOWN_TASK) return draft.what === "flow" ? "flow" : "task";
  if (part === "args" || part === "kwargs") return draft.what === "task" && draft.gets === "mapping" ? part : "";
  return ["id", "where", "note", ...FIELDS[draft.kind]].find((name) => name === option) ?? "";
}

/** @param {Draft} draft @param {TriggerView} [trigger] @returns {any} */
function startOf(draft, trigger) {
  if (draft.what === "flow") return jsonOf("flow", draft.flow);
  const call = trigger?.spec.call;
  const task = draft.task.trim();
  if (!task) throw new DraftError("task", "choose the task that it starts");
  const kept = call?.task === task && call.options ? { options: call.options } : {};
  if (draft.gets === "event") return { task, ...kept };
  const args = draft.args.trim() ? jsonOf("args", draft.args) : [];
  if (!Array.isArray(args)) throw new DraftError("args", 'write a list, such as ["{event.day}", 3]');
  return { task, args, kwargs: objectOf("kwargs", draft.kwargs, '{"day": "{event.day}"}'), ...kept };
}

/** @param {string} field @param {string} text */
function numberOf(field, text) {
  const value = Number(text);
  if (!text.trim() || Number.isNaN(value)) throw new DraftError(field, "write a number, such as 100");
  return value;
}

/** @param {string} field @param {string} text @param {string} example @returns {Record<string, unknown>} */
function objectOf(field, text, example) {
  const value = text.trim() ? jsonOf(field, text) : {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new DraftError(field, `write an object, such as ${example}`);
  return value;
}

/**
 * The fields that differ from what code says: the name, and both values as text.
 * @param {TriggerView} trigger
 * @returns {{name: string, title: string, code: string, now: string}[]}
 */
export function triggerDifferences({ changed = {}, declared }) {
  if (!declared) return [];
  const said = /** @type {Record<string, unknown>} */ ({ ...DEFAULTS, ...declared });
  return Object.entries(changed).map(([name, value]) => ({ name, title: TITLES[name] ?? name, code: fieldText(name, said[name]), now: fieldText(name, value) }));
}

/** @param {string} name @param {any} value */
function fieldText(name, value) {
  if (name === "call") return value?.task && isPassedOn(/** @type {any} */ ({ call: value })) ? `${value.task}, with the event as it is` : callCode(value);
  if (value === undefined || value === null || value === "" || (typeof value === "object" && !Object.keys(value).length)) return "none";
  return typeof value === "string" ? value : (stringify(value) ?? "");
}
