/** How far a job is, in one number and a few words, made of what its progress says. */

/**
 * @typedef {import("../client/wire.js").Progress} Progress
 * @typedef {import("../client/wire.js").Stage} Stage
 */

/**
 * What the task says counts. Else a single outermost stage is the whole, with the part of its step that is done within;
 * with several outermost stages it is unknown how many follow.
 * @param {Progress | null} [progress]
 * @returns {{fraction: number | null, text: string}}  fraction: 0 to 1, or null if it cannot be known
 */
export function summarizeProgress(progress) {
  const { fraction = null, message = "", stages = [] } = progress ?? {};
  const open = stages.findLast(({ ended_at }) => !ended_at);
  const top = stages.filter(({ parent }) => parent === null || parent === undefined);
  return { fraction: fraction ?? (top.length === 1 ? stageShare(top[0], stages) : null), text: message || (open?.name ?? "") };
}

/**
 * @param {Stage} stage
 * @param {Stage[]} stages
 * @returns {number | null}
 */
function stageShare(stage, stages) {
  if (stage.ended_at) return 1;
  const [total, done] = [Number(stage.total ?? 0), Number(stage.done ?? 0)]; // one beyond 2⁵³ comes as a BigInt
  if (!total) return null;
  const inner = stages.findLast(({ parent, ended_at }) => parent === stage.id && !ended_at);
  return Math.min(1, (done + ((inner && stageShare(inner, stages)) ?? 0)) / total);
}
