/**
 * Jobs newest first in pages, as the store answers them. Only the rows in sight need to be in memory. Each page has a cursor by
 * which it can be loaded again. Nothing here asks or draws.
 */

import { timeOf } from "../../client/ids.js";
import { applyChange } from "./apply-change.js";

/**
 * @typedef {import("../../client/wire.js").JobView} JobView
 * @typedef {import("./apply-change.js").Change} Change
 * @typedef {{jobs: JobView[], next: number | null}} Answer  of `taskbahn.view.jobs`
 *
 * @typedef {object} Entry  one row; stays the same object as long as its page is in memory
 * @property {JobView} job
 * @property {boolean} isGone  it does not match any more, but the list is held still
 * @property {Page} page
 *
 * @typedef {object} Page
 * @property {number | null} before  the cursor that it was asked by; null for the newest
 * @property {Entry[] | null} entries  null while they are not in memory
 * @property {number} count  of entries, also while they are not in memory
 * @property {boolean} isOld  it may have changed unheard
 */

export class JobPages {
  /** @type {Page[]} */
  pages = [];
  /** Where the answer after the last page goes on; null at the end. @type {number | null} */
  next = null;
  count = 0;
  /** Entries in memory. */
  loaded = 0;
  /** Of these, the ones that do not match any more. */
  gone = 0;
  /** @type {Map<string, Entry>} */
  #byId = new Map();

  /** Begin again with the newest jobs. @param {Answer} answer */
  reset(answer) {
    this.pages = [];
    this.#byId.clear();
    this.count = this.loaded = this.gone = 0;
    this.next = answer.next;
    this.#append(null, answer.jobs);
  }

  /** Add what follows the last page. @param {Answer} answer */
  append({ jobs, next }) {
    const fresh = jobs.filter(({ id }) => !this.#byId.has(id));
    if (fresh.length) this.#append(this.next, fresh);
    this.next = next;
  }

  /** @param {string} id */
  entry(id) {
    return this.#byId.get(id) ?? null;
  }

  /**
   * @param {number} first
   * @param {number} last  one after
   * @returns {{index: number, entry: Entry | null, page: Page}[]}  entry: null if it is not in memory
   */
  slice(first, last) {
    const found = [];
    let start = 0;
    for (const page of this.pages) {
      const [from, to] = [Math.max(first, start), Math.min(last, start + page.count)];
      for (let index = from; index < to; index++) found.push({ index, entry: page.entries?.[index - start] ?? null, page });
      start += page.count;
      if (start >= last) break;
    }
    return found;
  }

  /** @param {string} id @returns {number}  -1 if it is not in memory */
  indexOf(id) {
    const entry = this.#byId.get(id);
    if (!entry) return -1;
    let start = 0;
    for (const page of this.pages) {
      if (page === entry.page) return start + /** @type {Entry[]} */ (page.entries).indexOf(entry);
      start += page.count;
    }
    return -1;
  }

  /** The ids in memory, newest first. @returns {string[]} */
  ids() {
    return this.pages.flatMap(({ entries }) => entries?.map(({ job }) => job.id) ?? []);
  }

  /**
   * Take a change of a job.
   * @param {Change} change
   * @param {(job: JobView) => boolean | null} isWanted  null: what is known of the job does not tell
   * @param {boolean} isHeld  rows neither come nor go
   * @returns {"" | "changed" | "unsure" | "fresh"}  fresh: it would be a new row, but the list is held
   */
  take(change, isWanted, isHeld) {
    const entry = this.#byId.get(change.id);
    if (!entry) return this.#takeNew(change, isWanted, isHeld);
    entry.job = applyChange(entry.job, change);
    const wanted = isWanted(entry.job);
    if (wanted === false) this.#lose(entry, isHeld);
    else this.#mark(entry, false);
    return wanted === null && change.state !== undefined ? "unsure" : "changed";
  }

  /**
   * Bring a page up to date with the answer to its cursor.
   * @param {Page} page
   * @param {Answer} answer
   * @param {boolean} isHeld  rows neither come nor go
   */
  put(page, { jobs, next }, isHeld) {
    page.isOld = false;
    if (!page.entries) return this.#fill(page, jobs, next);
    const answered = new Set(jobs.map(({ id }) => id));
    const oldest = next === null ? -Infinity : (jobs.at(-1)?.created_at ?? Infinity);
    const left = page.entries.filter(({ job }) => !answered.has(job.id) && (job.created_at ?? 0) > oldest);
    for (const entry of left) this.#lose(entry, isHeld);
    for (const job of jobs) {
      const entry = this.#byId.get(job.id);
      if (entry) this.#mark(Object.assign(entry, { job }), false);
      else if (!isHeld) this.#insert(page, job);
    }
    const last = jobs.length ? this.#byId.get(jobs[jobs.length - 1].id) : null;
    if (next !== null && last?.page === page) this.#split(page, page.entries.indexOf(last) + 1, next);
  }

  /**
   * Take the jobs away that were accepted before a time.
   * @param {number} since
   * @param {boolean} isHeld  rows neither come nor go
   * @returns {boolean}  whether anything changed
   */
  leave(since, isHeld) {
    const left = [...this.#byId.values()].filter(({ job, isGone }) => !isGone && (job.created_at ?? 0) < since);
    for (const entry of left) this.#lose(entry, isHeld);
    return left.length > 0;
  }

  /** Take the rows away that do not match any more, which a list that is held still has kept. */
  sweep() {
    for (const entry of [...this.#byId.values()]) if (entry.isGone) this.#remove(entry);
  }

  /** Mark every page as old: the list loads it again before the reader sees it. */
  age() {
    for (const page of this.pages) page.isOld = true;
  }

  /**
   * Keep at most *most* entries in memory: forget what is farthest from a row.
   * @param {number} most
   * @param {number} index  of a row that is looked at
   */
  forget(most, index) {
    const here = this.slice(index, index + 1)[0]?.page ?? this.pages[0];
    const at = this.pages.indexOf(here);
    const distance = (/** @type {Page} */ page) => Math.abs(this.pages.indexOf(page) - at);
    const farthest = this.pages.filter((page) => page.entries && page !== here).sort((a, b) => distance(b) - distance(a));
    for (const page of farthest) {
      if (this.loaded <= most) return;
      this.#drop(page);
    }
  }

  /** Give up the oldest pages while there are more than *most* jobs; they can be asked for again. @param {number} most */
  trim(most) {
    while (this.count > most && this.pages.length > 1) {
      const page = /** @type {Page} */ (this.pages.pop());
      if (page.entries) this.#drop(page);
      this.count -= page.count;
      this.next = page.before;
    }
  }

  /** @param {number | null} before @param {JobView[]} jobs */
  #append(before, jobs) {
    /** @type {Page} */
    const page = { before, entries: [], count: 0, isOld: false };
    this.pages.push(page);
    this.#add(page, 0, jobs);
  }

  /** @param {Page} page @param {number} at @param {JobView[]} jobs */
  #add(page, at, jobs) {
    const entries = jobs.map((job) => ({ job, isGone: false, page }));
    for (const entry of entries) this.#byId.set(entry.job.id, entry);
    /** @type {Entry[]} */ (page.entries).splice(at, 0, ...entries);
    page.count += jobs.length;
    this.count += jobs.length;
    this.loaded += jobs.length;
  }

  /** @param {Change} change @param {(job: JobView) => boolean | null} isWanted @param {boolean} isHeld */
  #takeNew(change, isWanted, isHeld) {
    const job = /** @type {JobView} */ ({ created_at: timeOf(change.id), ...change });
    const wanted = isWanted(job);
    if (!wanted) return wanted === null ? "unsure" : "";
    if (isHeld) return "fresh";
    const page = this.pages.find(({ entries }) => entries?.length && (job.created_at ?? 0) >= (entries.at(-1)?.job.created_at ?? 0));
    const last = this.pages.at(-1);
    const place = page ?? (this.next === null || !this.loaded ? last : undefined);
    if (!place) return "";
    this.#insert(place, job);
    place.isOld ||= job.tags === undefined; // changes name only what moves
    return "changed";
  }

  /** @param {Page} page @param {JobView} job */
  #insert(page, job) {
    if (!page.entries) return;
    const place = page.entries.findIndex((entry) => (entry.job.created_at ?? 0) <= (job.created_at ?? 0));
    this.#add(page, place < 0 ? page.entries.length : place, [job]);
  }

