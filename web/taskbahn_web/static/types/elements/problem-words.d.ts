/**
 * @typedef {object} Shown  what the page knows
 * @property {boolean} [wasShown]  what it may not show now it has shown before
 * @property {boolean} [hasLogin]  the node has a login: then it gives the same answer for a job of others as for none
 */
/**
 * @param {import("./words.js").Words} words
 * @param {unknown} error
 * @param {Shown} [shown]
 * @returns {string}
 */
export function problemSentence(words: import("./words.js").Words, error: unknown, shown?: Shown): string;
/**
 * what the page knows
 */
export type Shown = {
    /**
     * what it may not show now it has shown before
     */
    wasShown?: boolean | undefined;
    /**
     * the node has a login: then it gives the same answer for a job of others as for none
     */
    hasLogin?: boolean | undefined;
};
