/** The stages of an attempt as a tree, in the order in which a person reads it. */

/** @typedef {import("../client/wire.js").Stage} Stage */

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
