/**
 * What the dispatcher says, in German: why a job waits, why its time was over, what is wrong with an argument. All of it: a test takes each
 * sentence that the dispatcher makes and looks for it here.
 */
/** @type {import("./words.js").Texts} */
export const GERMAN_REASONS: import("./words.js").Texts;
