/** The fields of a form in an element: their values, and what is wrong with each. */

import { offerFocus } from "../shared/focus.js";
import { makeElement } from "./dom.js";
import { FormField } from "./form-field.js";

/** @typedef {import("../shared/schema.js").Field} Field */

export class FieldGroup {
  node = makeElement("div", { class: "fields" });
  /** @type {FormField[]} */
  #controls = [];

  /** @type {Field[]} */
  get fields() {
    return this.#controls.map(({ field }) => field);
  }

  /** What the controls hold, by field. @returns {Record<string, import("../shared/values.js").Typed>} */
  get typed() {
    return Object.fromEntries(this.#controls.map((control) => [control.field.name, control.typed]));
  }

  /** Where something is typed or chosen first. @returns {HTMLElement | undefined} */
  get first() {
    return this.#controls[0]?.control;
  }

  /**
   * @param {import("./words.js").Words} words
   * @param {Field[]} fields
   * @param {Record<string, unknown>} [values]  what they begin with; their defaults for the rest
   */
  fill(words, fields, values = {}) {
    this.#controls = fields.map((field) => new FormField(field, values[field.name], words));
    this.node.replaceChildren(...this.#controls.map(({ row }) => row));
  }

  /** Say all in other words; what was typed stays. @param {import("./words.js").Words} words */
  retext(words) {
    const { typed, fields } = this;
    const root = /** @type {ShadowRoot | Document} */ (this.node.getRootNode());
    const focused = this.#controls.findIndex(({ control }) => control === root.activeElement);
    this.fill(words, fields);
    for (const control of this.#controls) control.restore(typed[control.field.name]);
    this.#controls[focused]?.control.focus({ preventScroll: true });
  }

  /**
   * Show what is wrong at each field, and go to the first.
   * @param {Record<string, string>} problems
   * @param {Element} form
   * @returns {boolean}  whether there is any
   */
  complain(problems, form) {
    for (const control of this.#controls) control.complain(problems[control.field.name] ?? "");
    const first = this.#controls.find(({ field }) => field.name in problems);
    offerFocus(first?.control, form);
    return Boolean(first);
  }
}
