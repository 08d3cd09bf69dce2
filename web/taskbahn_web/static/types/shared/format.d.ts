/** @param {number} value */
export function number(value: number): string;
/**
 * How often something happens, with a unit in which it can be read: "2.5/s", "12/min". Three digits are enough.
 * @param {number} value  times a second
 */
export function rate(value: number): string;
/**
 * How fast it went so far; empty while that says nothing.
 * @param {number} done
 * @param {number} seconds
 */
export function pace(done: number, seconds: number): string;
/**
 * How many of something: `count(2, "job")` is "2 jobs".
 * @param {number} value
 * @param {string} noun
 */
export function count(value: number, noun: string): string;
/** @param {number} seconds */
export function duration(seconds: number): string;
/**
 * The same for a duration that still grows: no finer than a second, so that it does not flicker.
 * @param {number} seconds
 */
export function wholeDuration(seconds: number): string;
/**
 * @param {number} time
 * @param {number} now
 */
export function ago(time: number, now: number): string;
/** Day and time of day. @param {number} time */
export function day(time: number): string;
/** The time of day, with milliseconds. @param {number} time */
export function clock(time: number): string;
/** Date, time and zone, for a title. @param {number} time */
export function fullTime(time: number): string;
/** The end of an id: its beginning is the time, which neighbours share. @param {string} id */
export function shortId(id: string): string;
/** @param {number} fraction */
export function percent(fraction: number): string;
/** @param {unknown} value @param {string} [hidden]  what is shown of a secret */
export function json(value: unknown, hidden?: string): string;
/** The value on one line. @param {unknown} value */
export function jsonLine(value: unknown): string;
/** The first sentence of a docstring. @param {string} [doc] */
export function summary(doc?: string): string;
