/**
 * Taskbahn for browsers: call tasks, start jobs, watch them live, offer tasks.
 *
 *     import { connect } from "/taskbahn.js";
 *     const bahn = await connect();
 *     const job = await bahn.start("images.thumbnail", ["a.jpg"], { width: 64 });
 *     job.onProgress(({ fraction }) => console.log(fraction));
 *     console.log(await job.result());
 */

import { audit } from "./client/audit.js";
import { retryCall } from "./client/retry-call.js";
import { Connection } from "./client/connection.js";
import { answers, hear } from "./client/answers.js";
import { fromInfo, sentence, TaskbahnError } from "./client/errors.js";
import { s as describe } from "./client/flows.js";
import { uuid7 } from "./client/ids.js";
import { Job } from "./client/job.js";
import { withKeys } from "./client/keyed-session.js";
import { KeyRing } from "./client/keys.js";
import { hasSecrets } from "./client/secrets.js";
import { resultOf } from "./client/outcome.js";
import { Question } from "./client/questions.js";
import { offer } from "./client/offer.js";
import { routerAddress, checkOptions } from "./client/options.js";
import { watchLiveness } from "./client/liveness.js";
import { Schedules } from "./client/schedules.js";
import { resubscribe } from "./client/resubscribe.js";
import { asksForKeys, entryOf, sealedFlow } from "./client/sealing.js";
import { publish, Triggers } from "./client/triggers.js";
import { BROWSER, dial } from "./client/wamp.js";
import { watch } from "./client/watch.js";
import { JOB_CANCEL, JOB_RETRY, JOB_SKIP, SUBMIT, VIEW_QUESTIONS } from "./client/wire.js";

export { chain, chord, group, output, s, si } from "./client/flows.js";
export { FINAL_STATES, RETRIABLE_STATES, STATES } from "./client/states.js";
export { Job, KeyRing, Question, sentence, TaskbahnError };

/** The router that this module came from. */
const HOME = new URL("/ws", import.meta.url.startsWith("http") ? import.meta.url : "http://127.0.0.1:8080").href;

const CALLBACKS = ["on_success", "on_failure", "on_end"]; // which travel with a job as a flow

export class Bahn {
  #stopLiveness;

  /**
   * Begin to connect, and come back whenever the connection is lost, until `close`.
   * @param {object} [options]
   * @param {string} [options.url]  of the router's WebSocket, from where this module was loaded; `/ws` there if left out
   * @param {import("./client/wamp.js").Dial} [options.dial]  opens one session
   * @param {import("./client/login.js").Token} [options.token]  of a node with login, or a function that each connection calls for it
   * @param {Record<string, string> | KeyRing} [options.keys]  by name, as base64: what encrypted jobs say is decrypted in the page
   */
  constructor(options = {}) {
    const { url = HOME, dial: open = dial, token, keys } = checkOptions("connect", options, ["url", "dial", "token", "keys"]);
    /** The keys of this page. */
    this.keys = keys instanceof KeyRing ? keys : new KeyRing(keys);
    this.connection = new Connection(routerAddress(url, HOME), keys ? withKeys(open, this.keys) : open, token);
    this.#stopLiveness = watchLiveness(this.connection);
    this.schedules = new Schedules(this.connection);
    this.triggers = new Triggers(this.connection);
  }

  /** connecting, live, reconnecting or closed. */
  get state() {
    return this.connection.state;
  }

  /** When the next try is made while reconnecting, seconds since the epoch; 0 unless one is due. */
  get retryAt() {
    return this.connection.retryAt;
  }

  /** Who the node says that this is, and the role; null without login. @type {import("./client/wamp.js").Who | null} */
  get who() {
    return this.connection.who;
  }

  /** Why there is no session now; null while there is one. @type {unknown} */
  get failure() {
    return this.connection.failure;
  }

  /**
   * Go on with another token, over the same session if that has a browser token too. It need not be called where `token` is a function.
   * @param {import("./client/login.js").Token} token
   */
  setToken = (token) => this.connection.setToken(token);

