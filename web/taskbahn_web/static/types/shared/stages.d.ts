/**
 * @param {Stage[]} stages
 * @returns {{stage: Stage, depth: number}[]}  each after its parent
 */
export function orderStages(stages: Stage[]): {
    stage: Stage;
    depth: number;
}[];
/** Whether it was said beforehand and did not begin yet. @param {Stage} stage */
export function isToCome({ started_at, weight }: Stage): boolean;
/**
 * When the attempt ended whose stages a job shows, seconds since the epoch; null while it runs. Then no time of them goes on.
 * @param {import("../client/wire.js").JobView} job
 * @returns {number | null}
 */
export function stagesEnd({ state, finished_at, attempts, started_at }: import("../client/wire.js").JobView): number | null;
/**
 * @param {Stage} stage
 * @param {string} state  of the job
 * @param {number | null} end  of the attempt
 * @param {number} now
 * @returns {StageLook}
 */
export function stageLook(stage: Stage, state: string, end: number | null, now: number): StageLook;
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
export const MOST_OF_UNDONE: 0.99;
export type Stage = import("../client/wire.js").Stage;
/**
 * what a row says of a stage
 */
export type StageLook = {
    /**
     * as which state of a job it is drawn
     */
    look: string;
    /**
     * 0 to 1; null: it runs, and that is unknown
     */
    share: number | null;
    done: number;
    /**
     * 0: unknown
     */
    total: number;
    /**
     * that it took until now
     */
    seconds: number;
    /**
     * it runs
     */
    isMoving: boolean;
};
