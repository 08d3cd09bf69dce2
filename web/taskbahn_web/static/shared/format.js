/** Numbers, times and values as a person reads them. Times are seconds since the epoch, durations seconds. */

import { withoutCiphertext } from "../client/ciphertext.js";
import { stringify } from "../client/exact-json.js";

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/** @param {number} value */
export function number(value) {
  return NUMBER.format(value);
}

/** @type {[string, number, number][]}  unit, seconds, how often in it at least */
const UNITS = [["s", 1, 0.0995], ["min", 60, 0.995], ["h", 3600, 0.995], ["d", 86_400, 0]];

/**
 * How often something happens, with a unit in which it can be read: "2.5/s", "12/min". Three digits are enough.
 * @param {number} value  times a second
 */
export function rate(value) {
  const [unit, seconds] = UNITS.find(([, seconds, least]) => value === 0 || value * seconds >= least) ?? UNITS[0];
  const times = value * seconds;
  return `${times >= 99.95 ? NUMBER.format(Math.round(times)) : times >= 9.95 || times === 0 ? NUMBER.format(times) : times.toFixed(1)}/${unit}`;
}

/**
 * How fast it went so far; empty while that says nothing.
 * @param {number} done
 * @param {number} seconds
 */
export function pace(done, seconds) {
  return done && seconds > 0.5 ? rate(done / seconds) : "";
}

/**
 * How many of something: `count(2, "job")` is "2 jobs".
 * @param {number} value
 * @param {string} noun
 */
export function count(value, noun) {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds > 0 && seconds < 0.0005) return "<1 ms";
  if (seconds < 0.9995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return wholeDuration(seconds);
}

/**
 * The same for a duration that still grows: no finer than a second, so that it does not flicker.
 * @param {number} seconds
 */
export function wholeDuration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

/**
 * @param {number} time
 * @param {number} now
 */
export function ago(time, now) {
  const seconds = now - time;
  if (seconds < -1) return `in ${wholeDuration(-seconds)}`;
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return DAY.format(time * 1000);
}

/** Day and time of day. @param {number} time */
export function day(time) {
  return DAY.format(time * 1000);
}

/** The time of day, with milliseconds. @param {number} time */
export function clock(time) {
  const milliseconds = Math.floor((time % 1) * 1000);
  return `${CLOCK.format(time * 1000)}.${String(milliseconds).padStart(3, "0")}`;
}

/** Date, time and zone, for a title. @param {number} time */
export function fullTime(time) {
  return FULL.format(time * 1000);
}

/** The end of an id: its beginning is the time, which neighbours share. @param {string} id */
export function shortId(id) {
  return id.slice(-8);
}

/** @param {number} fraction */
export function percent(fraction) {
  return `${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)} %`;
}

/** @param {unknown} value @param {string} [hidden]  what is shown of a secret */
export function json(value, hidden = "hidden") {
  return withoutMarks(stringify(value, 2) ?? "null", hidden);
}

/** The value on one line. @param {unknown} value */
export function jsonLine(value) {
  return withoutMarks(stringify(value) ?? "null", "hidden");
}

/** A quote in a string has a backslash, so this is never a part of one. @param {string} text  JSON @param {string} hidden */
function withoutMarks(text, hidden) {
  return withoutCiphertext(text.includes('"$secret"') ? text.replaceAll(/\{\s*"\$secret":\s*true\s*\}/g, () => hidden) : text);
}

/** The first sentence of a docstring. @param {string} [doc] */
export function summary(doc = "") {
  return doc.split(/\n\s*\n/)[0].replaceAll(/\s+/g, " ").trim();
}
