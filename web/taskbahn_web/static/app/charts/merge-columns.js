/** A history in fewer, wider columns, as it is drawn small. Nothing here touches the page. */

/**
 * @typedef {import("../../client/wire.js").History} History
 *
 * @typedef {object} Column  jobs that ended in half an hour
 * @property {number} at  when it began, seconds since the epoch
 * @property {number} succeeded
 * @property {number} failed
 */

/**
 * Make fewer, wider columns of a history's buckets; the last one ends now.
 * @param {History} history
 * @param {number} most
 * @returns {Column[]}
 */
export function mergeColumns({ start, step, succeeded, failed }, most) {
  const width = Math.max(1, Math.ceil(succeeded.length / most));
  const first = succeeded.length % width ? (succeeded.length % width) - width : 0; // so that only the oldest is incomplete
  const columns = [];
  for (let from = first; from < succeeded.length; from += width) {
    const sum = (/** @type {(number | null)[]} */ values) =>
      values.slice(Math.max(0, from), from + width).reduce((/** @type {number} */ total, value) => total + (value ?? 0), 0);
    columns.push({ at: start + Math.max(0, from) * step, succeeded: sum(succeeded), failed: sum(failed) });
  }
  return columns;
}
