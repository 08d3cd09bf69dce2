/** The tasks, the workers, the limits, the schedules, the triggers, the open questions. Loaded when a session begins, and then about once a second while the tab is visible, whether jobs change or not. */

import { signal } from "@preact/signals";

import { VIEW_FIRINGS, VIEW_SCHEDULES } from "../../client/schedules.js";
import { VIEW_TRIGGERS } from "../../client/triggers.js";
import { VIEW_LIMITS, VIEW_QUESTIONS, VIEW_TASKS, VIEW_WORKERS } from "../../client/wire.js";
import { sentence } from "../../taskbahn.js";
import { bahn, onChanges, onLive } from "./live.js";

const RELOAD_PAUSE_SECONDS = 1; // seconds between two loads, at least
const SCHEDULES = 50; // schedules on a page, and outcomes of each
const OUTCOMES = 20;
const LIMITS_PAUSE_LOADS = 10; // the pause takes as many times as long as the last load: thousands of keys are work for the store

/** @template T */
class Directory {
  /** Null until the first answer. @type {import("@preact/signals").Signal<T | null>} */
  entries = signal(null);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #procedure;
  #question;
  #pauseLoads;
  #askedAt = 0; // seconds
  #pause = RELOAD_PAUSE_SECONDS;

  /**
   * @param {string | (() => Promise<T>)} procedure  or what asks instead
   * @param {object} [options]
   * @param {Record<string, unknown>} [options.question]  arguments by name
   * @param {number} [options.pauseLoads]  pause at least as many times as long as the last load took
   */
  constructor(procedure, { question = {}, pauseLoads = 0 } = {}) {
    this.#procedure = procedure;
    this.#question = question;
    this.#pauseLoads = pauseLoads;
  }

  /**
   * Load, and load again from time to time.
   * @param {number} [pause]  seconds between two loads, at least
   * @returns {() => void}  stops it
   */
  open(pause = RELOAD_PAUSE_SECONDS) {
    const stops = [onLive(() => void this.load()), onChanges(() => this.#loadInTime(pause))];
    return () => stops.forEach((stop) => stop());
  }

  /** Load, unless the directory has loaded before. */
  once() {
    if (!this.#askedAt) void this.load();
  }

  /** @param {number} pause */
  #loadInTime(pause) {
    if (Date.now() / 1000 - this.#askedAt > Math.max(pause, this.#pause) && !document.hidden) void this.load();
  }

  /** Load now. */
  async load() {
    const askedAt = Date.now() / 1000;
    this.#askedAt = askedAt;
    this.#pause = Infinity; // until the answer comes
    try {
      const entries = typeof this.#procedure === "function" ? await this.#procedure() : await bahn.ask(this.#procedure, [], this.#question);
      if (JSON.stringify(entries) !== JSON.stringify(this.entries.value)) this.entries.value = entries;
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
    this.#pause = Math.max(RELOAD_PAUSE_SECONDS, this.#pauseLoads * (Date.now() / 1000 - askedAt));
  }
}

/** @type {Directory<import("../../client/wire.js").TaskView[]>} */
export const tasks = new Directory(VIEW_TASKS);

/** @type {Directory<import("../../client/wire.js").WorkerView[]>} */
export const workers = new Directory(VIEW_WORKERS);

/** The first 100. @type {Directory<import("./open-questions.js").OpenQuestions>} */
export const questions = new Directory(VIEW_QUESTIONS);

/** @typedef {Directory<import("../../client/wire.js").Limits>} LimitDirectory */

/** Each with its fullest key. @type {LimitDirectory} */
export const limits = new Directory(VIEW_LIMITS, { question: { keys: 1 }, pauseLoads: LIMITS_PAUSE_LOADS });

/** @param {string} name @returns {LimitDirectory}  that limit alone, whether or not it is among the first */
export function limitNamed(name) {
  return new Directory(VIEW_LIMITS, { question: { name }, pauseLoads: LIMITS_PAUSE_LOADS });
}

/** @typedef {{schedules: import("../../client/schedule-views.js").ScheduleView[], next?: string | null, count: number}} SchedulePage */

/**
 * A page of the schedules.
 * @param {string} text  words that each has; "": any
 * @param {string} state  "": any
 * @param {string} after  the id behind which the page begins
 * @returns {Directory<SchedulePage>}
 */
export function schedulePage(text, state, after) {
  return new Directory(VIEW_SCHEDULES, { question: { text, state, after, limit: SCHEDULES, outcomes: OUTCOMES }, pauseLoads: LIMITS_PAUSE_LOADS });
}

/** A schedule alone. @param {string} id @returns {Directory<SchedulePage>} */
export function scheduleNamed(id) {
  return new Directory(VIEW_SCHEDULES, { question: { id, outcomes: OUTCOMES, times: 10 }, pauseLoads: LIMITS_PAUSE_LOADS });
}

/** What became of the newest due times of a schedule. @param {string} id @returns {Directory<import("../../client/schedule-views.js").ScheduleFiring[]>} */
export function firingsOf(id) {
  return new Directory(VIEW_FIRINGS, { question: { schedule: id }, pauseLoads: LIMITS_PAUSE_LOADS });
}

/** @typedef {import("../../client/triggers.js").TriggerView} TriggerView */

/** All of them: a filter is text. @type {Directory<TriggerView[]>} */
export const triggers = new Directory(() => bahn.triggers.list(), { pauseLoads: LIMITS_PAUSE_LOADS });

/** A trigger alone; none if it is deleted. @param {string} id @returns {Directory<{triggers: TriggerView[]}>} */
export function triggerNamed(id) {
  return new Directory(VIEW_TRIGGERS, { question: { id } });
}
