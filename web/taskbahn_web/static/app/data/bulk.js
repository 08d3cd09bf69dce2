/** Cancels or retries many jobs, in slices: counts the jobs done and the jobs refused, and can be stopped. */

import { VIEW_JOBS } from "../../client/wire.js";
import { sentence } from "../../taskbahn.js";
import { nameShown } from "../core/who.js";

const SLICE_JOBS = 200; // jobs in one call
const MAX_QUERY_LENGTH = 300; // characters, as the node keeps
const PAGE_IDS = 1000; // ids in one answer

/**
 * @typedef {"cancel" | "retry"} BulkAction
 * @typedef {Record<string, unknown>} Wanted  arguments of `taskbahn.view.jobs`
 *
 * @typedef {object} BulkReport
 * @property {number} found  jobs so far; all when `isComplete`
 * @property {boolean} isComplete  whether all jobs that match were found
 * @property {number} done
 * @property {number} refused
 * @property {[string, number][]} reasons  sentences, each with how many jobs it kept out, the most frequent first
 * @property {string} problem  why it ended early, "" if it did not
 *
 * @typedef {Pick<import("../../taskbahn.js").Bahn, "ask" | "cancel" | "retry">} Asked
 */

/** What each action can move; of the other states nothing is asked for. @type {Record<BulkAction, string[]>} */
const MOVABLE_STATES = { cancel: ["waiting", "ready", "running"], retry: ["failed", "cancelled", "expired"] };

/**
 * What of a query an action can move.
 * @param {BulkAction} action
 * @param {Wanted} query
 * @returns {Wanted | null}  null: nothing of it
 */
export function narrowQuery(action, query) {
  const { state } = query;
  const given = state === undefined ? MOVABLE_STATES[action] : Array.isArray(state) ? state : [state];
  const states = MOVABLE_STATES[action].filter((each) => given.includes(each));
  return states.length ? { ...query, state: states } : null;
}

/**
 * The ids that match a query, a page at a time; also over answers that are empty because they looked at enough rows.
 * @param {Pick<Asked, "ask">} bahn
 * @param {Wanted} query
 * @returns {AsyncGenerator<string[], void, void>}
 */
export async function* matchingIds(bahn, query) {
  for (let before = null; ; ) {
    const { ids, next } = await bahn.ask(VIEW_JOBS, [], { ...query, ids: true, limit: PAGE_IDS, ...(before !== null && { before }) });
    if (ids.length) yield ids;
    if (next === null || next === undefined) return;
    before = next;
  }
}

/**
 * Count the jobs that an action would move, up to a bound.
 * @param {Pick<Asked, "ask">} bahn
 * @param {BulkAction} action
 * @param {Wanted} query
 * @param {object} options
 * @param {number} options.most
 * @param {(found: number) => void} [options.onProgress]
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<{found: number, isComplete: boolean}>}
 */
export async function countJobs(bahn, action, query, { most, onProgress, signal }) {
  const wanted = narrowQuery(action, query);
  let found = 0;
  for await (const ids of wanted ? matchingIds(bahn, wanted) : []) {
    if (signal?.aborted) return { found, isComplete: false };
    found += ids.length;
    onProgress?.(found);
    if (found >= most) return { found, isComplete: false };
  }
  return { found, isComplete: true };
}

/**
 * Cancel or retry jobs: those with the given ids, or all that match a query and can be moved. Never rejects: the report says
 * what went wrong.
 * @param {Asked} bahn
 * @param {object} order
 * @param {BulkAction} order.action
 * @param {string[]} [order.ids]
 * @param {Wanted} [order.query]
 * @param {string} [order.reason]  why they are cancelled
 * @param {(report: BulkReport) => void} [order.onProgress]
 * @param {AbortSignal} [order.signal]  aborting it stops after the slice on its way
 * @returns {Promise<BulkReport>}
 */
export async function runBulk(bahn, { action, ids, query, reason = "", onProgress, signal }) {
  const count = new BulkCount();
  const tell = () => onProgress?.(count.report());
  const wanted = query && narrowQuery(action, query);
  const words = query ? queryText(query) : "";
  if (ids) count.all(ids.length);
  try {
    for await (const page of ids ? [ids] : wanted ? matchingIds(bahn, wanted) : []) {
      if (!ids) count.found += page.length;
      for (const slice of sliceIds(page, signal)) {
        count.take(await (action === "cancel" ? bahn.cancel(slice, reason, nameShown(), words) : bahn.retry(slice, nameShown(), words)), action);
        tell();
      }
      if (signal?.aborted) return count.report();
    }
    count.isComplete = true;
  } catch (error) {
    count.problem = sentence(error);
  }
  return count.report();
}

/** A query in words, for the audit. @param {Wanted} query */
function queryText(query) {
  const words = Object.entries(query).map(([name, value]) => `${name}:${Array.isArray(value) ? value.join(",") : value}`);
  return words.join(" ").slice(0, MAX_QUERY_LENGTH);
}

/**
 * @param {string[]} ids
 * @param {AbortSignal} [signal]  ends it
 * @returns {Generator<string[], void, void>}
 */
function* sliceIds(ids, signal) {
  for (let start = 0; start < ids.length && !signal?.aborted; start += SLICE_JOBS) yield ids.slice(start, start + SLICE_JOBS);
}

class BulkCount {
  found = 0;
  isComplete = false;
  done = 0;
  refused = 0;
  problem = "";
  /** @type {Map<string, number>} */
  #reasons = new Map();

  /** @param {number} found */
  all(found) {
    this.found = found;
    this.isComplete = true;
  }

  /**
   * @param {unknown[]} answers  the state after it, or why not
   * @param {BulkAction} action
   */
  take(answers, action) {
    for (const answer of answers) {
      // A running job gets an order to stop and is still "running". A job that had ended keeps its state.
      const why = answer instanceof Error ? refusalReason(answer) : action === "cancel" && (answer === "succeeded" || answer === "failed") ? `It had already ${answer}.` : "";
      if (why) this.#reasons.set(why, (this.#reasons.get(why) ?? 0) + 1);
      if (why) this.refused += 1;
      else this.done += 1;
    }
  }

  /** @returns {BulkReport} */
  report() {
    const { found, isComplete, done, refused, problem } = this;
    return { found, isComplete, done, refused, problem, reasons: [...this.#reasons].sort((a, b) => b[1] - a[1]) };
  }
}

/** A sentence that is the same for jobs with the same trouble. @param {Error} error */
function refusalReason(error) {
  return sentence(error.message.replaceAll(/\bjob [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "the job"));
}
