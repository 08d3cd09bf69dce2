/**
 * @param {import("../client/wire.js").JobView} job
 * @returns {{why: string, ahead: number | null, at: number | null, goesOn: boolean}}  ahead: jobs before it; null if a pause holds it, or it is the
 *   first and no worker takes it.   at: when it is expected to start, or to go on (goesOn), seconds since the epoch; null if that is unknown
 */
export function placeFacts({ state, place, due_at, paused }: import("../client/wire.js").JobView): {
    why: string;
    ahead: number | null;
    at: number | null;
    goesOn: boolean;
};
