/** Triggers in words: for which events they wait, in which state they are, and what a task gets. */

import { stringify } from "../../client/exact-json.js";
import { callArguments, callCode } from "./schedule-fields.js";
import { callTasks } from "./schedule-text.js";

/**
 * @typedef {import("../../client/triggers.js").TriggerView} TriggerView
 * @typedef {import("../../client/triggers.js").TriggerSpec} TriggerSpec
 */

/** What a filter of the list shows, and its word in the address. @type {readonly {state: string, text: string}[]} */
export const TRIGGER_FILTERS = [
  { state: "", text: "All" },
  { state: "topic", text: "Of topics" },
  { state: "hook", text: "Hooks" },
  { state: "active", text: "That start jobs" },
  { state: "paused", text: "Paused" },
  { state: "trouble", text: "In trouble" },
  { state: "orphaned", text: "Orphaned" },
  { state: "code", text: "Of code" },
  { state: "changed", text: "Of code, changed" },
  { state: "run_time", text: "Made at run time" },
];

/** How a topic is meant, in words; nothing for itself. @type {Record<string, string>} */
const MATCHES = { exact: "", prefix: "topics that begin so", wildcard: "topics like it: an empty component is any" };

/** What comes: a topic, or a request. @param {TriggerSpec} spec */
export function eventText({ kind, topic, name }) {
  return kind === "hook" ? `POST /hooks/${name}` : (topic ?? "");
}

/** What is meant by that. @param {TriggerSpec} spec */
export function meaningText({ kind, match = "exact", scheme }) {
  return kind === "hook" ? `signed by ${scheme}` : (MATCHES[match] ?? match);
}

/** The fields that the event has, each as text. @param {TriggerSpec} spec @returns {string[]} */
export function whereTexts({ where = {} }) {
  return Object.entries(where).map(([name, value]) => `${name} = ${stringify(value)}`);
}

/** Whether the task gets the arguments of the event as they are. @param {TriggerSpec} spec */
export function isPassedOn({ call }) {
  return "task" in call && !("args" in call || "kwargs" in call || "packed" in call);
}

/** What the task gets: rows of a position or a name and a template; null if it gets the event as it is, or is a flow. @param {TriggerSpec} spec @returns {[string, string][] | null} */
export function mappingOf(spec) {
  if (!spec.call.task || isPassedOn(spec)) return null;
  const { args, kwargs } = callArguments(spec.call);
  const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : (stringify(value) ?? ""));
  return [...args.map((value, index) => /** @type {[string, string]} */ ([`${index + 1}.`, text(value)])), ...Object.entries(kwargs).map(([name, value]) => /** @type {[string, string]} */ ([name, text(value)]))];
}

/** @param {TriggerView} trigger @param {string} state  a word of `TRIGGER_FILTERS` */
function isIn({ kind, pause, trouble, declared, changed = {} }, state) {
  if (state === "topic" || state === "hook") return kind === state;
  if (state === "active") return !pause;
  if (state === "paused") return Boolean(pause && !pause.orphaned);
  if (state === "orphaned") return Boolean(pause?.orphaned);
  if (state === "trouble") return Boolean(trouble);
  if (state === "run_time") return !declared;
  if (state === "code") return Boolean(declared);
  return Boolean(declared) && Object.keys(changed).length > 0;
}

/**
 * The triggers that have all words, anywhere in what is shown of them, and are in a state.
 * @param {TriggerView[]} triggers
 * @param {string} words
 * @param {string} state  "": any
 */
export function foundTriggers(triggers, words, state) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const textOf = (/** @type {TriggerView} */ { id, words: said, spec }) => [id, said, eventText(spec), callTasks(spec.call).join(" "), callCode(spec.call), spec.note ?? ""].join("\n").toLowerCase();
  return triggers.filter((trigger) => (!state || isIn(trigger, state)) && (!wanted.length || wanted.every((word) => textOf(trigger).includes(word))));
}
