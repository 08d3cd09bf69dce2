export class FormField {
    /**
     * @param {Field} field
     * @param {unknown} value  to begin with; the task's default if undefined
     * @param {import("./words.js").Words} words
     */
    constructor(field: Field, value: unknown, words: import("./words.js").Words);
    field: import("../shared/schema.js").Field;
    row: HTMLElement;
    /** The value of the control. @returns {import("../shared/values.js").Typed} */
    get typed(): import("../shared/values.js").Typed;
    /** Put back what another control of the field has held. @param {import("../shared/values.js").Typed} typed */
    restore(typed: import("../shared/values.js").Typed): void;
    /** @param {string} why  "" if nothing is wrong */
    complain(why: string): void;
    /** Where something is typed or chosen. */
    get control(): HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
    #private;
}
export type Field = import("../shared/schema.js").Field;
