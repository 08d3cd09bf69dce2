/**
 * The one module that touches wampy: a WAMP session as four verbs, over one WebSocket, until that closes.
 * It never reconnects; `connection.js` does, with a new session, so that no state of an old one is left.
 */

import { connectionLost, TaskbahnError } from "./errors.js";
import { Errors, Wampy } from "./wampy.js";
import { REALM } from "./wire.js";

/**
 * @typedef {object} PendingCall
 * @property {Promise<any>} result  the first positional value of the answer
 * @property {(mode?: "kill" | "killnowait") => void} cancel
 *
 * @typedef {object} Session
 * @property {(procedure: string, args: unknown[], kwargs?: Record<string, unknown>, onProgress?: (value: any) => void) => PendingCall} call
 * @property {(topic: string, handler: (value: any) => void, match?: "exact" | "prefix" | "wildcard") => Promise<() => void>} subscribe
 * @property {(procedure: string, handler: Callee) => Promise<() => void>} register
 * @property {() => void} close
 *
 * @typedef {(args: unknown[], kwargs: Record<string, unknown>, progress: (value: unknown) => void) => unknown} Callee
 *
 * @typedef {(url: string, onClose: () => void) => Promise<Session>} Dial
 */

/** @type {Dial} */
export async function dial(url, onClose) {
  // loose: strict is wampy's word for a rule of its own that refuses the hyphens of `taskbahn.job.<id>`
  const options = { realm: REALM, autoReconnect: false, uriValidation: "loose" };
  const wampy = new Wampy(url, { ...options, onClose: () => (onClose(), session.closed()) });
  const session = new WampySession(wampy);
  try {
    await wampy.connect();
  } catch (error) {
    throw translated(error);
  }
  return session;
}

/**
 * Whatever is asked is answered, or rejected once the owner knows that the session is over. wampy rejects a little earlier
 * than that, and never what is asked in between.
 * @implements {Session}
 */
class WampySession {
  /** @type {Set<(error: Error) => void>} */
  #unanswered = new Set();
  #isOver = false;
  #wampy;

  /** @param {Wampy} wampy */
  constructor(wampy) {
    this.#wampy = wampy;
  }

  /** @type {Session["call"]} */
  call(procedure, args, kwargs = {}, onProgress) {
    const progress_callback = onProgress && ((/** @type {import("./wampy.js").Payload} */ { argsList }) => onProgress(argsList?.[0]));
    const answered = this.#wampy.call(procedure, { argsList: args, argsDict: kwargs }, progress_callback ? { progress_callback } : {});
    const request = this.#wampy.getOpStatus().reqId; // of the call just made, if read at once
    const cancel = (/** @type {"kill" | "killnowait"} */ mode = "kill") => {
      try {
        this.#wampy.cancel(request, { mode });
      } catch {
        // it has been answered meanwhile
      }
    };
    return { result: this.#answer(answered).then(({ argsList }) => argsList?.[0]), cancel };
  }

  /** @type {Session["subscribe"]} */
  async subscribe(topic, handler, match = "exact") {
    const onEvent = (/** @type {import("./wampy.js").Payload} */ { argsList }) => handler(argsList?.[0]);
    const { subscriptionId } = await this.#answer(this.#wampy.subscribe(topic, onEvent, { match, get_retained: false }));
    return () => void this.#wampy.unsubscribe(subscriptionId, onEvent).catch(() => {});
  }

  /** @type {Session["register"]} */
  async register(procedure, handler) {
    const run = async (/** @type {import("./wampy.js").Invocation} */ { argsList = [], argsDict = {}, result_handler }) => {
      const progress = (/** @type {unknown} */ value) => result_handler({ argsList: [value], options: { progress: true } });
      try {
        return { argsList: [await handler(argsList, argsDict, progress)] };
      } catch (error) {
        throw invocationError(error);
      }
    };
    await this.#answer(this.#wampy.register(procedure, run));
    return () => void this.#wampy.unregister(procedure).catch(() => {});
  }

  close() {
    void this.#wampy.disconnect();
    this.closed();
  }

  /** The WebSocket is closed. */
  closed() {
    this.#isOver = true;
    for (const reject of this.#unanswered) reject(connectionLost());
    this.#unanswered.clear();
  }

  /**
   * @template T
   * @param {Promise<T>} answered
   * @returns {Promise<T>}
   */
  #answer(answered) {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(connectionLost());
      this.#unanswered.add(reject);
      const done = (/** @type {() => void} */ settle) => {
        this.#unanswered.delete(reject);
        settle();
      };
      answered.then(
        (value) => done(() => resolve(value)),
        (error) => error instanceof Errors.WebsocketError || done(() => reject(translated(error))),
      );
    });
  }
}

/**
 * @param {unknown} error
 * @returns {import("./wampy.js").InvocationError}
 */
function invocationError(error) {
  if (error instanceof TaskbahnError) return { error: error.uri, argsList: [error.message], argsDict: error.detail };
  const [name, message] = error instanceof Error ? [error.name, error.message] : ["Error", String(error)];
  return { error: `javascript.${name.toLowerCase()}`, argsList: [message] };
}

/**
 * @param {unknown} error
 * @returns {Error}
 */
function translated(error) {
  if (error instanceof Errors.WampError) {
    return new TaskbahnError(String(error.argsList?.[0] ?? error.errorUri), error.errorUri, error.argsDict);
  }
  if (error instanceof Errors.AbortError) {
    return new TaskbahnError(error.details?.message ?? `the router refused the session: ${error.errorUri}`, error.errorUri);
  }
  if (error instanceof Errors.WebsocketError) return connectionLost();
  return error instanceof Error ? error : new TaskbahnError(String(error));
}
