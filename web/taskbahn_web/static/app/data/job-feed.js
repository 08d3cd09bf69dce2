/** One job as it lives: the newest view of it, its log and its chunks, from one watch that begins again after a retry. */

import { signal } from "@preact/signals";

import { awaitRetry } from "../../client/await-retry.js";
import { JOB_EVENTS, JOB_GET } from "../../client/wire.js";
import { applyEvent } from "../../shared/job-view.js";
import { sentence, TaskbahnError } from "../../taskbahn.js";
import { drawPromptly } from "../core/frame.js";
import { bahn, now, onLive } from "./live.js";

/**
 * @typedef {import("../../client/wire.js").JobView} JobView
 * @typedef {import("../../client/wire.js").Event} Event
 */

const MAX_LINES = 5000; // log lines and chunks that are kept here, the newest, unless the reader asks for the rest
const DELETION_CHECK_SECONDS = 10; // seconds, for a job that is due to be deleted
const MAX_TIMER_SECONDS = 86_400; // seconds that a timer runs
const UNKNOWN_JOB = "taskbahn.error.unknown_job";

export class JobFeed {
  /** @type {import("@preact/signals").Signal<JobView | null>} */
  job = signal(null);
  /** @type {import("@preact/signals").Signal<Event[]>} */
  log = signal([]);
  /** @type {import("@preact/signals").Signal<Event[]>} */
  chunks = signal([]);
  /** Log lines that are left out, the oldest. @type {import("@preact/signals").Signal<number>} */
  left = signal(0);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");
  /** The node has deleted it; what is known of it stays. */
  isRemoved = signal(false);

  #id;
  #last = 0; // number of the newest event
  #isOpen = true;
  #most = MAX_LINES;
  #isEnded = false; // the watch, with the job or for another reason
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #look;
  /** @type {import("../../client/watch.js").Watch | null} */
  #watch = null;
  #stopAwaiting = () => {};
  /** What is known, drawn or not. @type {{job: JobView | null, log: Event[], left: number, chunks: Event[]}} */
  #now = { job: null, log: [], left: 0, chunks: [] };
  #draw = drawPromptly(() => this.#drawn());

  /** @param {string} id */
  constructor(id) {
    this.#id = id;
  }

  /** Follow the job. @returns {() => void}  stops it */
  open() {
    this.follow();
    const stopAgain = onLive(() => this.#isEnded && this.follow()); // the node stopped in an orderly way
    return () => {
      this.#isOpen = false;
      clearTimeout(this.#look);
      stopAgain();
      this.#stopAwaiting();
      this.#watch?.stop();
    };
  }

  /** Watch again, after the newest known event. */
  follow() {
    this.#isEnded = false;
    clearTimeout(this.#look);
    this.problem.value = "";
    this.#stopAwaiting();
    this.#watch?.stop();
    const watch = bahn.watch(
      this.#id,
      {
        onSnapshot: (job) => this.#take({ job }),
        onEvents: (events) => this.#happened(events),
        onMembers: (members) => this.#now.job && this.#take({ job: { ...this.#now.job, members } }),
        onPlace: (place) => this.#now.job && this.#take({ job: { ...this.#now.job, place } }),
      },
      this.#last,
    );
    this.#watch = watch;
    watch.outcome.then(
      (job) => {
        this.#isEnded = true;
        this.#take({ job });
        if (!this.#isOpen) return;
        this.#stopAwaiting = awaitRetry(bahn.connection, this.#id, () => this.follow());
        this.#lookLater();
      },
      (error) => {
        this.#isEnded = true;
        if (this.#isOpen) this.#failed(error);
      },
    );
  }

  /** @param {unknown} error */
  #failed(error) {
    if (this.#now.job && isUnknownJob(error)) this.isRemoved.value = true;
    else this.problem.value = sentence(error);
  }

  /** The node publishes no event when it deletes a job. So the page asks for the job now and then once it is due to be deleted. */
  #lookLater() {
    clearTimeout(this.#look);
    const { kept_until: until } = this.#now.job ?? {};
    if (!until || !this.#isOpen || !this.#isEnded) return;
    const seconds = Math.min(MAX_TIMER_SECONDS, Math.max(DELETION_CHECK_SECONDS, until - now.peek()));
    this.#look = setTimeout(() => (now.peek() < until ? this.#lookLater() : this.#lookForIt()), seconds * 1000);
  }

  #lookForIt() {
    bahn.ask(JOB_GET, [this.#id]).then(
      () => this.#lookLater(),
      (error) => (isUnknownJob(error) && this.#isEnded ? this.#failed(error) : this.#lookLater()),
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
    const log = appendEvents(now.log, events, "log");
    now.log = newestOf(log, this.#most);
    now.left += log.length - now.log.length;
    now.chunks = newestOf(appendEvents(now.chunks, events, "chunk"), MAX_LINES);
    this.#last = events.reduce((last, { number }) => Math.max(last, number), this.#last);
    if (now.job) now.job = events.reduce(applyEvent, now.job);
    this.#draw();
  }

  /** Load the log lines that are left out, and keep all that come. */
  async loadRest() {
    this.#most = Infinity;
    const [first] = this.#now.log;
    /** @type {Event[]} */
    const earlier = [];
    try {
      for (let after = 0, isMore = true; isMore; ) {
        const { events } = /** @type {{events: Event[]}} */ (await bahn.ask(JOB_EVENTS, [this.#id], { after }));
        earlier.push(...events.filter(({ kind, number }) => kind === "log" && number < first.number));
        after = events.at(-1)?.number ?? after;
        isMore = events.length > 0 && after < first.number;
      }
    } catch (error) {
      this.problem.value = sentence(error);
      return;
    }
    this.#now.log = [...earlier, ...this.#now.log];
    this.#now.left = 0; // what the node does not keep is gone
    this.#draw();
  }

  #drawn() {
    const { job, log, left, chunks } = this.#now;
    [this.job.value, this.log.value, this.left.value, this.chunks.value] = [job, log, left, chunks];
  }
}

/** @param {unknown} error */
function isUnknownJob(error) {
  return error instanceof TaskbahnError && error.uri === UNKNOWN_JOB;
}

/**
 * @param {Event[]} known
 * @param {Event[]} events
 * @param {Event["kind"]} kind
 * @returns {Event[]}  the same list if nothing of that kind came
 */
function appendEvents(known, events, kind) {
  const fresh = events.filter((event) => event.kind === kind);
  return fresh.length ? [...known, ...fresh] : known;
}

/** @param {Event[]} events @param {number} most @returns {Event[]}  the same list if it is not longer */
function newestOf(events, most) {
  return events.length > most ? events.slice(-most) : events;
}
