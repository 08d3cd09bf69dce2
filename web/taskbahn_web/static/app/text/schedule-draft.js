/** A schedule as a form has it, all as text: made of what holds, and made into what travels. */

import { parse, stringify } from "../../client/exact-json.js";
import { fieldTime, ownZone, timeOfField } from "./local-times.js";
import { callArguments } from "./schedule-fields.js";

/**
 * @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView
 * @typedef {import("../../client/schedule-views.js").When} When
 * @typedef {Record<string, string>} Draft  by the names of the fields
 */

/** The kinds of times, and what their fields are called. */
export const KINDS = [
  { kind: "cron", text: "Cron line" },
  { kind: "every", text: "Interval" },
  { kind: "sun", text: "Sun" },
  { kind: "calendar", text: "Calendar rule" },
  { kind: "dates", text: "Dates" },
  { kind: "json", text: "Combination" },
];

export const SUN_EVENTS = ["dawn", "sunrise", "noon", "sunset", "dusk", "dawn_nautical", "dusk_nautical", "dawn_astronomical", "dusk_astronomical"];

/** @type {Record<string, number>} */
const UNITS = { d: 86_400, h: 3600, m: 60, s: 1 };
const DURATION = /^(?:\d+(?:\.\d+)?[dhms])+$/;
const EXAMPLE = '{"kind": "except", "of": {"kind": "cron", "line": "0 9 * * MON-FRI"}, "without": {"kind": "dates", "dates": ["2026-12-25T09:00"]}}';

