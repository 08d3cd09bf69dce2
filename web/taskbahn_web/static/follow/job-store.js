/** What a hook knows of a job: one value, another one after each change. Hooks and elements of a page share one watch of a job. */

import { resultOf } from "../client/outcome.js";
import { notify } from "../client/listeners.js";
import { Question, questionKey } from "../client/questions.js";
import { FINAL_STATES } from "../client/states.js";
import { borrowConnection } from "../elements/connections.js";
import { readJob } from "../elements/feed.js";
import { shownFraction, summarizeProgress } from "../shared/how-far.js";
import { TaskbahnError } from "../taskbahn.js";

/**
 * @typedef {import("../taskbahn.js").Bahn} Bahn
 * @typedef {import("../client/wire.js").JobView} JobView
 *
 * @typedef {object} HookOptions
 * @property {Bahn | null} [bahn]  the connection; one that all hooks and elements with the same `url` share if left out
 * @property {string} [url]  of the router's WebSocket; where this module came from if left out
 */

/**
 * @template [R=any]
 * @typedef {object} JobState  a job as it is now; everything is null while there is none
 * @property {import("../client/job.js").Job<R> | null} job  to cancel it, pause it, send it messages
 * @property {import("../client/wire.js").State | null} state  null also while nothing is known of it yet
 * @property {JobView | null} view  all that is known of it
 * @property {Omit<import("../client/wire.js").Progress, "fraction"> & {fraction: number | null} | null} progress  fraction: 0 to 1, 1 only once it has succeeded, or while it runs and says so
 * @property {import("../client/wire.js").Place | null} place  why it does not run yet, and what is before it
 * @property {Question | null} question  the first that is open
 * @property {R | undefined} result  once it has succeeded
 * @property {TaskbahnError | null} error  why it did not succeed, or why it cannot be watched
 * @property {boolean} isEnded  it will not change any more, unless it is retried: it has ended, or cannot be watched
 * @property {"idle" | import("../client/connection.js").ConnectionState} connection  idle: there is no job, or no component shows it yet
 */

const UNSEEN_MS = 1000; // between two changes while the tab is hidden

/** What there is to know without a job. @type {JobState} */
export const NO_JOB = Object.freeze({
  job: null, state: null, view: null, progress: null, place: null, question: null, result: undefined, error: null, isEnded: false, connection: "idle",
});

/**
 * @param {string | {id: string} | null | undefined} job
 * @returns {string}  "" if there is none
 */
export function idOf(job) {
  return (typeof job === "object" ? job?.id : job) || "";
}

export class JobStore {
  /** @type {JobState} */
  #now = NO_JOB;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #id;
  #options;
  #close = () => {};
  #isAsked = false;

  /**
   * @param {string} id  "": there is no job
   * @param {HookOptions} options
   */
  constructor(id, options) {
    this.#id = id;
    this.#options = options;
  }

  /** The value of now, the same one until something changes. */
  read = () => this.#now;

  /**
   * Follow the job as long as there is a listener.
   * @param {() => void} listener
   * @returns {() => void}  stops it
   */
  subscribe = (listener) => {
    const own = () => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1 && this.#id) this.#open();
    return () => {
      if (this.#listeners.delete(own) && !this.#listeners.size) this.#close();
    };
  };

  #open() {
    const borrowed = this.#options.bahn ? null : borrowConnection(this.#options.url ?? "");
    const bahn = this.#options.bahn ?? /** @type {NonNullable<typeof borrowed>} */ (borrowed).bahn;
    const job = bahn.job(this.#id);
    /** Of the question that is shown. @type {Question | null} */
    let question = null;
    let [isOpen, hasOutcome] = [true, false];
    const look = () => {
      this.#isAsked = false;
      const { job: view, problem } = reading.feed;
      const isOver = FINAL_STATES.has(view?.state ?? "");
      hasOutcome &&= isOver; // it was retried
      if (!isOpen || (isOver && !hasOutcome && !problem)) return; // its outcome follows: what came of it is shown at once
      const asked = view?.questions?.[0] ?? null;
      if (!asked || !question || questionKey(asked) !== questionKey(question)) question = asked && new Question(bahn.connection, asked);
      this.#now = stateOf(bahn, job, reading.feed, question);
      notify(this.#listeners, undefined);
    };
    const change = () => {
      if (!this.#isAsked) soon(look);
      this.#isAsked = true;
    };
    const onEnd = () => {
      hasOutcome = true;
      change();
    };
    const reading = readJob(bahn, this.#id, { onChange: change, onEnd, onProblem: change });
    const stopStates = bahn.onState(change);
    this.#close = () => {
      isOpen = false;
      stopStates();
      reading.leave();
      borrowed?.giveBack();
      this.#now = NO_JOB;
    };
    this.#isAsked = false;
    this.#now = { ...NO_JOB, job, connection: bahn.state };
    change();
  }
}

/**
 * @param {Bahn} bahn
 * @param {import("../client/job.js").Job} job
 * @param {import("../elements/feed.js").Feed} feed
 * @param {Question | null} question
 * @returns {JobState}
 */
function stateOf(bahn, job, { job: view, problem }, question) {
  const hasOutcome = FINAL_STATES.has(view?.state ?? "");
  const { result, error } = view && hasOutcome ? outcomeOf(view) : { result: undefined, error: null };
  const isEnded = hasOutcome || Boolean(problem); // nothing more is heard of a job that cannot be watched
  return {
    job, view, question: isEnded ? null : question, result, isEnded,
    state: view?.state ?? null,
    progress: view && progressOf(view),
    place: (!isEnded && view?.place) || null,
    error: problem ? toError(problem) : error,
    connection: bahn.state,
  };
}

/** @param {JobView} view @returns {JobState["progress"]} */
function progressOf({ progress, state }) {
  if (!progress && state !== "succeeded") return null;
  return { ...progress, fraction: shownFraction(state, summarizeProgress(progress).fraction) };
}

/** @param {JobView} view  of a job that has ended @returns {{result: any, error: TaskbahnError | null}} */
function outcomeOf(view) {
  try {
    return { result: resultOf(view), error: null };
  } catch (error) {
    return { result: undefined, error: toError(error) };
  }
}

/** @param {unknown} error */
function toError(error) {
  return error instanceof TaskbahnError ? error : new TaskbahnError(error instanceof Error ? error.message : String(error));
}

/** Before the next frame, or a little later in a hidden tab, which has no frames. @param {() => void} look */
function soon(look) {
  if (typeof requestAnimationFrame !== "function") return queueMicrotask(look);
  let isDone = false;
  const once = () => {
    if (!isDone) look();
    isDone = true;
  };
  requestAnimationFrame(once);
  setTimeout(once, UNSEEN_MS);
}
