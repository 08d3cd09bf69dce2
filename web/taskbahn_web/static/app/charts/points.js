/** Moves from value to value of a chart with the keyboard. Nothing here touches the page. */

const PAGE_VALUES = 10; // values, with the keys for pages

/** @type {Record<string, (at: number, count: number) => number>} */
const KEY_MOVES = {
  ArrowLeft: (at, count) => (at < 0 ? count - 1 : at - 1),
  ArrowRight: (at, count) => (at < 0 ? count - 1 : at + 1),
  PageUp: (at, count) => (at < 0 ? count - 1 : at - PAGE_VALUES),
  PageDown: (at, count) => (at < 0 ? count - 1 : at + PAGE_VALUES),
  Home: () => 0,
  End: (_, count) => count - 1,
};

/**
 * Where a key leads: among the values that are known, from the newest at first.
 * @param {(number | null | undefined)[][]} data  the times, then the values of each line
 * @param {number} index  where the keyboard is; -1: nowhere yet
 * @param {string} key
 * @returns {number | null}  null if it leads nowhere
 */
export function nextPoint([times, ...lines], index, key) {
  const known = [...times.keys()].filter((each) => lines.some((values) => values[each] !== null && values[each] !== undefined));
  const move = KEY_MOVES[key];
  if (!move || !known.length) return null;
  const at = index < 0 ? -1 : known.findLastIndex((each) => each <= index);
  return known[Math.max(0, Math.min(known.length - 1, move(index < 0 ? -1 : Math.max(0, at), known.length)))];
}
