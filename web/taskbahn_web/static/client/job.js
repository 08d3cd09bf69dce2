/** One accepted job, as a client holds it. */

import { retryCall } from "./retry-call.js";
import { fromInfo } from "./errors.js";
import { stringifyStrict } from "./exact-json.js";
import { uuid7 } from "./ids.js";
import { LatestValue } from "./latest-value.js";
import { answerQuestion } from "./questions.js";
import { resultOf } from "./outcome.js";
import { keyOf, readable } from "./revealing.js";
import { hasSecrets, openedResult } from "./secrets.js";
import { watch } from "./watch.js";
import { JOB_CANCEL, JOB_EXPLAIN, JOB_GET, JOB_GRAPH, JOB_MEMBERS, JOB_PAUSE, JOB_RESUME, JOB_RETRY, JOB_SEND, JOB_SKIP, JOB_WAIT } from "./wire.js";

/**
 * @typedef {import("./wire.js").Event
 *   | {kind: "snapshot", data: import("./wire.js").JobView}
 *   | {kind: "outcome", data: import("./wire.js").JobView}} JobEvent
 */

/** @template [R=any]  what it returns */
export class Job {
  #connection;
  #ring;
  /** The name of its key; "" if it is not encrypted, null if that is not known here. @type {string | null} */
  #key;
  /** One watch for all listeners and for the result. @type {{watch: import("./watch.js").Watch, result: Promise<R>} | null} */
  #following = null;
  /** The page waits for the result, so the watch stays when the last listener goes. */
  #isAwaited = false;
  #progress = new LatestValue(/** @type {import("./wire.js").Progress | null} */ (null));
  #place = new LatestValue(/** @type {import("./wire.js").Place | null} */ (null));
  #question = new LatestValue(/** @type {import("./questions.js").Question | null} */ (null));

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {string} id
   * @param {import("./keys.js").KeyRing} [ring]
   * @param {string | null} [key]  its name
   */
  constructor(connection, id, ring = undefined, key = null) {
    this.#connection = connection;
    this.#ring = ring;
    this.#key = key;
    this.id = id;
  }

  /** A new id for a job, to be given to it by the option `id` of `start`. */
  static newId() {
    return uuid7();
  }

