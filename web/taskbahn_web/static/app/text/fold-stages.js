/** Finished siblings among the stages as one line, so that what runs is in sight. */

/**
 * @typedef {import("../../client/wire.js").Stage} Stage
 * @typedef {{stage: Stage, depth: number}} Placed
 * @typedef {{depth: number, folded: Placed[]} | Placed} Shown
 */

const FEWEST = 8; // finished siblings in a row that fold
const LEFT = 2; // of them that stay, the last

/**
 * @param {Placed[]} ordered  each after its parent
 * @returns {Shown[]}
 */
export function foldStages(ordered) {
  /** @type {Shown[]} */
  const shown = [];
  for (let at = 0; at < ordered.length; ) {
    const { depth } = ordered[at];
    let end = at;
    while (end < ordered.length && ordered[end].depth === depth && isFinishedLeaf(ordered, end)) end++;
    if (end - at >= FEWEST) {
      shown.push({ depth, folded: ordered.slice(at, end - LEFT) });
      at = end - LEFT;
    }
    for (end = Math.max(end, at + 1); at < end; at++) shown.push(ordered[at]);
  }
  return shown;
}

/** @param {Placed[]} ordered @param {number} at */
function isFinishedLeaf(ordered, at) {
  const { stage, depth } = ordered[at];
  return Boolean(stage.ended_at) && !stage.failed && (ordered[at + 1]?.depth ?? 0) <= depth;
}
