/** Which jobs of a list are selected, and which one the keyboard is at. */

import { signal } from "@preact/signals";

/** @typedef {{indexOf: (id: string) => number, slice: (first: number, last: number) => {entry: {job: {id: string}} | null}[], count: number}} Rows */

export class Selection {
  /** The job that keys act on. @type {import("@preact/signals").Signal<string | null>} */
  current = signal(null);

  /** @type {import("@preact/signals").Signal<ReadonlySet<string>>} */
  #ids = signal(new Set());
  /** @type {string | null} */
  #from = null; // where a range begins
  #rows;
  /** @type {(index: number) => void} */
  #moved = () => {};

  /** @param {Rows} rows  of the list, newest first */
  constructor(rows) {
    this.#rows = rows;
  }

  get size() {
    return this.#ids.value.size;
  }

  get ids() {
    return [...this.#ids.value];
  }

  /** @param {string} id */
  has(id) {
    return this.#ids.value.has(id);
  }

  /** What actions are about: what is selected, else the current job. @returns {string[]} */
  get meant() {
    return this.size ? this.ids : this.current.value ? [this.current.value] : [];
  }

  /**
   * Select a job, or no longer; with *isRange* all between it and the one before as well.
   * @param {string} id
   * @param {boolean} [isRange]
   */
  click(id, isRange = false) {
    const isOn = !this.has(id);
    const ids = new Set(this.#ids.value);
    for (const each of isRange ? this.#between(id) : [id]) {
      if (isOn) ids.add(each);
      else ids.delete(each);
    }
    this.#from = id;
    this.#ids.value = ids;
  }

  /** @param {string[]} ids */
  add(ids) {
    this.#ids.value = new Set([...this.#ids.value, ...ids]);
  }

  clear() {
    this.#ids.value = new Set();
    this.#from = null;
  }

  /** Move the current job by some rows. @param {number} by */
  move(by) {
    const at = this.current.value === null ? -1 : this.#rows.indexOf(this.current.value);
    const index = at < 0 ? 0 : Math.min(this.#rows.count - 1, Math.max(0, at + by));
    const entry = this.#rows.slice(index, index + 1)[0]?.entry;
    if (!entry) return;
    this.current.value = entry.job.id;
    this.#moved(index);
  }

  /** @param {(index: number) => void} moved  gets the row of the current job  @returns {() => void}  stops it */
  onMove(moved) {
    this.#moved = moved;
    return () => void (this.#moved = () => {});
  }

  /** @param {string} id @returns {string[]} */
  #between(id) {
    const [from, to] = [this.#from === null ? -1 : this.#rows.indexOf(this.#from), this.#rows.indexOf(id)];
    if (from < 0 || to < 0) return [id];
    return this.#rows.slice(Math.min(from, to), Math.max(from, to) + 1).flatMap(({ entry }) => (entry ? [entry.job.id] : []));
  }
}
