/** @typedef {import("../shared/schema.js").Field} Field */
export class FieldGroup {
    node: HTMLElement;
    /** @type {Field[]} */
    get fields(): Field[];
    /** What the controls hold, by field. @returns {Record<string, import("../shared/values.js").Typed>} */
    get typed(): Record<string, import("../shared/values.js").Typed>;
    /** Where something is typed or chosen first. @returns {HTMLElement | undefined} */
    get first(): HTMLElement | undefined;
    /**
     * @param {import("./words.js").Words} words
     * @param {Field[]} fields
     * @param {Record<string, unknown>} [values]  what they begin with; their defaults for the rest
     */
    fill(words: import("./words.js").Words, fields: Field[], values?: Record<string, unknown>): void;
    /** Say all in other words; what was typed stays. @param {import("./words.js").Words} words */
    retext(words: import("./words.js").Words): void;
    /**
     * Show what is wrong at each field, and go to the first.
     * @param {Record<string, string>} problems
     * @param {Element} form
     * @returns {boolean}  whether there is any
     */
    complain(problems: Record<string, string>, form: Element): boolean;
    #private;
}
export type Field = import("../shared/schema.js").Field;