  /**
   * Make a browser token, in a backend: the text for one page, which sees and does what it names and nothing else.
   * @param {import("./client/issuing.js").TokenWords} words
   * @returns {Promise<string>}  rejects for a job that this program does not see
   */
  token = async (words) => (await import("./client/issuing.js")).makeToken(this.connection, words); // few pages are backends

  /** Try to connect now instead of at `retryAt`. */
  hurry() {
    this.connection.hurry();
  }

  /**
   * Hear of every change of `state`, and of every new `retryAt`.
   * @param {(state: import("./client/connection.js").ConnectionState) => void} listener
   * @returns {() => void}  stops it
   */
  onState(listener) {
    return this.connection.onState(listener);
  }

  /**
   * Start a job of a task, by its name, or of a flow, of which one job is the whole. It is accepted and durable when this resolves, and
   * stays so when the page goes away. If a job with its id or its unique key is there already, this resolves to that one.
   * @template {string | import("./client/flows.js").Flow} W
   * @param {W} what
   * @param {import("./client/tasks.js").StartGiven<W>} given  arguments, named arguments and options of a task; options of a flow. `id` is
   *   a UUID; what has the same id is the same job
   * @returns {Promise<Job<import("./client/tasks.js").Given<W>>>}
   */
  async start(what, ...given) {
    return this.#start(what, .../** @type {[any?, any?, any?]} */ (given));
  }

