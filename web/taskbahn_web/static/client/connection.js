/**
 * One connection over many sessions: its state, waiting for a session, and coming back with growing pauses.
 *
 * connecting: the first session is on its way · live: there is one · reconnecting: it was lost, or did not come; the next try
 * follows at `retryAt` · closed: by us, for good.
 */

import { connectionLost, TaskbahnError } from "./errors.js";
import { notify } from "./listeners.js";
import { INVALID_TOKEN } from "./login.js";
import { keepRenewed } from "./renewal.js";
import { TokenSource } from "./token-source.js";
import { BROWSER } from "./wamp.js";

const MIN_PAUSE_SECONDS = 0.25; // seconds
const MAX_PAUSE_SECONDS = 8; // seconds
const MIN_REFUSED_PAUSE_SECONDS = 2; // seconds after a refused login: many of them would lock the address
const MAX_REFUSED_PAUSE_SECONDS = 120; // seconds

/**
 * @typedef {"connecting" | "live" | "reconnecting" | "closed"} ConnectionState
 * @typedef {"opened" | "lost" | "close"} Happening
 */

/** What is not in this table changes nothing. @type {Record<ConnectionState, Partial<Record<Happening, ConnectionState>>>} */
export const MOVES = {
  connecting: { opened: "live", lost: "reconnecting", close: "closed" },
  live: { lost: "reconnecting", close: "closed" },
  reconnecting: { opened: "live", lost: "reconnecting", close: "closed" },
  closed: {},
};

export class Connection {
  /** @type {ConnectionState} */
  state = "connecting";
  /** When the next try is made, seconds since the epoch; 0 unless one is due. */
  retryAt = 0;
  /** Why the last try failed. @type {unknown} */
  failure = null;

  /** @type {import("./wamp.js").Session | null} */
  #session = null;
  /** @type {Set<{resolve: (session: import("./wamp.js").Session) => void, reject: (error: unknown) => void}>} */
  #waiting = new Set();
  /** @type {Set<(state: ConnectionState) => void>} */
  #listeners = new Set();
  /** @type {Set<(session: import("./wamp.js").Session) => void>} */
  #renewals = new Set();
  /** @type {Set<() => void>} */
  #loginListeners = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  /** Takes the session of now as lost. @type {(failure: unknown) => void} */
  #giveUp = () => {};
  #dial;
  /** @type {TokenSource | null} */
  #source;
  #renewal = { stop: () => {}, now: () => {} };
  /** @type {import("./wamp.js").Session | null} */
  #last = null;

  /**
   * @param {string} url
   * @param {import("./wamp.js").Dial} dial
   * @param {import("./login.js").Token} [token]
   */
  constructor(url, dial, token) {
    this.url = url;
    this.#dial = dial;
    this.#source = token === undefined ? null : new TokenSource(token);
    this.#try();
  }

  /** Who the node says that this is, by its token; null without login, and before the first session. @returns {import("./wamp.js").Who | null} */
  get who() {
    return this.#last?.who ?? null;
  }

