/** What a client knows of a job's progress, place or question: the newest counts. */

import { notify } from "./listeners.js";

/**
 * A value of which only the newest counts, with its listeners.
 * @template T
 */
export class LatestValue {
  /** @type {Set<(value: T) => void>} */
  #listeners = new Set();
  #none;
  #value;

  /** @param {T} none  the value while nothing is known */
  constructor(none) {
    this.#none = this.#value = none;
  }

  /** Whether it has a listener. */
  get isHeard() {
    return this.#listeners.size > 0;
  }

  /** @param {T} value */
  set(value) {
    this.#value = value;
    notify(this.#listeners, value);
  }

  /** What was known is known no more; listeners stay. */
  forget() {
    this.#value = this.#none;
  }

  /** @param {(value: T) => void} listener */
  listen(listener) {
    const own = (/** @type {T} */ value) => listener(value); // so that the same function may listen twice
    this.#listeners.add(own);
    const known = this.#value;
    if (known !== null) queueMicrotask(() => this.#listeners.has(own) && this.#value === known && notify([own], known));
    return () => void this.#listeners.delete(own);
  }
}
