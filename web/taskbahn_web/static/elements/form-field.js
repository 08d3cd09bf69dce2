/** One argument in `<task-form>`: label, control, what may be given, what is wrong with it. */

import { FURTHER_FIELD, kindText } from "../shared/schema.js";
import { controlValue, placeholderText, problemText, rowsOf } from "../shared/values.js";
import { makeElement, setAttribute, setText } from "./dom.js";

/** @typedef {import("../shared/schema.js").Field} Field */

const INPUT_TYPES = /** @type {Record<string, string>} */ ({ date: "date", datetime: "datetime-local", time: "time" });
const INPUT_MODES = /** @type {Record<string, string>} */ ({ integer: "numeric", number: "decimal" });
const MAX_ROWS = 12; // rows

export class FormField {
  #control;
  #words;
  #problem;

  /**
   * @param {Field} field
   * @param {unknown} value  to begin with; the task's default if undefined
   * @param {import("./words.js").Words} words
   */
  constructor(field, value, words) {
    const id = `field-${field.name}`;
    const hint = field.hint.split(", ").map((part) => words.own(part)).join(", ");
    const notes = [field.description, hint].filter(Boolean).join(" · ");
    this.field = field;
    this.#words = words;
    this.#control = makeControl(field, controlValue(field, value), words);
    this.#control.id = id;
    this.#control.setAttribute("name", field.name);
    this.#problem = makeElement("p", { class: "wrong", id: `${id}-problem`, role: "alert" });
    setAttribute(this.#control, "aria-describedby", `${id}-note ${id}-problem`);
    setAttribute(this.#control, "aria-required", field.isRequired ? "true" : undefined);
    const label = makeElement("label", { for: id }, field.name === FURTHER_FIELD ? words.say("further arguments") : field.name, makeElement("span", { class: "kind" }, words.own(kindText(field))));
    const note = makeElement("p", { class: "note", id: `${id}-note` }, notes);
    note.hidden = !notes;
    const file = field.kind === "bytes" ? [makeFileInput(words.say("{name} from a file", { name: field.name }), /** @type {HTMLTextAreaElement} */ (this.#control))] : [];
    this.row = makeElement("div", { class: `field ${field.kind}`, part: "field" }, label, this.#control, ...file, note, this.#problem);
  }

  /** The value of the control. @returns {import("../shared/values.js").Typed} */
  get typed() {
    const control = this.#control;
    return control instanceof HTMLInputElement && control.type === "checkbox" ? control.checked : control.value;
  }

  /** Put back what another control of the field has held. @param {import("../shared/values.js").Typed} typed */
  restore(typed) {
    const control = this.#control;
    if (control instanceof HTMLInputElement && control.type === "checkbox") control.checked = Boolean(typed);
    else control.value = String(typed);
  }

  /** @param {string} why  "" if nothing is wrong */
  complain(why) {
    setAttribute(this.#control, "aria-invalid", why ? "true" : undefined);
    setText(this.#problem, why ? problemText(this.field.name, why, (text) => this.#words.phrase(text)) : "");
  }

  /** Where something is typed or chosen. */
  get control() {
    return this.#control;
  }
}

/**
 * @param {Field} field
 * @param {import("../shared/values.js").Typed} typed
 * @param {import("./words.js").Words} words
 * @returns {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement}
 */
function makeControl(field, typed, words) {
  const { kind, isNullable } = field;
  if (kind === "boolean" && !isNullable) {
    const box = /** @type {HTMLInputElement} */ (makeElement("input", { type: "checkbox" }));
    box.checked = Boolean(typed);
    return box;
  }
  const text = String(typed);
  if (kind === "boolean" || kind === "choice") return makeSelect(field, text, words);
  const isSecret = field.schema.writeOnly === true;
  const isLong = !isSecret && (kind === "json" || kind === "longtext" || kind === "bytes");
  const placeholder = placeholderText(field, (text, values) => words.say(text, values)) || undefined;
  const rows = String(rowsOf(text || (placeholder ?? ""), MAX_ROWS));
  const attributes = isLong ? { rows } : { type: isSecret ? "password" : (INPUT_TYPES[kind] ?? "text"), step: INPUT_TYPES[kind] && kind !== "date" ? "1" : undefined, inputmode: INPUT_MODES[kind] };
  const given = { ...attributes, class: kind, placeholder, autocomplete: isSecret ? "new-password" : "off", spellcheck: "false" };
  const control = /** @type {HTMLInputElement} */ (makeElement(isLong ? "textarea" : "input", given));
  control.value = text;
  return control;
}

/**
 * @param {Field} field
 * @param {string} typed
 * @param {import("./words.js").Words} words
 */
function makeSelect({ kind, labels, isNullable, isRequired }, typed, words) {
  const named = kind === "boolean" ? ["true", "false"].map((value) => [value, words.say(value)]) : labels.map((label, index) => [String(index), label]);
  const none = isNullable || !isRequired ? [["", isNullable ? words.say("none") : words.say("as the task has it")]] : [];
  const select = /** @type {HTMLSelectElement} */ (makeElement("select"));
  for (const [value, text] of [...none, ...named]) select.append(makeElement("option", { value }, text));
  select.value = typed;
  return select;
}

/**
 * A file whose bytes become the value, as base64.
 * @param {string} label
 * @param {HTMLTextAreaElement} control
 */
function makeFileInput(label, control) {
  const file = /** @type {HTMLInputElement} */ (makeElement("input", { type: "file", "aria-label": label }));
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    control.value = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  });
  return file;
}