/** What is wrong with a field of the form: a sentence. */
export class DraftError extends Error {
  /** @param {string} field @param {string} message */
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** Seconds as text: "1h30m". @param {number | null | undefined} seconds */
export function durationField(seconds) {
  if (seconds === null || seconds === undefined) return "";
  let left = seconds;
  const parts = Object.entries(UNITS).map(([unit, length]) => {
    const times = unit === "s" ? Number(left.toFixed(6)) : Math.floor(left / length);
    left -= times * length;
    return times ? `${times}${unit}` : "";
  });
  return parts.join("") || "0s";
}

/**
 * Text as seconds: "1h30m", "90s", or a number; null if it is empty.
 * @param {string} field
 * @param {string} text
 */
export function secondsOf(field, text) {
  const given = text.replaceAll(/\s+/g, "").toLowerCase();
  if (!given) return null;
  if (/^\d+(\.\d+)?$/.test(given)) return Number(given);
  if (!DURATION.test(given)) throw new DraftError(field, `'${text}' is no duration: write one such as 90s, 15m, 1h30m or 2d`);
  return [...given.matchAll(/([\d.]+)([dhms])/g)].reduce((sum, [, times, unit]) => sum + Number(times) * UNITS[unit], 0);
}

/** What the form begins with. @param {ScheduleView} [schedule]  missing: a new one @returns {Draft} */
export function draftOf(schedule) {
  const when = schedule?.spec.when ?? { kind: "cron", line: "0 3 * * *", zone: ownZone() };
  const spec = schedule?.spec;
  const call = spec?.call ?? {};
  const { args, kwargs } = callArguments(call);
  return {
    id: schedule?.id ?? "",
    ...whenFields(when),
    what: call.flow ? "flow" : "task",
    task: call.task ?? "",
    args: args.length ? (stringify(args) ?? "") : "",
    kwargs: Object.keys(kwargs).length ? (stringify(kwargs) ?? "") : "",
    flow: call.flow ? (stringify(call.flow, 2) ?? "") : "",
    start: spec?.start ? fieldTime(spec.start) : "",
    end: spec?.end ? fieldTime(spec.end) : "",
    times: spec?.times ? String(spec.times) : "",
    jitter: durationField(spec?.jitter || null),
    overlap: spec?.overlap ?? "skip",
    catch_up: durationField(spec?.catch_up ?? 60),
    alarm_after: durationField(spec?.alarm_after),
    note: spec?.note ?? "",
  };
}

/** @param {any} when @returns {Draft} */
function whenFields(when) {
  const { kind, line = "", zone, interval, start, event = "sunset", latitude, longitude, rule = "", dates = [], skipped_time = "after", repeated_time = "first" } = when;
  const isKnown = KINDS.some((known) => known.kind === kind);
  return {
    kind: isKnown ? kind : "json", line, zone: zone ?? (line || rule || dates.length ? "UTC" : ownZone()), skipped_time, repeated_time,
    interval: durationField(interval) || "1h", from: start ? fieldTime(start) : "",
    event, latitude: String(latitude ?? "52.5"), longitude: String(longitude ?? "13.4"), rule: rule || "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18",
    dates: dates.join("\n"), json: isKnown ? EXAMPLE : (stringify(when, 2) ?? ""),
  };
}

/** The times that the form describes. Throws DraftError. @param {Draft} draft @returns {When} */
export function whenOf(draft) {
  const zone = draft.zone.trim() || "UTC";
  switch (draft.kind) {
    case "cron": {
      if (!draft.line.trim()) throw new DraftError("line", "write a line of five fields, such as 0 3 * * *");
      const { skipped_time, repeated_time } = draft;
      return /** @type {When} */ ({ kind: "cron", line: draft.line, zone, ...(skipped_time !== "after" && { skipped_time }), ...(repeated_time !== "first" && { repeated_time }) });
    }
    case "every": {
      const interval = secondsOf("interval", draft.interval);
      if (interval === null) throw new DraftError("interval", "say how often: 90s, 15m, 1h30m or 2d");
      const start = timeOfField(draft.from);
      return { kind: "every", interval, ...(start !== null && { start }) };
    }
    case "sun":
      return { kind: "sun", event: /** @type {any} */ (draft.event), latitude: degrees("latitude", draft), longitude: degrees("longitude", draft) };
    case "calendar":
      return { kind: "calendar", rule: draft.rule.trim(), zone };
    case "dates":
      return { kind: "dates", dates: draft.dates.split(/[\s,]+/).filter(Boolean), zone };
    default:
      return /** @type {When} */ (jsonOf("json", draft.json));
  }
}

/** @param {"latitude" | "longitude"} name @param {Draft} draft */
function degrees(name, draft) {
  const value = Number(draft[name].replace(",", "."));
  if (draft[name].trim() === "" || Number.isNaN(value)) throw new DraftError(name, `${name} is in degrees, such as 52.5`);
  return value;
}

/** A text as JSON; throws a DraftError of the field. @param {string} field @param {string} text @returns {any} */
export function jsonOf(field, text) {
  try {
    return parse(text);
  } catch (error) {
    throw new DraftError(field, `this is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** What it starts. Throws DraftError. @param {Draft} draft @param {import("../../client/schedule-views.js").ScheduleCall} [before] @returns {any} */
function flowOf(draft, before = {}) {
  if (draft.what === "flow") return jsonOf("flow", draft.flow);
  const task = draft.task.trim();
  if (!task) throw new DraftError("task", "choose the task that it starts");
  const args = draft.args.trim() ? jsonOf("args", draft.args) : [];
  const kwargs = draft.kwargs.trim() ? jsonOf("kwargs", draft.kwargs) : {};
  if (!Array.isArray(args)) throw new DraftError("args", 'write a list, such as ["{@due}", 3]');
  if (typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs)) throw new DraftError("kwargs", 'write an object, such as {"width": 64}');
  return { task, args, kwargs, ...(before.task === task && before.options && { options: before.options }) };
}

/** The names of the fields that decide about each part of what travels. @type {Record<string, string[]>} */
const PARTS = {
  when: ["kind", "line", "zone", "skipped_time", "repeated_time", "interval", "from", "event", "latitude", "longitude", "rule", "dates", "json"],
  flow: ["what", "task", "args", "kwargs", "flow"],
};

/**
 * What differs between the form and what it began with, as `edit` takes it; all of it for a new schedule. Throws DraftError.
 * @param {Draft} draft
 * @param {ScheduleView} [schedule]
 * @returns {import("../../client/schedule-views.js").ScheduleChanges}
 */
export function changesOf(draft, schedule) {
  const before = draftOf(schedule);
  const isNew = !schedule;
  const has = (/** @type {string[]} */ names) => isNew || names.some((name) => draft[name] !== before[name]);
  /** @type {[string, () => unknown][]} */
  const others = [
    ["start", () => timeOfField(draft.start)],
    ["end", () => timeOfField(draft.end)],
    ["times", () => timesOf(draft)],
    ["jitter", () => secondsOf("jitter", draft.jitter) ?? 0],
    ["overlap", () => draft.overlap],
    ["catch_up", () => secondsOf("catch_up", draft.catch_up) ?? 0],
    ["alarm_after", () => secondsOf("alarm_after", draft.alarm_after)],
    ["note", () => draft.note.trim()],
  ];
  return {
    ...(has(PARTS.when) && { when: whenOf(draft) }),
    ...(has(PARTS.flow) && { flow: flowOf(draft, schedule?.spec.call) }),
    ...Object.fromEntries(others.filter(([name]) => (isNew ? draft[name] !== before[name] : has([name]))).map(([name, value]) => [name, value()])),
  };
}

/** @param {Draft} draft */
function timesOf({ times }) {
  if (!times.trim()) return null;
  if (!/^[1-9]\d*$/.test(times.trim())) throw new DraftError("times", "how often it fires in all is a whole number from 1 on");
  return Number(times);
}
