/** What may be said of a job that does not run yet, so that no part of it contradicts another. */

/**
 * @param {import("../client/wire.js").JobView} job
 * @returns {{why: string, ahead: number | null, at: number | null, isHeld: boolean}}  ahead: jobs before it; null if a pause holds it, or no
 *   worker can start it.   at: when it is expected to start, or when its pause ends, seconds since the epoch; null if that is unknown
 */
export function placeFacts({ state, place, due_at, paused }) {
  const why = place?.why ?? "";
  const pause = place?.paused ?? paused;
  if (pause) return { why, ahead: null, at: pause.until ?? null, isHeld: true };
  const due = state === "waiting" ? due_at : null;
  return { why, ahead: place?.ahead ?? null, at: (place ? place.starts_at : due) ?? null, isHeld: false };
}
