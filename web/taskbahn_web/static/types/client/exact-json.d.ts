/**
 * @param {string} text
 * @returns {any}  throws SyntaxError
 */
export function parse(text: string): any;
/**
 * As `parse`, where a reviver does not get the source: a number that is too long becomes marked text before it is read.
 * @param {string} text
 * @returns {any}
 */
export function parseMarked(text: string): any;
/**
 * @param {unknown} value
 * @param {number} [indent]
 * @returns {string | undefined}  undefined for what has no JSON, as `JSON.stringify` has it; throws TypeError for what contains itself
 */
export function stringify(value: unknown, indent?: number): string | undefined;
/**
 * Write a message: as `stringify`, but numbers that JSON has no word for are refused, where it would write null.
 * @param {unknown} value
 * @returns {string}  throws TypeError
 */
export function stringifyStrict(value: unknown): string;
