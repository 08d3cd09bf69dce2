/**
 * Watching one job: a snapshot, then every numbered event once, then the job as it ended.
 * After a reconnect it asks again with the last number it saw, so nothing is missed and nothing comes twice.
 */

import { applyQuestion, Question } from "./questions.js";
import { retryCall } from "./retry-call.js";
import { FINAL_STATES } from "./states.js";
import { JOB_WATCH } from "./wire.js";

/** Events of these kinds have no numbers of their own. @type {ReadonlySet<string>} */
const UNNUMBERED_KINDS = new Set(["progress", "question", "pause"]);

/** In these states a job has a place. @type {ReadonlySet<string>} */
const PLACE_STATES = new Set(["waiting", "ready"]);

/**
 * @typedef {object} Message  what a watch tells, one thing at a time
 * @property {import("./wire.js").JobView} [snapshot]
 * @property {import("./wire.js").Event[]} [events]
 * @property {import("./wire.js").Place | null} [place]
 * @property {import("./wire.js").Members} [members]
 *
 * @typedef {object} Watcher
 * @property {(job: import("./wire.js").JobView) => void} [onSnapshot]  once on each session
 * @property {(events: import("./wire.js").Event[]) => void} [onEvents]
 * @property {(place: import("./wire.js").Place | null) => void} [onPlace]  why it does not run yet; null once it waits no more
 * @property {(question: Question | null) => void} [onQuestion]  the first question that is open; null once none is
 * @property {(members: import("./wire.js").Members) => void} [onMembers]  how its members are; at most four times a second
 *
 * @typedef {object} Watch
 * @property {Promise<import("./wire.js").JobView>} outcome  the job, when it has ended; never settles once stopped
 * @property {() => void} stop
 */

/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} id
 * @param {Watcher} watcher
 * @param {number} [after]  the number of the last event that is known
 * @param {import("./keys.js").KeyRing} [ring]
 * @returns {Watch}
 */
export function watch(connection, id, watcher, after = 0, ring = undefined) {
  let isStopped = false;
  /** @type {import("./wamp.js").PendingCall | null} */
  let call = null;

  let hasPlace = false;
  /** Open ones. @type {import("./questions.js").QuestionView[]} */
  let questions = [];

  const place = (/** @type {import("./wire.js").Place | null} */ given) => {
    if (!given && !hasPlace) return;
    hasPlace = given !== null;
    watcher.onPlace?.(given);
  };
  const ask = (/** @type {import("./questions.js").QuestionView[]} */ open) => {
    const [[before], [first]] = [questions, open];
    questions = open;
    if (before?.name === first?.name && before?.asked_at === first?.asked_at) return;
    watcher.onQuestion?.(first ? new Question(connection, first, ring) : null);
  };
  const take = (/** @type {Message} */ message) => {
    if (isStopped) return;
    if (message.snapshot) {
      watcher.onSnapshot?.(message.snapshot);
      place(message.snapshot.place ?? null);
      ask(message.snapshot.questions ?? []);
    }
    if (message.members) watcher.onMembers?.(message.members);
    if (message.place) place(message.place);
    const events = (message.events ?? []).filter(({ kind, number }) => UNNUMBERED_KINDS.has(kind) || number > after);
    if (!events.length) return;
    after = events.reduce((newest, { number }) => Math.max(newest, number), after);
    watcher.onEvents?.(events);
    const moved = events.findLast(({ kind }) => kind === "state");
    if (moved && !PLACE_STATES.has(moved.data.state)) place(null);
    ask(events.reduce(questionsAfter, questions));
  };

  const outcome = retryCall(connection, (session) => {
    if (isStopped) return new Promise(() => {});
    call = session.call(JOB_WATCH, [id], { after }, take);
    return call.result;
  }).catch((error) => (isStopped ? new Promise(() => {}) : Promise.reject(error)));

  return {
    outcome,
    stop() {
      isStopped = true;
      call?.cancel("killnowait");
    },
  };
}

/**
 * @param {import("./questions.js").QuestionView[]} open
 * @param {import("./wire.js").Event} event
 * @returns {import("./questions.js").QuestionView[]}  the open questions after it
 */
function questionsAfter(open, { kind, data }) {
  if (kind === "question") return applyQuestion(open, data);
  return kind === "state" && FINAL_STATES.has(data.state) ? [] : open;
}
