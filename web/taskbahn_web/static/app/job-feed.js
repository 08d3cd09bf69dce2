/** One job as it lives: the newest view of it, its log and its chunks, from one watch that begins anew after a retry. */

import { signal } from "@preact/signals";

import { JOB_TOPIC } from "../client/wire.js";
import { applied } from "../shared/job-view.js";
import { FINAL_STATES, sentence } from "../taskbahn.js";
import { atOnce } from "./frame.js";
import { bahn, onLive } from "./live.js";

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
  #isOpen = true;
  #isEnded = false; // the watch, with the job or for another reason
  /** @type {import("../client/watch.js").Watch | null} */
  #watch = null;
  /** What is known, drawn or not. @type {{job: JobView | null, log: Event[], chunks: Event[]}} */
  #now = { job: null, log: [], chunks: [] };
  #draw = atOnce(() => this.#drawn());

  /** @param {string} id */
  constructor(id) {
    this.#id = id;
  }

  /** Follow the job. @returns {() => void}  stops it */
  open() {
    this.follow();
    const stopAgain = onLive(() => this.#isEnded && this.follow()); // retried meanwhile, or the node stopped in an orderly way
    const topic = bahn.subscribe(JOB_TOPIC + this.#id, (/** @type {Event[]} */ events) => {
      const moved = events.findLast(({ kind }) => kind === "state");
      if (this.#isEnded && moved && !FINAL_STATES.has(moved.data.state)) this.follow(); // somebody retried it
    });
    return () => {
      this.#isOpen = false;
      stopAgain();
      void topic.then((stop) => stop(), () => {});
      this.#watch?.stop();
    };
  }

  /** Begin anew after the newest event that is known. */
  follow() {
    this.#isEnded = false;
    this.problem.value = "";
    this.#watch?.stop();
    const watch = bahn.watch(
      this.#id,
      {
        onSnapshot: (job) => this.#take({ job }),
        onEvents: (events) => this.#happened(events),
        onPlace: (place) => this.#now.job && this.#take({ job: { ...this.#now.job, place } }),
      },
      this.#last,
    );
    this.#watch = watch;
    watch.outcome.then(
      (job) => {
        this.#isEnded = true;
        this.#take({ job });
      },
      (error) => {
        this.#isEnded = true;
        if (this.#isOpen) this.problem.value = sentence(error);
      },
    );
  }

  /** @param {{job: JobView}} known */
  #take({ job }) {
    this.#now.job = job;
    this.#draw();
  }

  /** @param {Event[]} events */
  #happened(events) {
    const now = this.#now;
    now.log = lengthened(now.log, events, "log");
    now.chunks = lengthened(now.chunks, events, "chunk");
    this.#last = events.reduce((last, { number }) => Math.max(last, number), this.#last);
    if (now.job) now.job = events.reduce(applied, now.job);
    this.#draw();
  }

  #drawn() {
    const { job, log, chunks } = this.#now;
    [this.job.value, this.log.value, this.chunks.value] = [job, log, chunks];
  }
}

/**
 * @param {Event[]} known
 * @param {Event[]} events
 * @param {Event["kind"]} kind
 * @returns {Event[]}  the same list if nothing of that kind came
 */
function lengthened(known, events, kind) {
  const fresh = events.filter((event) => event.kind === kind);
  return fresh.length ? [...known, ...fresh].slice(-MOST_LINES) : known;
}
