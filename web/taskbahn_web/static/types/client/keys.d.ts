/**
 * The envelope that a value is; null: it is something else.
 * @param {unknown} value
 * @param {string} [purpose]  only one of it
 * @returns {Envelope | null}
 */
export function envelopeOf(value: unknown, purpose?: string): Envelope | null;
/** The same of the JSON in the place of a text. @param {unknown} text @param {string} [purpose] */
export function envelopeIn(text: unknown, purpose?: string): Envelope | null;
/** @param {string} key */
export function missing(key: string): TaskbahnError;
/**
 * @typedef {object} Envelope
 * @property {string} purpose  what the value is: arguments, result, error, log, progress, chunk, question, note, message, answer
 * @property {string} key  the name of the key
 * @property {string} scope  the id of the job to which it belongs, or `*`
 * @property {string} data
 */
export class KeyRing {
    /** @param {Record<string, string>} [keys]  by name, each as base64 */
    constructor(keys?: Record<string, string>);
    /** Whether there are none. */
    get isEmpty(): boolean;
    /** @returns {string[]} */
    get names(): string[];
    /** @param {string} name */
    has(name: string): boolean;
    /**
     * Add a key, or replace the one of that name; throws a `TaskbahnError`, in which no key is.
     * @param {string} name
     * @param {string} key  as base64, as `taskbahn keyring new` prints it
     */
    add(name: string, key: string): void;
    /** Forget all of them. */
    clear(): void;
    /**
     * @param {string} text
     * @param {string} purpose
     * @param {string} scope
     * @param {string} [more]  the task of arguments, the name of a question
     * @param {string} [name]  of the key; the first one if it is left out
     * @returns {Promise<{$encrypted: string}>}
     */
    encrypt(text: string, purpose: string, scope: string, more?: string, name?: string): Promise<{
        $encrypted: string;
    }>;
    /**
     * @param {Envelope} envelope
     * @param {string} [more]
     * @returns {Promise<string>}  rejects with a `TaskbahnError` if there is no such key, or if it is not what was encrypted for this place
     */
    decrypt({ purpose, key: name, scope, data }: Envelope, more?: string): Promise<string>;
    #private;
}
export type Envelope = {
    /**
     * what the value is: arguments, result, error, log, progress, chunk, question, note, message, answer
     */
    purpose: string;
    /**
     * the name of the key
     */
    key: string;
    /**
     * the id of the job to which it belongs, or `*`
     */
    scope: string;
    data: string;
};
import { TaskbahnError } from "./errors.js";
