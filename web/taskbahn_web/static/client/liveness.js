/**
 * Notices that a connection died while the machine slept. A browser that was suspended, or changed its network, may keep a dead
 * WebSocket open for minutes. So after each such sign the client asks the router something small. It gives the session up if no answer comes.
 */

import { VIEW_STATUS } from "./wire.js";

const BEAT_SECONDS = 5; // seconds between two looks at the clock
const SLEEP_GAP_SECONDS = 15; // seconds between two beats that mean: this machine slept
const ANSWER_TIMEOUT_SECONDS = 5; // seconds to wait for the answer
const WAKE_EVENTS = ["online", "pageshow", "visibilitychange"];

/**
 * @param {import("./connection.js").Connection} connection
 * @returns {() => void}  stops it
 */
export function watchLiveness(connection) {
  let beatAt = Date.now() / 1000;
  let isAsking = false;

  const look = async () => {
    connection.hurry();
    if (connection.state !== "live" || isAsking) return;
    isAsking = true;
    const session = await connection.session();
    const silence = setTimeout(() => connection.drop(session), ANSWER_TIMEOUT_SECONDS * 1000);
    await session.call(VIEW_STATUS, []).result.catch(() => {}); // a refusal is an answer too
    clearTimeout(silence);
    isAsking = false;
  };
  const onSign = () => void look();
  const timer = setInterval(() => {
    const now = Date.now() / 1000;
    if (now - beatAt > SLEEP_GAP_SECONDS) void look();
    beatAt = now;
  }, BEAT_SECONDS * 1000);
  for (const sign of WAKE_EVENTS) globalThis.addEventListener?.(sign, onSign);

  return () => {
    clearInterval(timer);
    for (const sign of WAKE_EVENTS) globalThis.removeEventListener?.(sign, onSign);
  };
}
