/** The stages of an attempt as a tree, in the order in which a person reads it. */
/** @typedef {import("../client/wire.js").Stage} Stage */
/**
 * @param {Stage[]} stages
 * @returns {{stage: Stage, depth: number}[]}  each after its parent
 */
export function orderStages(stages: Stage[]): {
    stage: Stage;
    depth: number;
}[];
export type Stage = import("../client/wire.js").Stage;
