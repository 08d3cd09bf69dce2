/** What became of a task's jobs over the last day: loaded when a session begins, and once a minute while the tab is visible. */

import { signal } from "@preact/signals";

import { VIEW_HISTORY } from "../../client/wire.js";
import { mergeColumns } from "../charts/merge-columns.js";
import { bahn, onLive } from "./live.js";

const DAY_SECONDS = 86_400; // seconds
const RELOAD_PAUSE_SECONDS = 60; // seconds between two questions
const MAX_COLUMNS = 48; // of half an hour

/** @typedef {import("../charts/merge-columns.js").Column} Column */

export class TaskHistory {
  /** Null until the first answer, or if there is none. @type {import("@preact/signals").Signal<Column[] | null>} */
  columns = signal(null);

  #task;

  /** @param {string} task */
  constructor(task) {
    this.#task = task;
  }

  /** Load, and load again from time to time. @returns {() => void}  stops it */
  open() {
    const stop = onLive(() => void this.#load());
    const timer = setInterval(() => document.hidden || void this.#load(), RELOAD_PAUSE_SECONDS * 1000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  async #load() {
    try {
      this.columns.value = mergeColumns(await bahn.ask(VIEW_HISTORY, [], { seconds: DAY_SECONDS, task: this.#task }), MAX_COLUMNS);
    } catch {
      // the numbers beside it say what is wrong, if something is
    }
  }
}
