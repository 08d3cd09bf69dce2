/** What may be said of a job that does not run yet, so that no part of it contradicts another. */

const SUSPENDED = "Its function"; // how the reason begins of a job that has run before, and waits now

/**
 * @param {import("../client/wire.js").JobView} job
 * @returns {{why: string, ahead: number | null, at: number | null, goesOn: boolean}}  ahead: jobs before it; null if a pause holds it, or it is the
 *   first and no worker takes it.   at: when it is expected to start, or to go on (goesOn), seconds since the epoch; null if that is unknown
 */
export function placeFacts({ state, place, due_at, paused }) {
  const why = place?.why ?? "";
  const pause = place?.paused ?? paused;
  if (pause) return { why, ahead: null, at: pause.until ?? null, goesOn: true };
  const due = state === "waiting" ? due_at : null;
  const ahead = place?.served === false && !place.ahead ? null : (place?.ahead ?? null); // no line moves
  return { why, ahead, at: (place ? place.starts_at : due) ?? null, goesOn: why.startsWith(SUSPENDED) };
}
