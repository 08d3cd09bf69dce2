/**
 * @param {string} format
 * @param {string} text
 * @returns {string}  what the text must be, if it is none of that format; "" if nothing is wrong, or nothing known
 */
export function wantedText(format: string, text: string): string;
/** A duration as tasks take it, ISO 8601, from one as options take it: `1h30m`. Another text stays as it is. @param {string} text */
export function isoDuration(text: string): string;
