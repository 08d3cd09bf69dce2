/** The stages of an attempt as a tree, in the order in which a person reads it. */

/**
 * @typedef {import("../client/wire.js").Stage} Stage
 *
 * @typedef {object} StageLook  what a row says of a stage
 * @property {string} look  as which state of a job it is drawn
 * @property {number | null} share  0 to 1; null: it runs, and that is unknown
 * @property {number} done
 * @property {number} total  0: unknown
 * @property {number} seconds  that it took until now
 * @property {boolean} isMoving  it runs
 */

/** The most that is shown of what ended without success: a full bar says that it is done. */
export const MOST_OF_UNDONE = 0.99;

/**
 * @param {Stage[]} stages
 * @returns {{stage: Stage, depth: number}[]}  each after its parent
 */
export function orderStages(stages) {
  const known = new Set(stages.map(({ id }) => id));
  const isTop = (/** @type {Stage} */ { parent }) => parent === null || parent === undefined || !known.has(parent);
  /** @type {(stage: Stage, depth: number) => {stage: Stage, depth: number}[]} */
  const withChildren = (stage, depth) => [
    { stage, depth },
    ...stages.filter(({ parent }) => parent === stage.id).flatMap((child) => withChildren(child, depth + 1)),
  ];
  return stages.filter(isTop).flatMap((stage) => withChildren(stage, 0));
}

/** Whether it was said beforehand and did not begin yet. @param {Stage} stage */
export function isToCome({ started_at, weight }) {
  return !started_at && weight !== undefined && weight !== null;
}

/**
 * When the attempt ended whose stages a job shows, seconds since the epoch; null while it runs. Then no time of them goes on.
 * @param {import("../client/wire.js").JobView} job
 * @returns {number | null}
 */
export function stagesEnd({ state, finished_at, attempts = [], started_at }) {
  if (state === "running") return null;
  return finished_at ?? attempts.findLast(({ ended_at }) => ended_at)?.ended_at ?? started_at ?? 0;
}

/**
 * @param {Stage} stage
 * @param {string} state  of the job
 * @param {number | null} end  of the attempt
 * @param {number} now
 * @returns {StageLook}
 */
export function stageLook(stage, state, end, now) {
  const { started_at = 0, ended_at, failed = false } = stage;
  const [total, done] = [Number(stage.total ?? 0), Number(stage.done ?? 0)]; // one beyond 2⁵³ comes as a BigInt
  const isComing = isToCome(stage);
  const isDone = Boolean(ended_at) && !failed;
  const isMoving = !ended_at && !isComing && end === null;
  const part = total > 0 ? Math.min(1, Math.max(0, done / total)) : isDone ? 1 : isMoving ? null : 0;
  const look = isDone ? "succeeded" : isComing ? "ready" : !failed || state === "cancelled" ? state : "failed";
  const share = isDone || isMoving || part === null || state === "succeeded" ? part : Math.min(part, MOST_OF_UNDONE);
  const seconds = started_at ? Math.max(0, (ended_at ?? end ?? now) - started_at) : 0;
  return { look, share, done, total, seconds, isMoving };
}
