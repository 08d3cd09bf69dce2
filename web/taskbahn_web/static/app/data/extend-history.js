/** Extends a history with each status of the node, so that the page does not ask for the history again and again. */

const MAX_SKIPPED_BUCKETS = 6; // buckets that may pass unseen before the page asks for the history again

/**
 * @typedef {import("../../client/wire.js").History} History
 * @typedef {import("../../client/wire.js").Status} Status
 * @typedef {"accepted" | "succeeded" | "failed" | "cancelled" | "expired" | "retried"} Counted
 */

/** @type {Counted[]} */
const COUNTED_NAMES = ["accepted", "succeeded", "failed", "cancelled", "expired", "retried"];

/**
 * The history with what happened between two statuses of the node.
 * @param {History} history
 * @param {Status} before  what is in it already
 * @param {Status} newest
 * @returns {History | null}  null if the page must ask for it again: the node has restarted, too much time has passed, or jobs began
 *   again that count no longer where they ended
 */
export function extendHistory(history, before, newest) {
  const { step, start, accepted } = history;
  const passed = Math.floor((newest.now - start) / step) - (accepted.length - 1);
  if (newest.started_at !== before.started_at || passed < 0 || passed > MAX_SKIPPED_BUCKETS) return null;
  if (newest.totals?.again !== before.totals?.again) return null;
  const longer = { ...history, start: start + passed * step };
  for (const name of COUNTED_NAMES) {
    longer[name] = shiftValues(history[name], passed, 0);
    const more = (newest.totals?.[name] ?? 0) - (before.totals?.[name] ?? 0);
    longer[name].push((longer[name].pop() ?? 0) + more);
  }
  for (const [name, level] of Object.entries(currentLevels(newest))) {
    const key = /** @type {keyof ReturnType<typeof currentLevels>} */ (name);
    longer[key] = shiftValues(history[key], passed, null);
    longer[key].splice(-1, 1, level);
  }
  return longer;
}

/** @param {Status} status */
function currentLevels({ jobs, running, oldest, wait, run, now }) {
  return {
    waiting: (jobs.ready ?? 0) + (jobs.waiting ?? 0),
    running,
    oldest: oldest ? Math.max(0, now - oldest) : null,
    wait: wait?.[0] ?? null,
    wait95: wait?.[1] ?? null,
    run: run?.[0] ?? null,
    run95: run?.[1] ?? null,
  };
}

/**
 * @param {(number | null)[]} values
 * @param {number} passed  new buckets at the end; as many are dropped at the beginning
 * @param {number | null} empty  what they hold
 */
function shiftValues(values, passed, empty) {
  return [...values.slice(passed), ...Array(passed).fill(empty)];
}
