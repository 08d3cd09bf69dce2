/** Keeps a session open over the end of its token: asks for another one in time, and lets the session go on with that. */

import { TaskbahnError } from "./errors.js";
import { TOKEN_RENEW } from "./login.js";
import { readToken } from "./token-source.js";

const LATEST_SHARE = 0.8; // of its lifetime, when a token is renewed at the latest
const SPARE_SECONDS = 5; // seconds that it then has at least, unless its whole life is short
const LEAST_SHARE = 0.5;
const EARLIER_SHARE = 0.25; // of that time, by which pages renew earlier, each by another one: never all at once
const LEAST_PAUSE_SECONDS = 1; // seconds between two questions for a token that a library still keeps
const MAX_PAUSE_SECONDS = 30; // seconds between two tries
const MAX_TIMER_SECONDS = 2 ** 31 / 1000 - 1; // seconds that a timer runs

/**
 * When a token is to be renewed.
 * @param {number} lifetime  seconds
 * @param {number} chance  0 to 1
 * @returns {number}  seconds after it was got
 */
export function renewalTime(lifetime, chance) {
  const latest = Math.max(lifetime * LEAST_SHARE, Math.min(lifetime * LATEST_SHARE, lifetime - SPARE_SECONDS));
  return Math.min(latest * (1 - EARLIER_SHARE * chance), MAX_TIMER_SECONDS);
}

/**
 * Renew the token of a session, again and again. As long as its function fails it is asked with growing pauses; then the node ends the
 * session. A text that does not renew the session is for another one.
 * @param {import("./wamp.js").Session} session
 * @param {import("./token-source.js").TokenSource} source
 * @param {(error: unknown, isOver: boolean) => void} onFailure  why there is no other token, once for each try; isOver: no other try follows
 * @param {() => void} [onRenewed]  the session goes on with another token
 * @returns {{stop: () => void, now: () => void}}  now: renew it at once
 */
export function keepRenewed(session, source, onFailure, onRenewed = () => {}) {
  let isStopped = false;
  let isAsking = false;
  let failures = 0;
  let held = source.newest; // by the session
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const wait = (/** @type {number} */ seconds) => {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(() => void renew(), Math.max(0, seconds) * 1000);
  };
  const plan = () => {
    if (held && source.isFunction) wait(renewalTime(held.seconds, Math.random()) - source.age);
  };
  const renew = async () => {
    if (isStopped || isAsking) return;
    isAsking = true;
    try {
      const text = await source.text();
      const token = readToken(text);
      if (!token) throw new TaskbahnError("the function for the token returned no token of a browser, which alone renews a session", "taskbahn.error.invalid_token");
      if (token.id === held?.id && token.isForeign && source.isFunction) return wait(Math.max(token.seconds * LEAST_SHARE, LEAST_PAUSE_SECONDS));
      if (token.id === held?.id && source.isFunction) {
        throw new TaskbahnError("the function for the token returned the same one again: does a cache keep it? Let the backend answer with Cache-Control: no-store");
      }
      if (isStopped) return;
      await session.call(TOKEN_RENEW, [], { token: text }).result;
      if (session.who && !token.isForeign) session.who = { ...session.who, token: token.id };
      held = token;
      failures = 0;
      plan();
      onRenewed();
    } catch (error) {
      if (isStopped) return;
      const isPassing = error instanceof TaskbahnError && error.isPassing;
      onFailure(error, !source.isFunction && !isPassing);
      if (!source.isFunction && !isPassing) return;
      const least = Math.min(1, (held?.seconds ?? 1) / 20);
      wait(Math.min(least * 2 ** failures++, MAX_PAUSE_SECONDS) * (0.75 + Math.random() / 2));
    } finally {
      isAsking = false;
    }
  };
  plan();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
    now() {
      clearTimeout(timer);
      void renew();
    },
  };
}
