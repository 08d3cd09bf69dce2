/**
 * @param {import("./words.js").Words} words
 * @param {unknown} error
 * @returns {string}
 */
export function problemSentence(words: import("./words.js").Words, error: unknown): string;
