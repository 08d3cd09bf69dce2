/** A week of due times, in days and hours on the reader's clocks. */

/**
 * @typedef {import("../../client/schedule-views.js").DueTimes} DueTimes
 * @typedef {import("../../client/schedule-views.js").DueSlot} DueSlot
 * @typedef {import("../../client/schedule-views.js").DueBand} DueBand
 *
 * @typedef {object} Week  what is known of it so far
 * @property {number} since
 * @property {number} until
 * @property {Map<number, DueSlot>} slots  by their beginning
 * @property {DueBand[]} bands
 * @property {boolean} isWhole  whether all schedules are in it
 *
 * @typedef {{at: number, hour: number, slot: DueSlot}} Hour
 * @typedef {{at: number, hours: Hour[], count: number}} Day  at: its midnight
 */

export const HOUR_SECONDS = 3600;
const DAYS = 7;

/** From the hour that goes on to the end of the sixth day after today. @param {number} now @returns {{since: number, until: number}} */
export function weekFrom(now) {
  const date = new Date(now * 1000);
  date.setMinutes(0, 0, 0);
  return { since: date.getTime() / 1000, until: midnight(now, DAYS) };
}

/** The midnight some days later. @param {number} now @param {number} days */
function midnight(now, days) {
  const date = new Date(now * 1000);
  date.setHours(0, 0, 0, 0);
  date.setDate(date.getDate() + days);
  return date.getTime() / 1000;
}

/** @param {number} since @param {number} until @returns {Week} */
export function emptyWeek(since, until) {
  return { since, until, slots: new Map(), bands: [], isWhole: false };
}

/**
 * A week with one more portion of schedules.
 * @param {Week} week
 * @param {DueTimes} portion
 * @param {number} most  due times that a slot names
 * @returns {Week}
 */
export function withPortion(week, { slots = [], bands = [], next }, most) {
  const all = new Map(week.slots);
  for (const slot of slots) {
    const { count, first } = all.get(slot.at) ?? { count: 0, first: [] };
    const named = [...first, ...slot.first].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    all.set(slot.at, { at: slot.at, count: count + slot.count, first: named.slice(0, most) });
  }
  return { ...week, slots: all, bands: [...week.bands, ...bands], isWhole: !next };
}

/** Its days, each with the hours that have due times. @param {Week} week @returns {Day[]} */
export function daysOf({ since, slots }) {
  const days = Array.from({ length: DAYS }, (_, number) => ({ at: midnight(since, number), hours: /** @type {Hour[]} */ ([]), count: 0 }));
  for (const slot of [...slots.values()].sort((a, b) => a.at - b.at)) {
    const day = days.findLast(({ at }) => at <= slot.at);
    if (!day) continue;
    day.count += slot.count;
    const hour = new Date(slot.at * 1000).getHours();
    const twice = day.hours.find((known) => known.hour === hour); // clocks are set back
    if (twice) twice.slot = { ...twice.slot, count: twice.slot.count + slot.count, first: [...twice.slot.first, ...slot.first] };
    else day.hours.push({ at: slot.at, hour, slot });
  }
  return days;
}

/** The hours in which a band is due, as parts of the week, 0 to 1. @param {Week} week @param {DueBand} band @returns {[number, number][]} */
export function bandParts({ since, until }, { spans }) {
  const length = until - midnight(since, 0);
  const offset = since - midnight(since, 0);
  const part = (/** @type {number} */ slot) => Math.min(1, (offset + slot * HOUR_SECONDS) / length);
  return spans.map(([first, last]) => [part(first), part(last + 1)]);
}
