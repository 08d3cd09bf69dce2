/**
 * Jobs newest first in pages, as the store answers them. Only the rows in sight need to be in memory. Each page has a cursor by
 * which it can be loaded again. Nothing here asks or draws.
 */

import { timeOf } from "../../client/ids.js";
import { applyChange } from "./apply-change.js";
import { PagedRows } from "./paged-rows.js";

/**
 * @typedef {import("../../client/wire.js").JobView} JobView
 * @typedef {import("./apply-change.js").Change} Change
 * @typedef {import("./paged-rows.js").Entry} Entry
 * @typedef {import("./paged-rows.js").Page} Page
 * @typedef {{jobs: JobView[], next: number | null}} Answer  of `taskbahn.view.jobs`
 */

export const PAGE_JOBS = 100; // jobs in one answer

export class JobPages extends PagedRows {
  /** Begin again with the newest jobs. @param {Answer} answer */
  reset(answer) {
    this.pages = [];
    this.byId.clear();
    this.count = this.loaded = this.gone = 0;
    this.next = answer.next;
    this.pages.push({ before: null, entries: [], count: 0, isOld: false, askedAt: 0 });
    this.add(this.pages[0], 0, answer.jobs);
  }

  /** Add what follows the last page. @param {Answer} answer */
  append(answer) {
    /** @type {Page} */
    const page = { before: this.next, entries: [], count: 0, isOld: false, askedAt: 0 };
    this.pages.push(page);
    this.put(page, answer, false);
    const at = this.pages.indexOf(page); // -1 if it has nothing, for then `put` has taken it away
    if (at > 0 && !page.count) this.pages.splice(at, 1);
    this.next = answer.next;
  }

  /**
   * Take a change of a job.
   * @param {Change} change
   * @param {(job: JobView) => boolean | null} isWanted  null: what is known of the job does not tell
   * @param {boolean} isHeld  rows neither come nor go
   * @returns {"" | "changed" | "unsure" | "fresh"}  fresh: it would be a new row, but the list is held
   */
  take(change, isWanted, isHeld) {
    const entry = this.byId.get(change.id);
    if (!entry) return this.#takeNew(change, isWanted, isHeld);
    entry.job = applyChange(entry.job, change);
    const wanted = isWanted(entry.job);
    if (wanted === false) this.#lose(entry, isHeld);
    else this.mark(entry, false);
    if (wanted !== null || change.state === undefined) return "changed";
    entry.page.isOld = true;
    return "unsure";
  }

  /**
   * Bring a page up to date with the answer to its cursor, which may reach into the pages behind it. The order of the answer is
   * that of the store. What it does not reach becomes a page behind it.
   * @param {Page} page
   * @param {Answer} answer
   * @param {boolean} isHeld  rows neither come nor go
   */
  put(page, answer, isHeld) {
    if (!answer.jobs.length && answer.next !== null) return; // it says nothing of any row
    if (isHeld) this.#mend(page, answer);
    else this.#replace(page, answer);
  }

  /**
   * Take the jobs away that were accepted before a time.
   * @param {number} since
   * @param {boolean} isHeld  rows neither come nor go
   * @returns {boolean}  whether anything changed
   */
  leave(since, isHeld) {
    const left = [...this.byId.values()].filter(({ job, isGone }) => !isGone && (job.created_at ?? 0) < since);
    for (const entry of left) this.#lose(entry, isHeld);
    return left.length > 0;
  }

  /** Take the rows away that do not match any more, which a list that is held still has kept. */
  sweep() {
    for (const entry of [...this.byId.values()]) if (entry.isGone) this.remove(entry);
  }

  /** Mark every page as old: the list loads it again before the reader sees it. @param {boolean} [isUrgent]  at once, not after a pause */
  age(isUrgent = false) {
    for (const page of this.pages) Object.assign(page, { isOld: true, ...(isUrgent && { askedAt: 0 }) });
  }

  /**
   * The page to ask for, of those that are looked at: one that is not in memory, or the old one that was asked for the longest ago.
   * @param {number} first
   * @param {number} last  one after
   * @param {number} pause  seconds between two questions for an old page
   * @returns {{page: Page, wait: number} | null}  wait: seconds until it may be asked for
   */
  due(first, last, pause) {
    const seen = this.inSight(first, last);
    const missing = seen.find(({ entries }) => !entries);
    if (missing) return { page: missing, wait: 0 };
    const [page] = (seen.length ? seen : this.pages).filter((each) => each.isOld || isLong(each)).sort((a, b) => a.askedAt - b.askedAt);
    return page ? { page, wait: page.askedAt + pause - Date.now() / 1000 } : null;
  }

