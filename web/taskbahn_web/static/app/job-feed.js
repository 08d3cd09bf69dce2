/** One job as it lives: the newest view of it, its log and its chunks, from one watch that begins anew after a retry. */

import { signal } from "@preact/signals";

import { FINAL_STATES, sentence } from "../taskbahn.js";
import { bahn, onChanges } from "./live.js";

/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/wire.js").Event} Event
 */

const MOST_LINES = 5000; // log lines and chunks that are kept here, the newest

export class JobFeed {
  /** @type {import("@preact/signals").Signal<JobView | null>} */
  job = signal(null);
  /** @type {import("@preact/signals").Signal<Event[]>} */
  log = signal([]);
  /** @type {import("@preact/signals").Signal<Event[]>} */
  chunks = signal([]);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #id;
  #last = 0; // number of the newest event
  #isEnded = false;
  /** @type {import("../client/watch.js").Watch | null} */
  #watch = null;

  /** @param {string} id */
  constructor(id) {
    this.#id = id;
  }

  /** Follow the job. @returns {() => void}  stops it */
  open() {
    this.#follow();
    const stop = onChanges((changes) => {
      const change = changes.find(({ id }) => id === this.#id);
      if (this.#isEnded && change?.state && !FINAL_STATES.has(change.state)) this.#follow(); // somebody retried it
    });
    return () => {
      stop();
      this.#watch?.stop();
    };
  }

  #follow() {
    this.#isEnded = false;
    this.#watch = bahn.watch(
      this.#id,
      { onSnapshot: (job) => (this.job.value = job), onEvents: (events) => this.#take(events) },
      this.#last,
    );
    this.#watch.outcome.then(
      (job) => {
        this.job.value = job;
        this.#isEnded = true;
      },
      (error) => (this.problem.value = sentence(error)),
    );
  }

  /** @param {Event[]} events */
  #take(events) {
    const log = events.filter(({ kind }) => kind === "log");
    const chunks = events.filter(({ kind }) => kind === "chunk");
    if (log.length) this.log.value = [...this.log.value, ...log].slice(-MOST_LINES);
    if (chunks.length) this.chunks.value = [...this.chunks.value, ...chunks].slice(-MOST_LINES);
    this.#last = Math.max(this.#last, ...events.map(({ number }) => number));
    if (this.job.value) this.job.value = events.reduce(applied, this.job.value);
  }
}

/**
 * @param {JobView} job
 * @param {Event} event
 * @returns {JobView}  the job after it
 */
export function applied(job, { kind, data, at }) {
  if (kind === "progress") return { ...job, progress: data };
  if (kind !== "state") return job;
  const { state, attempt = job.attempt, worker, error, due_at = null } = data;
  const attempts = job.attempts ?? [];
  if (state === "running") {
    const begun = { attempt, worker: worker ?? "", started_at: at, outcome: "" };
    const earlier = attempts.filter((known) => known.attempt !== attempt);
    return { ...job, state, attempt, worker, started_at: at, finished_at: null, due_at, progress: null, error: null, attempts: [...earlier, begun] };
  }
  const isFinal = FINAL_STATES.has(state);
  const outcome = isFinal ? state : error ? "failed" : "handed_back";
  const ended = attempts.map((known) => (known.outcome ? known : { ...known, ended_at: at, outcome, error: error ?? null }));
  return { ...job, state, attempt, due_at, error: error ?? null, finished_at: isFinal ? at : null, attempts: ended };
}
