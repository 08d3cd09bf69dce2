/**
 * @typedef {import("./schema.js").Field} Field
 * @typedef {string | boolean} Typed  what a control holds
 *
 * @typedef {object} Arguments
 * @property {unknown[]} args
 * @property {Record<string, unknown>} kwargs
 * @property {Record<string, string>} problems  by field; the rest is of use only if there are none
 */
/**
 * What a field shows at first, or for a given value.
 * @param {Field} field
 * @param {unknown} [value]
 * @returns {Typed}
 */
export function controlValue(field: Field, value?: unknown): Typed;
/**
 * What could be given where nothing is: shown in an empty field, and never taken as its value.
 * @param {Field} field
 * @param {(text: string, values: {value: string}) => string} [say]
 * @returns {string}
 */
export function placeholderText({ kind, schema, isNullable, example, placeholder }: Field, say?: (text: string, values: {
    value: string;
}) => string): string;
/** The rows of a control for text of many lines. @param {string} text  in it, or its placeholder @param {number} most */
export function rowsOf(text: string, most: number): number;
/**
 * Make arguments of a form. What is left empty is left out, where the task has a default; text stays as it is.
 * @param {Field[]} fields
 * @param {Record<string, Typed>} typed
 * @param {string[]} [order]  arguments that may be given by position
 * @returns {Arguments}
 */
export function makeArguments(fields: Field[], typed: Record<string, Typed>, order?: string[]): Arguments;
/**
 * Bring what the dispatcher finds wrong to the field it belongs to: `size.width` and `rest[2]` to `size` and `rest`.
 * @param {Record<string, string>} wrong
 * @param {import("./schema.js").Field[]} fields
 * @returns {Record<string, string>}  empty if something belongs to no field
 */
export function problemsByField(wrong: Record<string, string>, fields: import("./schema.js").Field[]): Record<string, string>;
/**
 * @param {string} name  of the field
 * @param {string} why  a sentence, or the end of one: "is missing"
 * @param {(why: string) => string} [translate]
 * @returns {string}  a sentence
 */
export function problemText(name: string, why: string, translate?: (why: string) => string): string;
export type Field = import("./schema.js").Field;
/**
 * what a control holds
 */
export type Typed = string | boolean;
export type Arguments = {
    args: unknown[];
    kwargs: Record<string, unknown>;
    /**
     * by field; the rest is of use only if there are none
     */
    problems: Record<string, string>;
};
