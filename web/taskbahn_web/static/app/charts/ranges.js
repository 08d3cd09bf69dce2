/** How far back the charts go. The address holds the choice. */

/**
 * @typedef {object} Range
 * @property {string} name  in the address
 * @property {string} text
 * @property {string} words  in a sentence
 * @property {string} ago  at the left end of a chart
 * @property {number} seconds
 * @property {(time: number) => string} time  of a value
 */

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const HOUR = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** @type {Range[]} */
export const RANGES = [
  { name: "15m", text: "15 min", words: "the last 15 minutes", ago: "15 min ago", seconds: 900, time: (time) => CLOCK.format(time * 1000) },
  { name: "6h", text: "6 h", words: "the last 6 hours", ago: "6 h ago", seconds: 21_600, time: (time) => MINUTE.format(time * 1000) },
  { name: "24h", text: "24 h", words: "the last 24 hours", ago: "24 h ago", seconds: 86_400, time: (time) => MINUTE.format(time * 1000) },
  { name: "7d", text: "7 d", words: "the last 7 days", ago: "7 d ago", seconds: 604_800, time: (time) => HOUR.format(time * 1000) },
];

/** @param {string | null} name  what is unknown is the first */
export function findRange(name) {
  return RANGES.find((range) => range.name === name) ?? RANGES[0];
}