  /** @param {Entry} entry @param {boolean} isHeld */
  #lose(entry, isHeld) {
    if (isHeld) this.#mark(entry, true);
    else this.#remove(entry);
  }

  /** @param {Entry} entry @param {boolean} isGone */
  #mark(entry, isGone) {
    this.gone += Number(isGone) - Number(entry.isGone);
    return Object.assign(entry, { isGone });
  }

  /** @param {Entry} entry */
  #remove(entry) {
    this.#mark(entry, false);
    const entries = /** @type {Entry[]} */ (entry.page.entries);
    entries.splice(entries.indexOf(entry), 1);
    this.#byId.delete(entry.job.id);
    entry.page.count -= 1;
    this.count -= 1;
    this.loaded -= 1;
  }

  /** A page comes back to memory. @param {Page} page @param {JobView[]} jobs @param {number | null} next */
  #fill(page, jobs, next) {
    const missing = page.count - jobs.length;
    this.count -= page.count;
    Object.assign(page, { count: 0, entries: [] });
    this.#add(page, 0, jobs.filter(({ id }) => !this.#byId.has(id)));
    const following = this.pages[this.pages.indexOf(page) + 1];
    if (missing <= 0 || next === null || following?.before === next) return;
    this.pages.splice(this.pages.indexOf(page) + 1, 0, { before: next, entries: null, count: missing, isOld: true });
    this.count += missing;
  }

  /** What follows an answer's last row becomes a page of its own. @param {Page} page @param {number} at @param {number} next */
  #split(page, at, next) {
    const rest = /** @type {Entry[]} */ (page.entries).splice(at);
    if (!rest.length) return;
    /** @type {Page} */
    const made = { before: next, entries: rest, count: rest.length, isOld: true };
    for (const entry of rest) entry.page = made;
    page.count -= rest.length;
    this.pages.splice(this.pages.indexOf(page) + 1, 0, made);
  }

  /** @param {Page} page */
  #drop(page) {
    for (const entry of page.entries ?? []) this.#byId.delete(this.#mark(entry, false).job.id);
    this.loaded -= page.entries?.length ?? 0;
    page.entries = null;
    page.isOld = true;
  }
}
