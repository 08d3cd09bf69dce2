/** A short live list: the newest jobs that match, kept up to date by the stream of changes. All of them are a `JobWindow`. */

import { signal } from "@preact/signals";

import { timeOf } from "../../client/ids.js";
import { VIEW_JOBS } from "../../client/wire.js";
import { sentence } from "../../taskbahn.js";
import { drawInFrame } from "../core/frame.js";
import { applyChange } from "./apply-change.js";
import { bahn, onChanges, onLive } from "./live.js";
import { matches } from "./query.js";

const MAX_JOBS = 50; // jobs in the list
const MAX_CHANGES = 500; // changes in a message that has room for no more
const RELOAD_PAUSE_SECONDS = 1; // seconds between two questions

/** @typedef {import("../../client/wire.js").JobView} JobView */

export class JobList {
  /** @type {import("@preact/signals").Signal<JobView[]>} */
  jobs = signal([]);
  /** Where the answer after these goes on; null if these are all. @type {import("@preact/signals").Signal<number | null>} */
  next = signal(null);
  isLoading = signal(true);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #wanted;
  /** @type {Map<string, import("./job-pages.js").Change>} */
  #changes = new Map();
  #askedAt = 0; // seconds
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #draw = drawInFrame(() => this.#apply());

  /** @param {import("./query.js").Wanted} wanted */
  constructor(wanted) {
    this.#wanted = wanted;
  }

  /** Load, and follow from now on. @returns {() => void}  stops it */
  open() {
    const shown = () => document.hidden || void this.#load();
    document.addEventListener("visibilitychange", shown);
    const stops = [onChanges((changes) => this.#take(changes)), onLive(() => void this.#load())];
    return () => {
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", shown);
      stops.forEach((stop) => stop());
    };
  }

  async #load() {
    this.#askedAt = Date.now() / 1000;
    this.isLoading.value = true;
    try {
      const answer = await bahn.ask(VIEW_JOBS, [], { ...this.#wanted, limit: MAX_JOBS });
      this.jobs.value = answer.jobs;
      this.next.value = answer.next;
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
    this.isLoading.value = false;
  }

  /** Load in time, but not too often. */
  #reload() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), Math.max(0, this.#askedAt + RELOAD_PAUSE_SECONDS - Date.now() / 1000) * 1000);
  }

  /** @param {import("./job-pages.js").Change[]} changes */
  #take(changes) {
    if (document.hidden || !changes.length) return;
    if (changes.length >= MAX_CHANGES) this.#reload();
    for (const change of changes) this.#changes.set(change.id, { ...this.#changes.get(change.id), ...change });
    this.#draw();
  }

  #apply() {
    const { jobs, isUnsure } = mergeChanges(this.jobs.value, [...this.#changes.values()], this.#wanted, MAX_JOBS);
    this.#changes.clear();
    this.jobs.value = jobs;
    if (isUnsure) this.#reload();
  }
}

/**
 * Bring a list up to date; rows that did not change stay the same objects.
 * @param {JobView[]} jobs
 * @param {import("./job-pages.js").Change[]} changes
 * @param {import("./query.js").Wanted} wanted
 * @param {number} most  rows that are kept
 * @returns {{jobs: JobView[], isUnsure: boolean}}  isUnsure: only the node knows whether some job belongs here
 */
export function mergeChanges(jobs, changes, wanted, most) {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  let [isReordered, isUnsure] = [false, false];
  for (const change of changes) {
    const before = byId.get(change.id);
    const job = before ? applyChange(before, change) : /** @type {JobView} */ ({ created_at: timeOf(change.id), ...change });
    const found = matches(job, wanted);
    isUnsure ||= found === null;
    isReordered ||= !before && Boolean(found);
    if (found || (before && found === null)) byId.set(job.id, job);
    else byId.delete(job.id);
  }
  const list = [...byId.values()];
  if (isReordered) list.sort((a, b) => (b.created_at ?? 0) - (a.created_at ?? 0));
  return { jobs: list.slice(0, most), isUnsure };
}
