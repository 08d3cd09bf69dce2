/** Times for fields of the browser, which are on the reader's clocks, and times on the clocks of a zone. */

/** @type {Map<string, Intl.DateTimeFormat>} */
const FORMATS = new Map();

/** The reader's zone. */
export function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** @type {Intl.DateTimeFormatOptions} */
const DATE = { weekday: "short", day: "numeric", month: "short" };
/** @type {Intl.DateTimeFormatOptions} */
const CLOCK = { hour: "2-digit", minute: "2-digit" };
/** @type {Intl.DateTimeFormatOptions} */
const SECONDS = { ...CLOCK, second: "2-digit" };

/** The day in a zone: "Tue 1 Dec". @param {number} time  seconds since the epoch @param {string} zone */
export function dayIn(time, zone) {
  return formatOf(zone, "day", DATE).format(time * 1000);
}

/** The time of day in a zone, with seconds if it has some. @param {number} time  seconds since the epoch @param {string} zone */
export function clockIn(time, zone) {
  return time % 60 ? formatOf(zone, "seconds", SECONDS).format(time * 1000) : formatOf(zone, "clock", CLOCK).format(time * 1000);
}

/** Both: "Tue 1 Dec, 03:30". @param {number} time  seconds since the epoch @param {string} zone */
export function timeIn(time, zone) {
  return `${dayIn(time, zone)}, ${clockIn(time, zone)}`;
}

/**
 * Of a zone that this browser does not know: on the reader's clocks.
 * @param {string} zone
 * @param {string} name
 * @param {Intl.DateTimeFormatOptions} options
 */
function formatOf(zone, name, options) {
  const key = `${zone} ${name}`;
  const known = FORMATS.get(key);
  if (known) return known;
  const made = makeFormat(zone, options);
  FORMATS.set(key, made);
  return made;
}

/** @param {string | undefined} zone @param {Intl.DateTimeFormatOptions} options @returns {Intl.DateTimeFormat} */
function makeFormat(zone, options) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  } catch {
    return makeFormat(undefined, options);
  }
}

/** On the reader's clocks, what is not the same there. @param {number} time @param {string} zone  in which it is shown beside it */
export function timeHere(time, zone) {
  const here = ownZone();
  return dayIn(time, zone) === dayIn(time, here) ? clockIn(time, here) : timeIn(time, here);
}

/** For a field of a local time. @param {number} time  seconds since the epoch */
export function fieldTime(time) {
  const date = new Date(time * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What such a field has, in seconds since the epoch; null if it is empty. @param {string} text */
export function timeOfField(text) {
  const time = new Date(text).getTime() / 1000;
  return Number.isNaN(time) ? null : time;
}
