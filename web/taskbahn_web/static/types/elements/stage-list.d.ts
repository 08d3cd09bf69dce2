/** @typedef {import("../client/wire.js").Stage} Stage */
export class StageList {
    list: HTMLElement;
    /**
     * @param {import("./words.js").Words} words
     * @param {Stage[]} stages
     * @param {string} state  of the job
     * @param {number | null} end  when the attempt ended, seconds since the epoch; null: it runs
     * @param {number} now
     */
    draw(words: import("./words.js").Words, stages: Stage[], state: string, end: number | null, now: number): void;
    #private;
}
export type Stage = import("../client/wire.js").Stage;