  /**
   * Go on with another token: the session is renewed if it can be, else the next one opens with it.
   * @param {import("./login.js").Token} token
   */
  setToken(token) {
    if (this.#source) this.#source.replace(token);
    else this.#source = new TokenSource(token);
    if (this.#session?.who?.role === BROWSER) this.#renewal.now();
    else this.hurry();
  }

  /**
   * Wait for a session. Rejects once the connection is closed.
   * @returns {Promise<import("./wamp.js").Session>}
   */
  session() {
    if (this.#session) return Promise.resolve(this.#session);
    if (this.state === "closed") return Promise.reject(connectionLost("the connection is closed"));
    if (this.retryAt && isRefusal(this.failure)) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  /**
   * Hear of every change of state, and of every new time for the next try.
   * @param {(state: ConnectionState) => void} listener
   * @returns {() => void}  stops it
   */
  onState(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Do something now and on every session that follows: subscribe, register.
   * @param {(session: import("./wamp.js").Session) => void} renewal
   * @returns {() => void}  stops it
   */
  onSession(renewal) {
    this.#renewals.add(renewal);
    if (this.#session) renewal(this.#session);
    return () => void this.#renewals.delete(renewal);
  }

  /**
   * Hear of each login: of another session, or of the one of now with another token.
   * @param {() => void} listener
   * @returns {() => void}  stops it
   */
  onLogin(listener) {
    this.#loginListeners.add(listener);
    return () => void this.#loginListeners.delete(listener);
  }

  /** Try now instead of at `retryAt`. */
  hurry() {
    if (this.state === "reconnecting" && this.retryAt) this.#try();
  }

  /**
   * Give up a session that has gone silent, as after a sleep: the browser itself may take minutes to notice.
   * @param {import("./wamp.js").Session | null} [session]  that of now if left out; an earlier one changes nothing
   */
  drop(session = this.#session) {
    if (!session || session !== this.#session) return;
    this.#giveUp(connectionLost("the router has gone silent"));
    session.close();
  }

  /** Leave for good. What waits for a session is rejected. */
  close() {
    clearTimeout(this.#timer);
    this.#renewal.stop();
    this.#session?.close();
    this.#session = null;
    this.#happened("close");
    for (const { reject } of this.#waiting) reject(connectionLost("the connection is closed"));
    this.#waiting.clear();
  }

  #try() {
    clearTimeout(this.#timer);
    this.retryAt = 0;
    let isOver = false;
    const lost = this.#giveUp = (/** @type {unknown} */ failure) => {
      if (isOver) return;
      isOver = true;
      this.#lost(failure);
    };
    const source = this.#source;
    this.#dial(this.url, () => lost(connectionLost()), source ? () => source.text() : undefined).then((session) => {
      if (!isOver) this.#opened(session);
    }, lost);
  }

  /** @param {import("./wamp.js").Session} session */
  #opened(session) {
    if (this.state === "closed") return session.close();
    this.#session = this.#last = session;
    if (this.#source && session.who?.role === BROWSER) {
      const onFailure = (/** @type {unknown} */ error, /** @type {boolean} */ isOver) => this.#notRenewed(session, error, isOver);
      this.#renewal = keepRenewed(session, this.#source, onFailure, () => notify(this.#loginListeners, undefined));
    }
    this.#failures = 0;
    this.failure = null;
    this.#happened("opened");
    notify(this.#loginListeners, undefined);
    notify(this.#renewals, session);
    for (const { resolve } of this.#waiting) resolve(session);
    this.#waiting.clear();
  }

  /** @param {unknown} failure */
  #lost(failure) {
    this.#session = null;
    this.#renewal.stop();
    this.failure = failure;
    if (this.state === "closed") return;
    const [least, most] = isRefusal(failure) ? [MIN_REFUSED_PAUSE_SECONDS, MAX_REFUSED_PAUSE_SECONDS] : [MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS];
    const pause = Math.min(least * 2 ** this.#failures++, most) * (0.75 + Math.random() / 2);
    this.retryAt = Date.now() / 1000 + pause;
    this.#timer = setTimeout(() => this.#try(), pause * 1000);
    if (isRefusal(failure)) this.#refuse(failure);
    this.#happened("lost");
  }

  /** What waits for a session waits in vain as long as the token is this one. @param {unknown} failure */
  #refuse(failure) {
    for (const { reject } of this.#waiting) reject(failure);
    this.#waiting.clear();
  }

  /**
   * The session lives on until its token ends; why there is no other one is for who looks after the page.
   * @param {import("./wamp.js").Session} session
   * @param {unknown} error
   * @param {boolean} isOver  the page gave a token that is for another session
   */
  #notRenewed(session, error, isOver) {
    if (isOver) this.drop(session);
    else console.warn("Taskbahn: the token of this session is not renewed yet:", error instanceof Error ? error.message : error);
  }

  /** @param {Happening} what */
  #happened(what) {
    this.state = MOVES[this.state][what] ?? this.state;
    notify(this.#listeners, this.state);
  }
}

/** Whether the node refuses the token of now. @param {unknown} failure */
export function isRefusal(failure) {
  return failure instanceof TaskbahnError && failure.uri === INVALID_TOKEN;
}

/**
 * Do something once, when another session is there, or the one of now has another token.
 * @param {Connection} connection
 * @param {() => void} action
 * @returns {() => void}  stops it
 */
export function onNextLogin(connection, action) {
  const stop = connection.onLogin(() => {
    stop();
    action();
  });
  return stop;
}
