/**
 * @param {import("../client/wire.js").Signature} signature
 * @returns {Field[]}
 */
export function fieldsOf({ parameters, variadic }: import("../client/wire.js").Signature): Field[];
/**
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @returns {Schema}
 */
export function resolveReference(schema: Schema, definitions: Record<string, Schema>, depth?: number): Schema;
/** What a field takes, in a word or two. @param {Field} field */
export function kindText({ kind, type, choices, isRequired, isVariadic }: Field): string;
/**
 * @typedef {import("../client/wire.js").Schema} Schema
 *
 * @typedef {"text" | "longtext" | "number" | "integer" | "boolean" | "choice" | "date" | "datetime" | "time" | "bytes" | "json"} FieldKind
 *
 * @typedef {object} Field  one argument as a form asks for it
 * @property {string} name
 * @property {FieldKind} kind
 * @property {boolean} isRequired
 * @property {boolean} isNullable  may be null
 * @property {boolean} isVariadic  `*args`: a list, given by position
 * @property {boolean} takesText  what is no JSON is text: a union with text, or anything
 * @property {unknown} [initial]  the task's default
 * @property {string} description
 * @property {string} hint  what may be given, in words
 * @property {string} type  the same in a word or two
 * @property {unknown} example
 * @property {unknown[]} choices
 * @property {string[]} labels  of the choices: a name beside a value that does not say what it means
 * @property {Schema} schema  with references resolved
 * @property {Record<string, Schema>} [definitions]  to which references in it lead
 * @property {string} [placeholder]  what holds where nothing is given
 */
/** Of text with a date and a time that needs no zone. */
export const LOCAL_DATETIME: "date-time-local";
/** The name of the field for arguments beyond those that have names. */
export const FURTHER_FIELD: "**";
/** For tasks that published no schema: the arguments as JSON. @type {import("../client/wire.js").Signature} */
export const ANY_SIGNATURE: import("../client/wire.js").Signature;
export type Schema = import("../client/wire.js").Schema;
export type FieldKind = "text" | "longtext" | "number" | "integer" | "boolean" | "choice" | "date" | "datetime" | "time" | "bytes" | "json";
/**
 * one argument as a form asks for it
 */
export type Field = {
    name: string;
    kind: FieldKind;
    isRequired: boolean;
    /**
     * may be null
     */
    isNullable: boolean;
    /**
     * `*args`: a list, given by position
     */
    isVariadic: boolean;
    /**
     * what is no JSON is text: a union with text, or anything
     */
    takesText: boolean;
    /**
     * the task's default
     */
    initial?: unknown;
    description: string;
    /**
     * what may be given, in words
     */
    hint: string;
    /**
     * the same in a word or two
     */
    type: string;
    example: unknown;
    choices: unknown[];
    /**
     * of the choices: a name beside a value that does not say what it means
     */
    labels: string[];
    /**
     * with references resolved
     */
    schema: Schema;
    /**
     * to which references in it lead
     */
    definitions?: Record<string, import("../client/wire.js").Schema> | undefined;
    /**
     * what holds where nothing is given
     */
    placeholder?: string | undefined;
};
