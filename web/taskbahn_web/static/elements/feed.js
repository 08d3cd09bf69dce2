/** One job as it lives, for all elements on the page that show it: its newest view and its log, from one watch. */

import { INVALID_TOKEN, NOT_ALLOWED } from "../client/login.js";
import { onNextLogin } from "../client/connection.js";
import { TaskbahnError, UNKNOWN_JOB } from "../client/errors.js";
import { FINAL_STATES } from "../client/states.js";
import { runSafely } from "../client/listeners.js";
import { awaitRetry } from "../client/await-retry.js";
import { applyEvent } from "../shared/job-view.js";

/**
 * @typedef {import("../taskbahn.js").Bahn} Bahn
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/wire.js").Event} Event
 *
 * @typedef {object} Reader  what an element hears of
 * @property {() => void} onChange  anything
 * @property {(progress: import("../client/wire.js").Progress) => void} [onProgress]
 * @property {(job: JobView) => void} [onEnd]
 * @property {(error: unknown) => void} [onProblem]  it cannot be watched
 */

export const MAX_LINES = 10_000; // log lines that are kept, the newest
/** What depends on the token: another one may show the job. */
const OF_ONE_LOGIN = new Set([INVALID_TOKEN, NOT_ALLOWED, UNKNOWN_JOB]);
const SPARE_LINES = 1000; // lines beyond that before some are given up, so that this is seldom

export class Feed {
  /** @type {JobView | null} */
  job = null;
  /** Log lines, oldest first. @type {Event[]} */
  lines = [];
  /** Log lines that came before these and are given up. */
  dropped = 0;
  /** The connection was lost since its progress was said: how far it has come meanwhile is not known. */
  isOutdated = false;
  /** Why it cannot be watched. @type {unknown} */
  problem = null;
  /** When it was last heard of, seconds since the epoch by the page's clock: then its times stop. Null while it is heard of. @type {number | null} */
  silentSince = null;

  #bahn;
  #id;
  #last = 0; // number of the newest event
  #isEnded = false;
  #isStopped = false;
  /** @type {Set<Reader>} */
  #readers = new Set();
  /** @type {import("../client/watch.js").Watch | null} */
  #watch = null;
  #stopAwaiting = () => {};
  #stopStates;

  /**
   * @param {Bahn} bahn
   * @param {string} id
   */
  constructor(bahn, id) {
    this.#bahn = bahn;
    this.#id = id;
    this.#stopStates = bahn.onState((state) => {
      if (state !== "live") this.#silence();
    });
    this.#follow();
  }

  /** Whether it has a reader. */
  get isRead() {
    return this.#readers.size > 0;
  }

  /** @param {Reader} reader @returns {() => void}  stops it */
  read(reader) {
    this.#readers.add(reader);
    queueMicrotask(() => {
      if (!this.#readers.has(reader)) return;
      if (this.#isEnded && this.job) reader.onEnd?.(this.job);
      if (this.problem) reader.onProblem?.(this.problem);
    });
    return () => void this.#readers.delete(reader);
  }

  stop() {
    this.#isStopped = true;
    this.#watch?.stop();
    this.#stopStates();
    this.#stopAwaiting();
  }

  #silence() {
    if (this.job) this.silentSince ??= Date.now() / 1000;
  }

  /** It is watched. */
  #heard() {
    this.problem = this.silentSince = null;
  }

  #follow() {
    this.#isEnded = false;
    let isFirst = true;
    this.#watch = this.#bahn.watch(
      this.#id,
      {
        onSnapshot: (job) => {
          this.isOutdated = !isFirst && Boolean(job.progress);
          isFirst = false;
          this.#heard();
          this.job = job;
          this.#each("onChange");
          if (job.progress && !FINAL_STATES.has(job.state)) this.#each("onProgress", job.progress);
        },
        onEvents: (events) => this.#take(events),
        onPlace: (place) => {
          if (this.job) this.job = { ...this.job, place };
          this.#each("onChange");
        },
      },
      this.#last,
    );
    this.#watch.outcome.then(
      (job) => this.#ended(job),
      (error) => this.#refused(error),
    );
  }

  /** @param {unknown} error */
  #refused(error) {
    this.#silence();
    const uri = error instanceof TaskbahnError ? error.uri : "";
    if (OF_ONE_LOGIN.has(uri) && !this.#isStopped) this.#stopAwaiting = onNextLogin(this.#bahn.connection, () => this.#follow());
    if (uri && this.problem instanceof TaskbahnError && this.problem.uri === uri) return; // the readers have heard it
    this.problem = error;
    this.#each("onProblem", error);
    this.#each("onChange");
  }

  /** @param {Event[]} events */
  #take(events) {
    const lines = events.filter(({ kind }) => kind === "log");
    if (lines.length) this.#keep(lines);
    const known = this.job?.number ?? 0; // of the snapshot: it has earlier states already
    const newer = events.filter(({ kind, number }) => kind === "progress" || kind === "question" || number > known);
    if (this.job) this.job = newer.reduce(applyEvent, this.job);
    this.#last = events.reduce((newest, { number }) => Math.max(newest, number), this.#last);
    const progress = newer.findLast(({ kind }) => kind === "progress");
    if (progress || newer.some(({ kind }) => kind === "state")) this.isOutdated = false;
    if (progress) this.#each("onProgress", progress.data);
    this.#each("onChange");
  }

  /** @param {Event[]} lines */
  #keep(lines) {
    for (const line of lines) this.lines.push(line);
    const surplus = this.lines.length - MAX_LINES;
    if (surplus < SPARE_LINES) return;
    this.lines.splice(0, surplus);
    this.dropped += surplus;
  }

  /** @param {JobView} job */
  #ended(job) {
    this.#heard();
    this.job = job;
    this.#isEnded = true;
    this.#each("onEnd", job);
    this.#each("onChange");
    if (!this.#isStopped) this.#stopAwaiting = awaitRetry(this.#bahn.connection, this.#id, () => this.#follow());
  }

  /**
   * @template {keyof Reader} Name
   * @param {Name} name
   * @param {any} [value]
   */
  #each(name, value) {
    for (const reader of this.#readers) runSafely(() => reader[name]?.(/** @type {never} */ (value)));
  }
}

/** @type {WeakMap<Bahn, Map<string, Feed>>} */
const feeds = new WeakMap();

/**
 * Read a job, with all others on the page that read it.
 * @param {Bahn} bahn
 * @param {string} id
 * @param {Reader} reader
 * @returns {{feed: Feed, leave: () => void}}
 */
export function readJob(bahn, id, reader) {
  const ofBahn = feeds.get(bahn) ?? new Map();
  feeds.set(bahn, ofBahn);
  const feed = ofBahn.get(id) ?? new Feed(bahn, id);
  ofBahn.set(id, feed);
  const end = feed.read(reader);
  const leave = () => {
    end();
    if (feed.isRead || ofBahn.get(id) !== feed) return;
    ofBahn.delete(id);
    feed.stop();
  };
  return { feed, leave };
}
