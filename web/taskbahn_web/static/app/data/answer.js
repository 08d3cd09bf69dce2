/**
 * What the node answers to one question, kept fresh: asked when a session begins and, while the page is seen, when jobs change.
 * A `Directory` also asks while no job changes.
 */

import { signal } from "@preact/signals";

import { sentence } from "../../taskbahn.js";
import { runWhenVisible } from "../core/drawing.js";
import { bahn, onChanges, onLive } from "./live.js";

/** @typedef {import("./live.js").Change} Change */

/** @template T */
export class Answer {
  /** Null until it is there. @type {import("@preact/signals").Signal<T | null>} */
  value = signal(null);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #procedure;
  #question;
  #pause;
  #matters;
  #askedAt = 0; // seconds
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #askNow = () => void this.ask();

  /**
   * @param {string} procedure
   * @param {object} [options]
   * @param {Record<string, unknown>} [options.question]  arguments by name
   * @param {number} [options.pause]  seconds between two questions, at least
   * @param {(change: Change) => boolean} [options.matters]  whether a change of a job may change the answer; false for none
   */
  constructor(procedure, { question = {}, pause = 2, matters = () => true } = {}) {
    this.#procedure = procedure;
    this.#question = question;
    this.#pause = pause;
    this.#matters = matters;
  }

  /** Ask, and ask again in time. @returns {() => void}  stops it */
  open() {
    const stops = [onLive(() => void this.ask()), onChanges((changes, isCut) => (isCut || changes.some(this.#matters)) && this.#askInTime())];
    return () => {
      stops.forEach((stop) => stop());
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** After what happened last, even if nothing follows it. */
  #askInTime() {
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#askedAt + this.#pause - Date.now() / 1000);
    this.#timer = setTimeout(() => runWhenVisible(this.#askNow), wait * 1000);
  }

  /** Ask now. */
  async ask() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#askedAt = Date.now() / 1000;
    try {
      this.value.value = await bahn.ask(this.#procedure, [], this.#question);
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
  }
}