  /**
   * Everything that happens to the job: the snapshot, then every event, then the outcome. Survives reconnects.
   * @param {number} [after]  the number of the last event that is known
   * @returns {AsyncGenerator<JobEvent, void, void>}
   */
  async *events(after = 0) {
    /** @type {JobEvent[]} */
    let queue = [];
    let wake = () => {};
    const put = (/** @type {JobEvent[]} */ events) => {
      queue.push(...events);
      wake();
    };
    let shown = false;
    const onSnapshot = (/** @type {import("./wire.js").JobView} */ data) => {
      if (!shown) put([{ kind: "snapshot", data }]);
      shown = true;
    };
    const watching = watch(this.#connection, this.id, { onSnapshot, onEvents: put }, after, this.#ring);
    /** @type {unknown} */
    let failure;
    let isOver = false;
    watching.outcome
      .then((data) => put([{ kind: "outcome", data }]), (error) => (failure = error))
      .finally(() => ((isOver = true), wake()));
    try {
      for (;;) {
        const batch = queue;
        queue = [];
        yield* batch;
        if (queue.length) continue;
        if (failure) throw failure;
        if (isOver) return;
        await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
    } finally {
      watching.stop();
    }
  }

  /**
   * What the task sends piece by piece, in order: all from the first, then those that come. An attempt after a failed one sends its own
   * from the start, with its number.
   * @returns {AsyncGenerator<{value: any, attempt: number}, void, void>}  ends with the job; rejects with a `TaskbahnError` if it did not succeed
   */
  async *chunks() {
    for await (const event of this.events()) {
      if (event.kind === "chunk") yield { value: event.data, attempt: event.attempt ?? 0 };
      else if (event.kind === "outcome") resultOf(event.data);
    }
  }

  /**
   * Hear how far it is: the known progress at once, then each new one.
   * @param {(progress: import("./wire.js").Progress) => void} listener
   * @returns {() => void}  stops it
   */
  onProgress(listener) {
    return this.#listen(this.#progress, (progress) => progress && listener(progress));
  }

  /**
   * Hear why it does not run yet, how many jobs are before it, and when it is expected to start; null once it waits no more.
   * @param {(place: import("./wire.js").Place | null) => void} listener
   * @returns {() => void}  stops it
   */
  onPlace(listener) {
    return this.#listen(this.#place, listener);
  }

  /**
   * Hear what it asks: the first question that is open, also one that is known, and the next once that is closed; null once none is
   * open.
   * @param {(question: import("./questions.js").Question | null) => void} listener
   * @returns {() => void}  stops it
   */
  onQuestion(listener) {
    return this.#listen(this.#question, listener);
  }

  /**
   * Answer a question that it asks: the first answer that fits counts.
   * @param {string} name  of the question
   * @param {unknown} value
   * @param {string} [who]  who answers
   * @returns {Promise<void>}  rejects if the answer does not fit, or if the question is open no more
   */
  async answer(name, value, who) {
    return answerQuestion(this.#connection, this.id, name, await this.#sealed(value, "answer", name), who);
  }

  /** @param {unknown} value @param {string} purpose @param {string} [more] */
  async #sealed(value, purpose, more) {
    if (!this.#ring || this.#ring.isEmpty) return value;
    this.#key ??= keyOf(await this.view());
    return this.#key ? this.#ring.encrypt(stringifyStrict(value), purpose, this.id, more, this.#key) : value;
  }

  /**
   * Send a message into its inbox.
   * @param {unknown} message
   * @returns {Promise<number>}  the number of the message, from 1; rejects if the job has ended
   */
  async send(message) {
    const sealed = await this.#sealed(message, "message");
    const session = await this.#connection.session(); // not again and again: the message may have come the first time
    return session.call(JOB_SEND, [this.id, sealed]).result;
  }

  /**
   * Wait for the end, as long as that takes.
   * @returns {Promise<R>}  what the task returned; rejects with a `TaskbahnError` if it did not succeed
   */
  result() {
    this.#isAwaited = true;
    return this.#follow().result.then((shown) => (hasSecrets(shown) ? this.#outcome() : shown));
  }

  /** What the task returned, with the secrets that no view has. */
  async #outcome() {
    const { outcomes } = await retryCall(this.#connection, (session) => session.call(JOB_WAIT, [[this.id]]).result);
    return readable(openedResult(outcomes[0]));
  }

  /**
   * Ask once what is known of it: state, arguments, progress, result, error, attempts.
   * @returns {Promise<import("./wire.js").JobView>}  rejects if there is no such job
   */
  view() {
    return retryCall(this.#connection, (session) => session.call(JOB_GET, [this.id]).result);
  }

  /**
   * Ask once what is between the job and its start; what is closed comes first.
   * @returns {Promise<import("./graph.js").WaitReason[]>}  empty once it has started; rejects if there is no such job
   */
  explain() {
    return retryCall(this.#connection, (session) => session.call(JOB_EXPLAIN, [this.id]).result);
  }

  /**
   * Ask once for a page of the jobs that belong to this one, in the order of their acceptance.
   * @param {{after?: number, limit?: number, state?: string | string[]}} [options]  after: the `next` of the page before
   * @returns {Promise<{jobs: import("./wire.js").JobView[], next: number | null}>}  rejects if there is no such job
   */
  members(options = {}) {
    return retryCall(this.#connection, (session) => session.call(JOB_MEMBERS, [this.id], { ...options }).result);
  }

  /**
   * Ask once for the job with its members and what waits for what; of a job without members, for what is next to it.
   * @returns {Promise<import("./graph.js").JobGraph>}  rejects if there is no such job
   */
  graph() {
    return retryCall(this.#connection, (session) => session.call(JOB_GRAPH, [this.id]).result);
  }

  /**
   * Make a browser token, in a backend: the text for a page that sees this job, with what belongs to it.
   * @param {import("./issuing.js").JobWords} [words]  what the page may do with it
   * @returns {Promise<string>}
   */
  token = async (words = {}) => (await import("./issuing.js")).makeJobToken(this.#connection, this.id, words); // few pages are backends

  /**
   * @param {string} [reason]
   * @returns {Promise<import("./wire.js").State>}  the state after it; a job that has ended stays what it is
   */
  async cancel(reason = "") {
    return this.#change((session) => session.call(JOB_CANCEL, [[this.id]], { reason }).result);
  }

  /**
   * Start neither it nor any of its tree until it is resumed; a task that runs waits where it checks.
   * @param {string} [reason]
   * @returns {Promise<import("./wire.js").State>}  the state after it; rejects if it has ended
   */
  async pause(reason = "") {
    return this.#change((session) => session.call(JOB_PAUSE, [[this.id]], { reason }).result);
  }

  /**
   * Let go on what `pause` holds.
   * @returns {Promise<import("./wire.js").State>}  the state after it; rejects if it has ended
   */
  async resume() {
    return this.#change((session) => session.call(JOB_RESUME, [[this.id]]).result);
  }

  /**
   * Let those jobs go on that are held (`if_fails: "hold"`) by this one, which did not succeed: they get null in its place.
   * @returns {Promise<import("./wire.js").State>}  its state, which stays; rejects if no job is held by it
   */
  async skip() {
    return this.#changeOnce(JOB_SKIP);
  }

  /**
   * Start it once more; it must have failed, expired or been cancelled. Listeners go on, and `result` is that of the new attempts.
   * @returns {Promise<import("./wire.js").State>}  the state after it; rejects in any other state
   */
  async retry() {
    const state = await this.#changeOnce(JOB_RETRY);
    this.#following = null; // its watch has ended, or ends with the outcome before
    this.#isAwaited = false;
    for (const newest of [this.#progress, this.#place, this.#question]) newest.forget();
    if (this.#isHeard) this.#follow().result.catch(() => {});
    return state;
  }

  /** @param {string} procedure  that must not run twice, for a list of this job alone */
  async #changeOnce(procedure) {
    const session = await this.#connection.session(); // not again and again: it may have been done the first time
    const [answer] = await session.call(procedure, [[this.id]]).result;
    if (typeof answer === "object") throw fromInfo(answer);
    return answer;
  }

  /** @param {(session: import("./wamp.js").Session) => Promise<any>} ask  for a list of this job alone, as often as it takes */
  async #change(ask) {
    const [answer] = await retryCall(this.#connection, ask);
    if (typeof answer === "object") throw fromInfo(answer);
    return answer;
  }

  /**
   * @template T
   * @param {LatestValue<T>} newest
   * @param {(value: T) => void} listener
   */
  #listen(newest, listener) {
    const stop = newest.listen(listener);
    this.#follow().result.catch(() => {}); // `result` reports a failure; a listener does not
    return () => {
      stop();
      if (this.#isAwaited || this.#isHeard) return;
      this.#following?.watch.stop();
      this.#following = null;
      this.#place.set(null); // what comes of them now is not heard
      this.#question.set(null);
    };
  }

  get #isHeard() {
    return [this.#progress, this.#place, this.#question].some(({ isHeard }) => isHeard);
  }

  #follow() {
    if (this.#following) return this.#following;
    const watching = watch(this.#connection, this.id, {
      onSnapshot: ({ progress }) => progress && this.#progress.set(progress),
      onEvents: (events) => {
        const newest = events.findLast(({ kind }) => kind === "progress");
        if (newest) this.#progress.set(newest.data);
      },
      onPlace: (place) => this.#place.set(place),
      onQuestion: (question) => this.#question.set(question),
    }, 0, this.#ring);
    return (this.#following = { watch: watching, result: watching.outcome.then(resultOf) });
  }
}
