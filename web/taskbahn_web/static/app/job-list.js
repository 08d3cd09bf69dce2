/** A live list of jobs, newest first: what the store answers, kept up to date by the stream of changes. */

import { signal } from "@preact/signals";

import { timeOf } from "../client/ids.js";
import { VIEW_JOBS } from "../client/wire.js";
import { sentence } from "../taskbahn.js";
import { bahn, onChanges, onLive } from "./live.js";

const PAGE = 50; // jobs in one answer
const MOST = 500; // jobs in the list; older ones are left to "Show more"

/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {{state?: string | null, task?: string | null}} JobFilter
 */

export class JobList {
  /** @type {import("@preact/signals").Signal<JobView[]>} */
  jobs = signal([]);
  /** Where the answer after these goes on; null at the end. @type {import("@preact/signals").Signal<number | null>} */
  next = signal(null);
  isLoading = signal(true);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #filter;

  /** @param {JobFilter} filter */
  constructor(filter) {
    this.#filter = filter;
  }

  /** Load, and follow from now on. @returns {() => void}  stops it */
  open() {
    const stops = [onChanges((changes) => this.#take(changes)), onLive(() => void this.#load(null))];
    return () => stops.forEach((stop) => stop());
  }

  /** Load the jobs before the oldest one shown. */
  more() {
    return this.#load(this.next.value);
  }

  /** @param {number | null} before */
  async #load(before) {
    this.isLoading.value = true;
    const { state, task } = this.#filter;
    const wanted = { limit: PAGE, ...(state && { state }), ...(task && { task }), ...(before !== null && { before }) };
    try {
      const answer = await bahn.ask(VIEW_JOBS, [], wanted);
      const known = before === null ? [] : this.jobs.value;
      this.jobs.value = merged(known, answer.jobs, this.#filter, Infinity);
      this.next.value = answer.next;
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
    this.isLoading.value = false;
  }

  /** @param {import("./live.js").Change[]} changes */
  #take(changes) {
    if (!changes.length) return;
    this.jobs.value = merged(this.jobs.value, changes, this.#filter, Math.max(MOST, this.jobs.value.length));
  }
}

/**
 * Bring a list up to date; rows that did not change stay the same objects.
 * @param {JobView[]} jobs
 * @param {import("./live.js").Change[]} changes
 * @param {JobFilter} filter
 * @param {number} most  rows that are kept
 * @returns {JobView[]}
 */
export function merged(jobs, changes, filter, most) {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  let isReordered = false;
  for (const change of changes) {
    const before = byId.get(change.id);
    isReordered ||= !before;
    const job = /** @type {JobView} */ ({ created_at: timeOf(change.id), ...before, ...change });
    if (matches(job, filter)) byId.set(job.id, job);
    else byId.delete(job.id);
  }
  const list = [...byId.values()];
  if (isReordered) list.sort((a, b) => (b.created_at ?? 0) - (a.created_at ?? 0) || (a.id < b.id ? 1 : -1));
  return list.slice(0, most);
}

/**
 * @param {JobView} job
 * @param {JobFilter} filter
 */
function matches(job, { state, task }) {
  return (!state || job.state === state) && (!task || job.task === task);
}
