/**
 * The type in a few words: "integer", "list of Line", "text or none".
 * @param {Schema} schema
 * @returns {string}
 */
export function typeText(schema: Schema): string;
/**
 * What choices are called: the name of a member with its value, where the schema has names, or the value alone.
 * @param {Schema} schema
 * @param {unknown[]} choices
 * @returns {string[]}
 */
export function choiceLabels(schema: Schema, choices: unknown[]): string[];
/**
 * What else a value must keep to: "16 to 4096", "at least 1 character".
 * @param {Schema} schema
 * @returns {string}
 */
export function limitsText(schema: Schema): string;
/**
 * A value that the schema takes, to begin with: what is required, what has a default, and lists with nothing in them.
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @param {number} [depth]
 * @returns {unknown}
 */
export function exampleOf(schema: Schema, definitions: Record<string, Schema>, depth?: number): unknown;
export const ENUM_NAMES: "x-enum-varnames";
export type Schema = import("../client/wire.js").Schema;
