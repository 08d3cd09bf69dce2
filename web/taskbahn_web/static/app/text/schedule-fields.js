/** The fields of a schedule by name, as text: for facts, for what differs from code, and to go back to what code says. */

import { parse, stringify } from "../../client/exact-json.js";
import { duration, jsonLine, number } from "../../shared/format.js";

/**
 * @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView
 * @typedef {import("../../client/schedule-views.js").When} When
 */

/** What holds where a schedule says nothing. @type {Record<string, unknown>} */
const DEFAULTS = { start: null, end: null, times: null, jitter: 0, overlap: "skip", catch_up: 60, note: "" };

export const OVERLAPS = [
  { value: "skip", text: "Skip", means: "it starts no job" },
  { value: "buffer_one", text: "Buffer one", means: "it waits for the end of the job, if no other one does" },
  { value: "buffer_all", text: "Buffer all", means: "it waits for its turn" },
  { value: "cancel_other", text: "Cancel other", means: "it cancels that job, and starts the next one" },
  { value: "allow", text: "Allow", means: "it starts a job beside it" },
];

/** @type {Record<string, string>} */
const TITLES = { when: "When", call: "Starts", start: "Not before", end: "Not after", times: "Firings", jitter: "Jitter", overlap: "Overlap", catch_up: "Catch-up", alarm_after: "Alarm after", note: "Note" };

/** @param {string} name */
export function fieldTitle(name) {
  return TITLES[name] ?? name;
}

/** Times in few characters: the line and the zone, or the form as JSON. @param {When} when */
export function whenText(when) {
  if (when?.kind === "cron") {
    const { kind: _, line, zone = "UTC", ...others } = when;
    return [line, zone, ...Object.entries(others).map(([name, value]) => `${name}=${value}`)].join("  ");
  }
  if (when?.kind === "every" && !when.start) return `every ${duration(when.interval)}`;
  return stringify(when) ?? "";
}

/** The arguments of a call. @param {any} call @returns {{args: unknown[], kwargs: Record<string, unknown>}} */
export function callArguments({ args = [], kwargs = {}, packed }) {
  if (typeof packed !== "string") return { args, kwargs };
  const [given, named] = /** @type {[unknown[], Record<string, unknown>]} */ (parse(packed));
  return { args: given, kwargs: named };
}

/** A call as a person would write it. @param {any} call */
export function callCode(call) {
  if (!call?.task) return jsonLine(call?.flow ?? call);
  const { args, kwargs } = callArguments(call);
  const named = Object.entries(kwargs).map(([name, value]) => `${name}=${jsonLine(value)}`);
  return `${call.task}(${[...args.map(jsonLine), ...named].join(", ")})`;
}

/**
 * The value of a field as text.
 * @param {string} name
 * @param {any} value
 */
export function fieldText(name, value) {
  if (value === null || value === undefined || value === "") return "none";
  if (name === "when") return whenText(value);
  if (name === "call") return callCode(value);
  if (name === "start" || name === "end") return new Date(value * 1000).toISOString().replace(/(:00)?\.000Z$/, "Z");
  if (name === "overlap") return OVERLAPS.find((overlap) => overlap.value === value)?.text ?? String(value);
  if (typeof value === "number") return name === "times" ? number(value) : duration(value);
  return typeof value === "string" ? value : (stringify(value) ?? "");
}

/** What code says of a field. @param {ScheduleView} schedule @param {string} name */
export function declaredValue({ declared = {} }, name) {
  const known = /** @type {Record<string, unknown>} */ (declared);
  return name in known ? known[name] : (DEFAULTS[name] ?? null);
}

/**
 * The fields that differ from what code says: the name, and both values as text.
 * @param {ScheduleView} schedule
 * @returns {{name: string, title: string, code: string, now: string}[]}
 */
export function differences(schedule) {
  const { changed = {}, declared } = schedule;
  if (!declared) return [];
  const names = Object.keys(changed).filter((name) => name !== "zone");
  return names.map((name) => ({
    name,
    title: fieldTitle(name),
    code: fieldText(name, declaredValue(schedule, name)),
    now: fieldText(name, /** @type {Record<string, unknown>} */ (changed)[name]),
  }));
}

/** The changes that make a schedule what code says. @param {ScheduleView} schedule @returns {Record<string, unknown>} */
export function backToCode(schedule) {
  return Object.fromEntries(differences(schedule).map(({ name }) => [name, declaredValue(schedule, name)]));
}
