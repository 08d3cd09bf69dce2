/**
 * @param {unknown} value
 * @param {Schema} schema
 * @param {Definitions} [definitions]
 * @returns {void}  throws the end of a sentence: "must be a whole number", "is wrong at a: must be a whole number"
 */
export function checkValue(value: unknown, schema: Schema, definitions?: Definitions): void;
export type Schema = import("../client/wire.js").Schema;
export type Definitions = Record<string, Schema>;
