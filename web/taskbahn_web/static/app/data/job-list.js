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
  /** For each question on its way, what came since: its answer may be older. @type {Set<import("./job-pages.js").Change[]>} */
  #meanwhile = new Set();
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
    const stops = [onChanges((changes, isCut) => this.#take(changes, isCut)), onLive(() => void this.#load())];
    return () => {
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", shown);
      stops.forEach((stop) => stop());
    };
  }

  async #load() {
    this.#askedAt = Date.now() / 1000;
    this.isLoading.value = true;
    /** @type {import("./job-pages.js").Change[]} */
    const meanwhile = [];
    this.#meanwhile.add(meanwhile);
    try {
      const answer = await bahn.ask(VIEW_JOBS, [], { ...this.#wanted, limit: MAX_JOBS });
      this.jobs.value = answer.jobs;
      this.#note(meanwhile);
      this.next.value = answer.next;
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
    this.#meanwhile.delete(meanwhile);
    this.isLoading.value = false;
  }

  /** Load in time, but not too often. */
  #reload() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), Math.max(0, this.#askedAt + RELOAD_PAUSE_SECONDS - Date.now() / 1000) * 1000);
  }

  /** @param {import("./job-pages.js").Change[]} changes @param {boolean} isCut  whether others may have changed too */
  #take(changes, isCut) {
    if (document.hidden || !changes.length) return;
    for (const each of this.#meanwhile) each.push(...changes);
    if (isCut) this.#reload();
    this.#note(changes);
  }

  /** @param {import("./job-pages.js").Change[]} changes */
  #note(changes) {
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
