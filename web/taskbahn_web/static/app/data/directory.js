/** The tasks and the workers. Loaded when a session begins, and again when jobs change while the tab is visible. */

import { signal } from "@preact/signals";

import { VIEW_TASKS, VIEW_WORKERS } from "../../client/wire.js";
import { sentence } from "../../taskbahn.js";
import { bahn, onChanges, onLive } from "./live.js";

const RELOAD_PAUSE_SECONDS = 1; // seconds between two loads

/** @template T */
class Directory {
  /** Null until the first answer. @type {import("@preact/signals").Signal<T[] | null>} */
  entries = signal(null);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #procedure;
  #askedAt = 0; // seconds

  /** @param {string} procedure */
  constructor(procedure) {
    this.#procedure = procedure;
  }

  /** Load, and load again from time to time. @returns {() => void}  stops it */
  open() {
    const stops = [onLive(() => void this.#load()), onChanges(() => this.#loadInTime())];
    return () => stops.forEach((stop) => stop());
  }

  /** Load, unless the directory has loaded before. */
  once() {
    if (!this.#askedAt) void this.#load();
  }

  #loadInTime() {
    if (Date.now() / 1000 - this.#askedAt > RELOAD_PAUSE_SECONDS && !document.hidden) void this.#load();
  }

  async #load() {
    this.#askedAt = Date.now() / 1000;
    try {
      const entries = await bahn.ask(this.#procedure);
      if (JSON.stringify(entries) !== JSON.stringify(this.entries.value)) this.entries.value = entries;
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
  }
}

/** @type {Directory<import("../../client/wire.js").TaskView>} */
export const tasks = new Directory(VIEW_TASKS);

/** @type {Directory<import("../../client/wire.js").WorkerView>} */
export const workers = new Directory(VIEW_WORKERS);