  /** @param {Change} change @param {(job: JobView) => boolean | null} isWanted @param {boolean} isHeld */
  #takeNew(change, isWanted, isHeld) {
    const job = /** @type {JobView} */ ({ created_at: timeOf(change.id), ...change });
    const wanted = isWanted(job);
    if (wanted === null && this.pages.length) this.pages[0].isOld = true;
    if (!wanted) return wanted === null ? "unsure" : "";
    if (isHeld) return "fresh";
    const at = this.pages.findIndex(({ entries }) => entries?.length && (job.created_at ?? 0) >= (entries.at(-1)?.job.created_at ?? 0));
    const last = this.pages.length - 1;
    if (at < 0) this.pages[last].isOld = true; // it may lie between the last row and where the answer stopped looking
    if (at < 0 && this.next !== null && this.loaded) return "";
    const page = this.pages[at < 0 ? last : at];
    const isFirst = this.insert(page, job) === 0;
    if (isFirst && at > 0) this.pages[at - 1].isOld = true; // it may belong there
    page.isOld ||= job.tags === undefined; // changes name only what moves
    return "changed";
  }

  /** @param {Entry} entry @param {boolean} isHeld */
  #lose(entry, isHeld) {
    if (isHeld) this.mark(entry, true);
    else this.remove(entry);
  }

  /** Put the jobs of an answer in the place of all rows that it speaks of. @param {Page} page @param {Answer} answer */
  #replace(page, { jobs, next }) {
    const reached = this.#reached(page, next);
    const old = reached.flatMap(({ entries }) => entries ?? []).filter(({ isGone }) => !isGone);
    const unknown = reached.reduce((sum, { entries, count }) => sum + (entries ? 0 : count), 0) - jobs.filter(({ id }) => !this.byId.has(id)).length;
    const entries = jobs.map((job) => this.detach(job));
    const oldest = next === null ? -Infinity : (jobs.at(-1)?.created_at ?? Infinity);
    const rest = old.filter(({ job }) => this.byId.has(job.id) && (job.created_at ?? 0) <= oldest);
    for (const each of reached) this.empty(each);
    this.pages = this.pages.filter((each) => each === page || !reached.includes(each));
    this.fill(page, entries);
    if (next === null) this.next = null;
    else this.#follow(page, next, rest, Math.max(0, unknown));
    if (!page.count && page !== this.pages[0]) this.pages.splice(this.pages.indexOf(page), 1);
  }

  /** A page, and those behind it whose spans begin before a cursor. @param {Page} page @param {number | null} next */
  #reached(page, next) {
    const behind = this.pages.slice(this.pages.indexOf(page) + 1);
    return [page, ...behind.filter(({ before }) => next === null || (before ?? Infinity) > next)];
  }

  /**
   * The page behind another gets what an answer did not reach.
   * @param {Page} page
   * @param {number} next  where the answer goes on
   * @param {Entry[]} rest  of no page
   * @param {number} unknown  rows that are not in memory
   */
  #follow(page, next, rest, unknown) {
    const at = this.pages.indexOf(page) + 1;
    if (at === this.pages.length && this.next !== null && next < this.next) this.next = next;
    const isNextKnown = next === (at < this.pages.length ? this.pages[at].before : this.next);
    if (isNextKnown && !rest.length && !unknown) return;
    /** @type {Page} */
    const made = { before: next, entries: [], count: 0, isOld: true, askedAt: 0 };
    this.pages.splice(at, 0, made);
    this.fill(made, rest);
    if (!unknown) return;
    this.drop(made);
    made.count += unknown;
    this.count += unknown;
  }

  /** Say of the rows of a list that is held still what an answer says of them. @param {Page} page @param {Answer} answer */
  #mend(page, { jobs, next }) {
    const [answered, oldest] = [new Set(jobs.map(({ id }) => id)), next === null ? -Infinity : (jobs.at(-1)?.created_at ?? Infinity)];
    const isReached = (/** @type {Entry} */ { job }) => answered.has(job.id) || (job.created_at ?? 0) > oldest;
    const reached = this.#reached(page, next);
    const end = (/** @type {Page} */ each) => (each === reached.at(-1) ? (each.entries?.findLastIndex(isReached) ?? -1) + 1 : each.count);
    for (const each of reached) {
      for (const entry of each.entries?.slice(0, end(each)) ?? []) if (!answered.has(entry.job.id)) this.mark(entry, true);
    }
    for (const job of jobs) {
      const entry = this.byId.get(job.id);
      if (entry) this.mark(Object.assign(entry, { job }), false);
    }
    if (next === null || reached.length > 1) return; // the page behind it is asked by its own cursor
    const rest = /** @type {Entry[]} */ (page.entries).splice(end(page));
    page.count -= rest.length;
    this.count -= rest.length;
    this.loaded -= rest.length;
    this.#follow(page, next, rest, 0);
  }
}

/** Whether a page has become so long that it is cut. @param {Page} page */
function isLong({ entries }) {
  return entries !== null && entries.length > 2 * PAGE_JOBS && entries.filter(({ isGone }) => !isGone).length > 2 * PAGE_JOBS;
}
