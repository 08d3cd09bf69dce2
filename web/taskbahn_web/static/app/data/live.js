/** What the whole page shares: the connection, the node's numbers, the clock, and the stream of changes. */

import { signal } from "@preact/signals";

import { TaskbahnError } from "../../client/errors.js";
import { INVALID_TOKEN } from "../../client/login.js";
import { CHANGES_TOPIC, VIEW_STATUS } from "../../client/wire.js";
import { Bahn } from "../../taskbahn.js";
import { isReadOnly, url } from "../core/access.js";
import { ring } from "./keyring.js";

const BY_COOKIE = "cookie"; // of who has logged in on this page

export const bahn = new Bahn({ url, token: BY_COOKIE, keys: ring });

/** Whether the node wants a login, and this browser has none. */
export const isLoginWanted = signal(false);

/** Who has logged in; null on a node without login. @type {import("@preact/signals").Signal<import("../../client/wamp.js").Who | null>} */
export const who = signal(null);

/** @type {import("@preact/signals").Signal<{state: import("../../client/connection.js").ConnectionState, retryAt: number}>} */
export const connection = signal({ state: bahn.state, retryAt: 0 });

/** @type {import("@preact/signals").Signal<import("../../client/wire.js").Status | null>} */
export const status = signal(null);

/** The node's time, seconds since the epoch; moves once a second. */
export const now = signal(Date.now() / 1000);

let clockOffset = 0; // seconds by which the node's clock is ahead of this one

/** @typedef {Partial<import("../../client/wire.js").JobView> & {id: string}} Change */

/** @type {Set<(changes: Change[], isCut: boolean) => void>} */
const listeners = new Set();

/**
 * Hear of changed jobs, a few times a second: also when none has changed, then of no job. Each has only some of its fields.
 * @param {(changes: Change[], isCut: boolean) => void} listener  isCut: other jobs may have changed too
 * @returns {() => void}  stops it
 */
export function onChanges(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Do something whenever the connection has come (back), also now if it is there.
 * @param {() => void} action
 * @returns {() => void}  stops it
 */
export function onLive(action) {
  return bahn.connection.onSession(() => action());
}

const MAX_SILENCE_SECONDS = 20; // seconds; the node speaks a few times in one

let heardAt = Date.now() / 1000;

/** @param {import("../../client/wire.js").Status} newest */
function takeStatus(newest) {
  heardAt = Date.now() / 1000;
  clockOffset = newest.now - Date.now() / 1000;
  status.value = newest;
}

bahn.onState((state) => {
  const { failure, retryAt } = bahn.connection;
  connection.value = { state, retryAt };
  who.value = bahn.who;
  if (failure instanceof TaskbahnError && failure.uri === INVALID_TOKEN && state !== "closed") {
    isLoginWanted.value = true;
    bahn.close(); // a login loads the page again
  }
  if (who.value?.role === "viewer" && !isReadOnly) location.replace(`/view/${location.hash}`);
});
bahn.subscribe(CHANGES_TOPIC, (/** @type {{jobs: Change[], cut: boolean, status: import("../../client/wire.js").Status}} */ { jobs, cut, status: newest }) => {
  takeStatus(newest);
  for (const listener of listeners) listener(jobs, cut);
}).catch(() => {}); // the node refused the login; the page is loaded again after one
onLive(() => bahn.ask(VIEW_STATUS).then(takeStatus, () => {}));
onLive(() => (heardAt = Date.now() / 1000));
setInterval(() => {
  now.value = Date.now() / 1000 + clockOffset;
  if (bahn.state === "live" && Date.now() / 1000 - heardAt > MAX_SILENCE_SECONDS) bahn.connection.drop();
}, 1000);
