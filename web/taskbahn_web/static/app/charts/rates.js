/** Jobs a second, now: made of how the node's totals grew in the last seconds. */

const WINDOW_SECONDS = 10; // seconds

/**
 * @typedef {import("../../client/wire.js").Status} Status
 * @typedef {{accepted: number, finished: number, failed: number}} Rates  jobs a second
 */

/**
 * What is needed of the words of the node, with a new one: about one a second, of the last seconds.
 * @param {Status[]} before  the oldest first
 * @param {Status} newest
 * @returns {Status[]}
 */
export function recentStatuses(before, newest) {
  const known = before.filter(({ now, started_at }) => started_at === newest.started_at && newest.now - now <= WINDOW_SECONDS && now <= newest.now);
  const last = known.at(-1);
  return last && newest.now - last.now < 1 ? known : [...known, newest];
}

/**
 * @param {Status[]} known  the oldest first
 * @returns {Rates | null}
 */
export function currentRates(known) {
  const [first, last] = [known[0], known.at(-1)];
  if (!first?.totals || !last?.totals || last.now - first.now < 1) return null;
  const seconds = last.now - first.now;
  const rate = (/** @type {(keyof import("../../client/wire.js").Totals)[]} */ ...names) =>
    names.reduce((sum, name) => sum + (last.totals?.[name] ?? 0) - (first.totals?.[name] ?? 0), 0) / seconds;
  return { accepted: rate("accepted"), finished: rate("succeeded", "failed"), failed: rate("failed") };
}
