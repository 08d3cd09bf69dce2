/** Schedules in words: where they come from, what they start, and what became of their due times. */

import { count, day, duration, wholeDuration } from "../../shared/format.js";

/**
 * @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView
 * @typedef {import("../../client/schedule-views.js").ScheduleFiring} ScheduleFiring
 * @typedef {import("../../client/schedule-views.js").ScheduleCall} ScheduleCall
 * @typedef {import("../../client/schedule-views.js").SchedulePause} SchedulePause
 */

const ON_TIME_SECONDS = 0.5; // seconds: what is not later is on time
const MAX_TASKS = 2; // that a row names

/** What a filter of the list shows, and its word in the address. @type {readonly {state: string, text: string}[]} */
export const STATE_FILTERS = [
  { state: "", text: "All" },
  { state: "active", text: "That fire" },
  { state: "paused", text: "Paused" },
  { state: "trouble", text: "In trouble" },
  { state: "orphaned", text: "Orphaned" },
  { state: "code", text: "Of code" },
  { state: "changed", text: "Of code, changed" },
  { state: "run_time", text: "Made at run time" },
];

/** How an outcome is drawn, and its words. @type {Record<string, {tone: string, text: string}>} */
const OUTCOMES = {
  succeeded: { tone: "good", text: "succeeded" },
  failed: { tone: "bad", text: "failed" },
  expired: { tone: "bad", text: "expired" },
  cancelled: { tone: "idle", text: "cancelled" },
  running: { tone: "busy", text: "running" },
  ready: { tone: "busy", text: "ready" },
  waiting: { tone: "busy", text: "waiting" },
  fired: { tone: "known", text: "fired, the job is deleted" },
  buffered: { tone: "busy", text: "buffered" },
  skipped: { tone: "idle", text: "skipped" },
  missed: { tone: "warn", text: "missed" },
  refused: { tone: "bad", text: "refused" },
};

/** @param {string} outcome  a state of a job, or what else became of a due time */
export function outcomeOf(outcome) {
  return OUTCOMES[outcome] ?? { tone: "idle", text: outcome };
}

/** What became of an entry of the history, as a word of `outcomes`. @param {ScheduleFiring} firing */
export function outcomeWord({ outcome, state }) {
  return outcome === "fired" && state ? state : outcome;
}

/** How many of each outcome, the most frequent first: "18 succeeded, 2 failed". @param {string[]} outcomes */
export function outcomesText(outcomes) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([outcome, times]) => `${times} ${outcomeOf(outcome).text}`).join(", ");
}

/** Where a schedule comes from. @param {ScheduleView} schedule */
export function originText({ declared, changed = {}, pause }) {
  if (pause?.orphaned) return "code, orphaned";
  if (!declared) return "run time";
  return Object.keys(changed).length ? "code, changed" : "code";
}

/** What it means. @param {ScheduleView} schedule */
export function originTitle({ declared, changed = {}, pause }) {
  if (pause?.orphaned) return "Code declared it, and no attached worker does any more";
  if (!declared) return "It was made at run time, and no code declares it";
  return Object.keys(changed).length ? "Code declares it, and something else was set at run time" : "It is as code declares it";
}

/** The tasks that a call starts, each once, in order. @param {unknown} call @returns {string[]} */
export function callTasks(call) {
  /** @type {Set<string>} */
  const found = new Set();
  const look = (/** @type {any} */ part) => {
    if (Array.isArray(part)) return part.forEach(look);
    if (typeof part !== "object" || part === null) return;
    if (typeof part.task === "string") found.add(part.task);
    for (const name of ["flow", "chain", "group", "map", "with", "on_success", "on_failure", "on_end"]) look(part[name]);
  };
  look(call);
  return [...found];
}

/** The same in a few words. @param {unknown} call */
export function callText(call) {
  const names = callTasks(call);
  const rest = names.length - MAX_TASKS;
  return `${names.slice(0, MAX_TASKS).join(", ")}${rest > 0 ? ` and ${count(rest, "more task")}` : ""}`;
}

/**
 * How late a due time fired.
 * @param {ScheduleFiring} firing
 * @param {number} [jitter]  seconds, the longest
 */
export function latenessText({ due_at, fired_at, outcome }, jitter = 0) {
  if (outcome !== "fired") return "";
  const late = fired_at - due_at;
  if (late < ON_TIME_SECONDS) return `${duration(Math.max(0, late))} late`;
  return late <= jitter + ON_TIME_SECONDS ? `${duration(late)} of jitter` : `${duration(late)} late`;
}

/** Why a due time has no job of its own, or how many it stands for. @param {ScheduleFiring} firing */
export function reasonText({ outcome, missed = 0, until, error }) {
  if (outcome === "skipped") return "the job before it had not ended";
  if (outcome === "buffered") return "it waits for the end of the job before it";
  if (outcome === "refused") return error?.message ?? "the submission was refused";
  if (outcome !== "missed") return "";
  return missed > 1 && until ? `${count(missed, "due time")}, up to ${day(until)}: older than its catch-up` : "older than its catch-up";
}

/**
 * By whom, why and until when a schedule is paused.
 * @param {SchedulePause} pause
 * @param {number} now
 */
export function schedulePauseText({ reason, until, by, orphaned }, now) {
  if (orphaned) return "No attached worker declares it any more";
  const end = until ? `for ${wholeDuration(until - now)} more, until ${day(until)}` : "until it is resumed";
  return [by && `by ${by}`, reason?.replace(/\.$/, ""), end].filter(Boolean).join(" · ");
}