  /**
   * @param {string | import("./client/flows.js").Flow} what
   * @param {unknown[] | import("./client/wire.js").Options & {id?: string}} [given]
   * @param {Record<string, unknown>} [kwargs]
   * @param {import("./client/wire.js").Options & import("./client/flows.js").Callbacks & {id?: string}} [options]
   * @returns {Promise<Job>}
   */
  async #start(what, given, kwargs = {}, options = {}) {
    if (typeof what === "string" && CALLBACKS.some((name) => name in options)) {
      const { id, on_success, on_failure, on_end, ...others } = options;
      const callbacks = Object.fromEntries(Object.entries({ on_success, on_failure, on_end }).filter(([, flows]) => flows));
      return this.#start({ ...describe(what, /** @type {unknown[]} */ (given ?? []), kwargs), ...callbacks }, { ...others, ...(id && { id }) });
    }
    const isFlow = typeof what === "object";
    const { id = uuid7(), ...others } = /** @type {import("./client/wire.js").Options & {id?: string}} */ (isFlow ? (given ?? {}) : options);
    const entry = isFlow
      ? { flow: asksForKeys(what) ? await sealedFlow(this.keys, what) : what, id, options: others }
      : await entryOf(this.keys, /** @type {string} */ (what), id, /** @type {unknown[]} */ (given ?? []), kwargs, others);
    const [answer] = await this.ask(SUBMIT, [[entry]]);
    if (typeof answer === "object") throw fromInfo(answer);
    return new Job(this.connection, answer, this.keys, "packed" in entry ? this.keys.names[0] : null);
  }

  /**
   * Publish an event; resolves to the jobs that it starts, when they are durable. Subscribers of the topic hear of it then.
   * @param {string} topic
   * @param {unknown[]} [args]
   * @param {Record<string, unknown>} [kwargs]
   * @param {{id?: string}} [options]  id: published again with the same one, an event starts nothing twice
   * @returns {Promise<Job[]>}
   */
  async publish(topic, args = [], kwargs = {}, options = {}) {
    return publish(this.connection, topic, args, kwargs, options);
  }

  /**
   * A job by its id, to watch, await or cancel it.
   * @template [R=any]
   * @param {string} id
   * @returns {Job<R>}
   */
  job(id) {
    return new Job(this.connection, id, this.keys);
  }

  /**
   * Call a task as a remote procedure: if the connection is lost the call rejects, and the job goes on. Or start a flow and wait for its
   * result, over lost connections.
   * @template {string | import("./client/flows.js").Flow} W
   * @param {W} what
   * @param {import("./client/tasks.js").CallGiven<W, Listening>} given  arguments, named arguments of a task, and how the page listens
   * @returns {Promise<import("./client/tasks.js").Given<W>>}  what the task returned, or the result of the flow
   */
  async call(what, ...given) {
    const [first, kwargs, options] = /** @type {[any?, any?, any?]} */ (given);
    return typeof what === "object" ? this.#callFlow(what, first) : this.#callTask(what, first, kwargs, options);
  }

  /**
   * @param {string} task
   * @param {unknown[]} [args]
   * @param {Record<string, unknown>} [kwargs]
   * @param {Listening} [options]
   * @returns {Promise<any>}
   */
  async #callTask(task, args = [], kwargs = {}, options = {}) {
    const { onProgress, onEvent, signal, encrypt } = checkOptions("call", options, ["onProgress", "onEvent", "signal", "encrypt"]);
    if (encrypt) return this.#callFlow(describe(task, args, kwargs, { encrypt }), { onProgress, onEvent, signal });
    const session = await this.connection.session();
    signal?.throwIfAborted();
    if (session.who?.role === BROWSER) return this.#follow(await this.#start(task, args, kwargs), { onProgress, onEvent, signal });
    const take = (/** @type {{events?: import("./client/wire.js").Event[]}} */ { events = [] }) => hear(events, onProgress, onEvent);
    const call = session.call(task, args, kwargs, onProgress || onEvent ? take : undefined);
    const abort = () => call.cancel("kill");
    signal?.addEventListener("abort", abort);
    return call.result.finally(() => signal?.removeEventListener("abort", abort));
  }

  /**
   * @param {import("./client/flows.js").Flow} flow
   * @param {Listening & import("./client/wire.js").Options} [options]
   */
  async #callFlow(flow, { onProgress, onEvent, signal, ...options } = {}) {
    signal?.throwIfAborted();
    return this.#follow(await this.start(flow, options), { onProgress, onEvent, signal });
  }

  /**
   * @param {Job} job
   * @param {Listening} listening
   */
  #follow(job, { onProgress, onEvent, signal }) {
    const abort = () => void job.cancel().catch(() => undefined); // the result says what became of it
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    const { outcome } = this.watch(job.id, { onEvents: (events) => hear(events, onProgress, onEvent) });
    const result = outcome.then(resultOf).then((shown) => (hasSecrets(shown) ? job.result() : shown)); // no view has secrets
    return result.finally(() => signal?.removeEventListener("abort", abort));
  }

  /**
   * Watch a job by callbacks, events in the batches in which they come.
   * @param {string} id
   * @param {import("./client/watch.js").Watcher} watcher
   * @param {number} [after]  the number of the last event that is known
   */
  watch(id, watcher, after = 0) {
    return watch(this.connection, id, checkOptions("watch", watcher, ["onSnapshot", "onEvents", "onPlace", "onQuestion", "onMembers"]), after, this.keys);
  }

  /**
   * @param {string[]} ids
   * @param {string} [reason]
   * @param {string} [who]  the name of the person who cancels them, if not that of the session
   * @param {string} [query]  by which they were found; the audit shows it
   * @returns {Promise<(import("./client/wire.js").State | TaskbahnError)[]>}  for each the state after it, or why not
   */
  async cancel(ids, reason = "", who = "", query = "") {
    return answers(await this.ask(JOB_CANCEL, [ids], { reason, ...(who && { who }), ...(query && { query }) }));
  }

  /**
   * Have finished jobs that did not succeed tried again.
   * @param {string[]} ids
   * @param {string} [who]  the name of the person who retries them, if not that of the session
   * @param {string} [query]  by which they were found; the audit shows it
   * @returns {Promise<(import("./client/wire.js").State | TaskbahnError)[]>}  for each the state after it, or why not
   */
  async retry(ids, who = "", query = "") {
    const session = await this.connection.session(); // not again and again: it may have been done the first time
    return answers(await session.call(JOB_RETRY, [ids], { ...(who && { who }), ...(query && { query }) }).result);
  }

  /**
   * Let those jobs go on that are held (`if_fails: "hold"`) by jobs that did not succeed: they get null in their places.
   * @param {string[]} ids
   * @param {string} [who]  the name of the person who does so, if not that of the session
   * @returns {Promise<(import("./client/wire.js").State | TaskbahnError)[]>}  for each the state after it, or why not
   */
  async skip(ids, who = "") {
    const session = await this.connection.session(); // not again and again, likewise
    return answers(await session.call(JOB_SKIP, [ids], { ...(who && { who }) }).result);
  }

  /**
   * Ask who did what, newest first. For operators.
   * @param {import("./client/audit.js").AuditQuery} [query]
   * @returns {Promise<{entries: import("./client/audit.js").AuditEntry[], next: number | null}>}  next: `before` of the next page, null at the end
   */
  async audit(query = {}) {
    return audit(this.connection, query);
  }

  /**
   * Ask once for all open questions, those of older jobs first.
   * @param {{job?: string | {id: string}}} [query]  job: only what this one asks
   * @returns {Promise<Question[]>}
   */
  async questions(query = {}) {
    const { job } = checkOptions("questions", query, ["job"]);
    const which = job === undefined ? {} : { job: typeof job === "object" ? job.id : job };
    const found = [];
    for (let after = 0; after !== null; ) {
      const page = await this.ask(VIEW_QUESTIONS, [], { ...which, after, limit: 500 });
      for (const view of page.questions) found.push(new Question(this.connection, view, this.keys));
      after = page.next;
    }
    return found;
  }

  /**
   * Take what is published to a topic, over all reconnects. What is published while there is no connection is missed.
   * @param {string} topic
   * @param {(value: any) => void} handler
   * @param {"exact" | "prefix" | "wildcard"} [match]
   * @returns {Promise<() => void>}  stops it; rejects if the router refuses the subscription
   */
  subscribe(topic, handler, match = "exact") {
    return resubscribe(this.connection, (session) => session.subscribe(topic, handler, match));
  }

  /**
   * Offer a task: this page is a worker with one slot, as long as it is open. Any number of pages may offer the same task.
   * @param {string} task
   * @param {(args: any[], context: import("./client/offer.js").Context) => unknown} run
   * @param {{name?: string}} [options]  name: what this worker is called where workers are shown, in place of a random one
   * @returns {Promise<() => void>}  withdraws it; rejects if the router refuses the offer
   */
  offer(task, run, { name } = {}) {
    return offer(this.connection, task, run, name);
  }

  /**
   * Ask something that is safe to ask twice: it survives reconnects.
   * @param {string} procedure
   * @param {unknown[]} [args]
   * @param {Record<string, unknown>} [kwargs]
   * @returns {Promise<any>}
   */
  ask(procedure, args = [], kwargs = {}) {
    return retryCall(this.connection, (session) => session.call(procedure, args, kwargs).result);
  }

  /** Leave for good. Jobs go on. */
  close() {
    this.#stopLiveness();
    this.connection.close();
  }
}

/**
 * Connect to a router and wait until the connection is live.
 * @param {ConstructorParameters<typeof Bahn>[0]} [options]
 * @returns {Promise<Bahn>}  rejects if the router cannot be reached now
 */
export async function connect(options) {
  const bahn = new Bahn(options);
  return new Promise((resolve, reject) => {
    const stop = bahn.onState((state) => {
      stop();
      if (state === "live") return resolve(bahn);
      const why = bahn.connection.failure;
      bahn.close();
      reject(why);
    });
  });
}

/**
 * @typedef {object} Listening
 * @property {(progress: import("./client/wire.js").Progress) => void} [onProgress]
 * @property {(event: import("./client/wire.js").Event) => void} [onEvent]  everything that happens to the job
 * @property {AbortSignal} [signal]  aborting it cancels the job
 * @property {boolean} [encrypt]  the call is encrypted by the first of `keys`, from end to end
 */
