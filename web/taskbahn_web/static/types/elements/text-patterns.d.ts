/** @param {string} text @returns {string[]} */
export function places(text: string): string[];
/** @param {string} text @param {Record<string, string | number>} values */
export function fill(text: string, values: Record<string, string | number>): string;
/** @param {string} text */
export function isData(text: string): boolean;
/** @param {string} english @param {string} text */
export function makePattern(english: string, text: string): {
    pattern: RegExp;
    names: string[];
    text: string;
    isOwn: boolean;
};
/** Places of numbers: in a sentence that was made elsewhere, nothing else is taken for one. */
export const NUMBERS: Set<string>;
/** Places of what people have written, or of data: no part of it is a text, also if it looks like one. */
export const GIVEN: Set<string>;
/** A place for a sentence. Where that stays English, so does all around it. */
export const SENTENCE: "why";
/** A place for what a value may be, "text or null": kinds that have texts, and data. Where one has none, all around it stays English. */
export const KINDS: "kinds";
export const BOUND: RegExp;
