/** A trigger as a form has it, all as text: made of what holds, and made into what travels; and what differs from code. */

import { stringify } from "../../client/exact-json.js";
import { DraftError, jsonOf } from "./schedule-draft.js";
import { callArguments, callCode } from "./schedule-fields.js";
import { isPassedOn } from "./trigger-text.js";

/**
 * @typedef {import("../../client/triggers.js").TriggerView} TriggerView
 * @typedef {Record<string, string>} Draft  by the names of the fields
 */

/** What holds where a trigger says nothing. @type {Record<string, unknown>} */
const DEFAULTS = { match: "exact", where: {}, note: "", header: "", repeats: "id", per_second: 100 };

/** @type {Record<string, string>} */
const TITLES = { topic: "Topic", match: "Match", where: "Where", call: "Starts", note: "Note", name: "Hook", scheme: "Scheme", secret: "Secret", header: "Header", repeats: "Repetitions", per_second: "A second" };

/** @param {TriggerView} trigger @returns {Draft} */
export function triggerDraft({ spec }) {
  const { topic = "", match = "exact", where = {}, call, note = "" } = spec;
  const { args, kwargs } = call.task ? callArguments(call) : { args: [], kwargs: {} };
  const isMapped = Boolean(call.task) && !isPassedOn(spec);
  return {
    topic, match, note,
    where: Object.keys(where).length ? (stringify(where, 2) ?? "") : "",
    what: call.task ? "task" : "flow",
    task: call.task ?? "",
    gets: isMapped ? "mapping" : "event",
    args: args.length ? (stringify(args, 2) ?? "") : "",
    kwargs: Object.keys(kwargs).length ? (stringify(kwargs, 2) ?? "") : "",
    flow: call.flow ? (stringify(call.flow, 2) ?? "") : "",
  };
}

/**
 * What differs between the form and what it began with, as `bahn.triggers.edit` takes it. Throws DraftError.
 * @param {Draft} draft
 * @param {TriggerView} trigger
 * @returns {any}
 */
export function triggerChanges(draft, trigger) {
  const before = triggerDraft(trigger);
  const has = (/** @type {string[]} */ ...names) => names.some((name) => draft[name] !== before[name]);
  return {
    ...(has("topic") && { topic: draft.topic.trim() }),
    ...(has("match") && { match: draft.match }),
    ...(has("where") && { where: objectOf("where", draft.where, '{"country": "DE"}') }),
    ...(has("task", "gets", "args", "kwargs", "flow") && { start: startOf(draft, trigger) }),
    ...(has("note") && { note: draft.note.trim() }),
  };
}

/** @param {Draft} draft @param {TriggerView} trigger @returns {any} */
function startOf(draft, { spec: { call } }) {
  if (draft.what === "flow") return jsonOf("flow", draft.flow);
  const task = draft.task.trim();
  if (!task) throw new DraftError("task", "choose the task that it starts");
  const kept = call.task === task && call.options ? { options: call.options } : {};
  if (draft.gets === "event") return { task, ...kept };
  const args = draft.args.trim() ? jsonOf("args", draft.args) : [];
  if (!Array.isArray(args)) throw new DraftError("args", 'write a list, such as ["{event.day}", 3]');
  return { task, args, kwargs: objectOf("kwargs", draft.kwargs, '{"day": "{event.day}"}'), ...kept };
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
