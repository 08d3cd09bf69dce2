/** The rows of a list in pages, of which some are in memory, and their counts. Nothing here knows why rows come and go. */

/**
 * @typedef {import("../../client/wire.js").JobView} JobView
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
 * @property {number} askedAt  when it was asked for, seconds; 0 if it may be asked for at once
 */

export class PagedRows {
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
  byId = new Map();

  /** @param {string} id */
  entry(id) {
    return this.byId.get(id) ?? null;
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
    const entry = this.byId.get(id);
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
   * The pages of rows that are looked at, and the empty ones between them: a job may have come into their spans.
   * @param {number} first
   * @param {number} last  one after
   */
  inSight(first, last) {
    let start = 0;
    return this.pages.filter(({ count }) => {
      const [from, to] = [start, (start += count)];
      return count ? from < last && to > first : from >= first && from <= last;
    });
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
      this.drop(page);
    }
  }

  /** Give up the oldest pages while there are more than *most* jobs; they can be asked for again. @param {number} most */
  trim(most) {
    while (this.count > most && this.pages.length > 1) {
      const page = /** @type {Page} */ (this.pages.pop());
      if (page.entries) this.drop(page);
      this.count -= page.count;
      this.next = page.before;
    }
  }

  /** The entry of a job, taken from where it was. @param {JobView} job */
  detach(job) {
    const entry = this.byId.get(job.id);
    if (!entry) return /** @type {Entry} */ ({ job, isGone: false });
    this.remove(entry);
    return Object.assign(entry, { job });
  }

  /** @param {Page} page */
  empty(page) {
    for (const entry of page.entries ?? []) this.byId.delete(this.mark(entry, false).job.id);
    this.loaded -= page.entries?.length ?? 0;
    this.count -= page.count;
    Object.assign(page, { entries: [], count: 0 });
  }

  /** @param {Page} page  without rows @param {Entry[]} entries  of no page */
  fill(page, entries) {
    for (const entry of entries) this.byId.set(entry.job.id, Object.assign(entry, { page }));
    page.entries = entries;
    page.count = entries.length;
    this.count += entries.length;
    this.loaded += entries.length;
  }

  /** @param {Page} page @param {number} at @param {JobView[]} jobs */
  add(page, at, jobs) {
    const entries = jobs.map((job) => ({ job, isGone: false, page }));
    for (const entry of entries) this.byId.set(entry.job.id, entry);
    /** @type {Entry[]} */ (page.entries).splice(at, 0, ...entries);
    page.count += jobs.length;
    this.count += jobs.length;
    this.loaded += jobs.length;
  }

  /** @param {Page} page @param {JobView} job @returns {number}  its place in the page */
  insert(page, job) {
    if (!page.entries) return -1;
    const found = page.entries.findIndex((entry) => (entry.job.created_at ?? 0) <= (job.created_at ?? 0));
    const place = found < 0 ? page.entries.length : found;
    this.add(page, place, [job]);
    return place;
  }

  /** @param {Entry} entry @param {boolean} isGone */
  mark(entry, isGone) {
    this.gone += Number(isGone) - Number(entry.isGone);
    return Object.assign(entry, { isGone });
  }

  /** @param {Entry} entry */
  remove(entry) {
    this.mark(entry, false);
    const entries = /** @type {Entry[]} */ (entry.page.entries);
    entries.splice(entries.indexOf(entry), 1);
    this.byId.delete(entry.job.id);
    entry.page.count -= 1;
    this.count -= 1;
    this.loaded -= 1;
  }

  /** @param {Page} page */
  drop(page) {
    for (const entry of page.entries ?? []) this.byId.delete(this.mark(entry, false).job.id);
    this.loaded -= page.entries?.length ?? 0;
    page.entries = null;
    page.isOld = true;
  }
}
