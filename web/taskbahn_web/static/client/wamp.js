/**
 * The one module that speaks with wampy (as `wampy-fixes.js` has it): a WAMP session as four verbs, over one WebSocket, until that closes.
 * It never reconnects; `connection.js` does, with a new session, so that no state of an old one is left.
 */

import { connectionLost, TaskbahnError } from "./errors.js";
import { Invocations } from "./invocations.js";
import { runSafely } from "./listeners.js";
import { loginOptions, loginRefusal, textOf } from "./login.js";
import { FixedWampy } from "./wampy-fixes.js";
import { Errors } from "./wampy.js";
import { REALM } from "./wire.js";

/** The role of a session that a browser token has opened: it starts jobs and follows them, and calls no task itself. */
export const BROWSER = "browser";
const NOT_AUTHORIZED = "wamp.error.not_authorized";

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
 * @property {Who | null} [who]  null on a node without login
 *
 * @typedef {object} Who
 * @property {string} name  who made the token
 * @property {string} role  client, worker, viewer, operator, admin; browser: what a browser token names
 * @property {string} [token]  the id of the browser token of now, by which an admin revokes it
 * @property {boolean} [hasPassword]  of a user who changes it by `taskbahn.user.password`
 *
 * @typedef {(args: any[], kwargs: Record<string, unknown>, progress: (value: unknown) => void, signal: AbortSignal) => unknown} Callee
 *
 * @typedef {{handlers: Set<(value: any) => void>, undo: Promise<() => Promise<void>>}} Topic
 *
 * @typedef {(url: string, onClose: () => void, token?: import("./login.js").Token) => Promise<Session>} Dial
 */

/** @type {Dial} */
export async function dial(url, onClose, token) {
  // loose: strict is wampy's word for a rule of its own that refuses the hyphens of `taskbahn.job.<id>`
  // ws: in Node.js wampy does not look for the WebSocket that is there since version 22
  const fixed = { realm: REALM, autoReconnect: false, uriValidation: "loose", ws: globalThis.WebSocket };
  const options = { ...fixed, ...(token && loginOptions(await textOf(token))) };
  const invocations = new Invocations();
  const onEnd = () => (onClose(), session.closed());
  const wampy = new FixedWampy(url, { ...options, onClose: onEnd }, (request) => invocations.interrupt(request));
  const session = new WampySession(wampy, invocations);
  try {
    const { authid, authrole, authmethod, authextra } = await wampy.connect();
    if (authmethod === "ticket") session.who = { ...whoIs(authid, authrole), ...(authextra?.has_password && { hasPassword: true }) };
  } catch (error) {
    throw translateError(error);
  }
  return session;
}

/** @param {string} authid @param {string} role @returns {Who} */
function whoIs(authid, role) {
  const cut = role === BROWSER ? authid.lastIndexOf("/") : -1; // the name of a session is that of the maker and the id of the token
  return cut < 0 ? { name: authid, role } : { name: authid.slice(0, cut), role, token: authid.slice(cut + 1) };
}

/**
 * Each call is answered, or rejected once the owner knows that the session is over. wampy rejects a little earlier
 * than that, and never what is asked in between.
 * @implements {Session}
 */
class WampySession {
  /** @type {Set<(error: Error) => void>} */
  #unanswered = new Set();
  /** By match and topic: wampy forgets a handler if another one subscribes while it waits. @type {Map<string, Topic>} */
  #topics = new Map();
  #isOver = false;
  /** Who the node says that this is. @type {Who | null} */
  who = null;
  #wampy;
  #invocations;

  /**
   * @param {FixedWampy} wampy
   * @param {Invocations} invocations
   */
  constructor(wampy, invocations) {
    this.#wampy = wampy;
    this.#invocations = invocations;
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
    const key = `${match} ${topic}`;
    const entry = this.#topics.get(key) ?? this.#subscription(topic, match);
    this.#topics.set(key, entry);
    const own = (/** @type {any} */ value) => handler(value); // so that the same function may subscribe twice
    entry.handlers.add(own);
    const leave = () => {
      if (!entry.handlers.delete(own) || entry.handlers.size || this.#topics.get(key) !== entry) return;
      this.#topics.delete(key);
      void entry.undo.then((undo) => undo()).catch(() => {});
    };
    try {
      await entry.undo;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /**
   * @param {string} topic
   * @param {"exact" | "prefix" | "wildcard"} match
   * @returns {Topic}
   */
  #subscription(topic, match) {
    /** @type {Topic["handlers"]} */
    const handlers = new Set();
    const onEvent = (/** @type {import("./wampy.js").Payload} */ { argsList }) => {
      for (const handler of [...handlers]) runSafely(() => handler(argsList?.[0]));
    };
    const undo = this.#answer(this.#wampy.subscribe(topic, onEvent, { match, get_retained: false })).then(
      ({ subscriptionId }) => async () => void (await this.#wampy.unsubscribe(subscriptionId, onEvent)),
    );
    return { handlers, undo };
  }

  /** @type {Session["register"]} */
  async register(procedure, handler) {
    const run = async (/** @type {import("./wampy.js").Invocation} */ { details, argsList = [], argsDict = {}, result_handler }) => {
      const work = (/** @type {AbortSignal} */ signal) => {
        const say = (/** @type {unknown} */ value) => signal.aborted || result_handler({ argsList: [value], options: { progress: true } });
        return handler(argsList, argsDict, say, signal);
      };
      try {
        return { argsList: [await this.#invocations.run(details.request, procedure, work)] };
      } catch (error) {
        throw toInvocationError(error);
      }
    };
    await this.#answer(this.#wampy.register(procedure, run));
    return () => {
      this.#invocations.withdraw(procedure);
      void this.#wampy.unregister(procedure).catch(() => {});
    };
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
    this.#invocations.lose();
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
        (error) => error instanceof Errors.WebsocketError || done(() => reject(translateError(error))),
      );
    });
  }
}

/**
 * @param {unknown} error
 * @returns {import("./wampy.js").InvocationError}
 */
function toInvocationError(error) {
  if (error instanceof TaskbahnError) return { error: error.uri, argsList: [error.message], argsDict: error.detail };
  const [name, message] = error instanceof Error ? [error.name, error.message] : ["Error", String(error)];
  return { error: `javascript.${name.toLowerCase()}`, argsList: [message] };
}

/**
 * @param {unknown} error
 * @returns {Error}
 */
function translateError(error) {
  if (error instanceof Errors.WampError && error.errorUri === NOT_AUTHORIZED) {
    return new TaskbahnError("the role of this session may not do that", "taskbahn.error.not_allowed");
  }
  if (error instanceof Errors.WampError) {
    return new TaskbahnError(String(error.argsList?.[0] ?? error.errorUri), error.errorUri, errorDetail(error.argsDict));
  }
  if (error instanceof Errors.AbortError) {
    const refused = loginRefusal(error.errorUri, error.details?.message);
    if (refused) return refused;
    return new TaskbahnError(error.details?.message ?? `the router refused the session: ${error.errorUri}`, error.errorUri);
  }
  if (error instanceof Errors.WebsocketError) return connectionLost();
  return error instanceof Error ? error : new TaskbahnError(String(error));
}

/**
 * The data of an error: the dispatcher sends it as the one keyword `detail`, other callees may send it as keywords.
 * @param {Record<string, any>} [keywords]
 */
function errorDetail(keywords) {
  const isWrapped = keywords && Object.keys(keywords).join() === "detail" && keywords.detail && typeof keywords.detail === "object";
  return isWrapped ? keywords.detail : keywords;
}
