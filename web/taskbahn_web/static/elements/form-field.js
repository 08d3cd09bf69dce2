/** One argument in `<task-form>`: label, control, what may be given, what is wrong with it. */

import { FURTHER, kindText } from "../shared/schema.js";
import { problemText, typedOf } from "../shared/values.js";
import { make, put, say } from "./dom.js";

/** @typedef {import("../shared/schema.js").Field} Field */

const INPUTS = /** @type {Record<string, string>} */ ({ date: "date", datetime: "datetime-local", time: "time" });
const MODES = /** @type {Record<string, string>} */ ({ integer: "numeric", number: "decimal" });
const LONGEST = 12; // rows

export class FormField {
  #control;
  #problem;

  /**
   * @param {Field} field
   * @param {unknown} value  to begin with; the task's default if undefined
   */
  constructor(field, value) {
    const id = `field-${field.name}`;
    const notes = [field.description, field.hint].filter(Boolean).join(" · ");
    this.field = field;
    this.#control = controlOf(field, typedOf(field, value));
    this.#control.id = id;
    this.#control.setAttribute("name", field.name);
    this.#problem = make("p", { class: "wrong", id: `${id}-problem`, role: "alert" });
    put(this.#control, "aria-describedby", `${id}-note ${id}-problem`);
    put(this.#control, "aria-required", field.isRequired ? "true" : undefined);
    const label = make("label", { for: id }, field.name === FURTHER ? "further arguments" : field.name, make("span", { class: "kind" }, kindText(field)));
    const note = make("p", { class: "note", id: `${id}-note` }, notes);
    note.hidden = !notes;
    const file = field.kind === "bytes" ? [fileOf(field.name, /** @type {HTMLTextAreaElement} */ (this.#control))] : [];
    this.row = make("div", { class: `field ${field.kind}`, part: "field" }, label, this.#control, ...file, note, this.#problem);
  }

  /** What stands in it. @returns {import("../shared/values.js").Typed} */
  get typed() {
    const control = this.#control;
    return control instanceof HTMLInputElement && control.type === "checkbox" ? control.checked : control.value;
  }

  /** @param {string} why  "" if nothing is wrong */
  complain(why) {
    put(this.#control, "aria-invalid", why ? "true" : undefined);
    say(this.#problem, why ? problemText(this.field.name, why) : "");
  }

  /** Where something is typed or chosen. */
  get control() {
    return this.#control;
  }
}

/**
 * @param {Field} field
 * @param {import("../shared/values.js").Typed} typed
 * @returns {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement}
 */
function controlOf(field, typed) {
  const { kind, isNullable } = field;
  if (kind === "boolean" && !isNullable) {
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox" }));
    box.checked = Boolean(typed);
    return box;
  }
  const text = String(typed);
  if (kind === "boolean" || kind === "choice") return choiceOf(field, text);
  const isLong = kind === "json" || kind === "longtext" || kind === "bytes";
  const rows = String(Math.min(LONGEST, Math.max(2, text.split("\n").length)));
  const attributes = isLong ? { rows } : { type: INPUTS[kind] ?? "text", step: INPUTS[kind] && kind !== "date" ? "1" : undefined, inputmode: MODES[kind] };
  const given = { ...attributes, class: kind, placeholder: isNullable ? "none" : undefined, autocomplete: "off", spellcheck: "false" };
  const control = /** @type {HTMLInputElement} */ (make(isLong ? "textarea" : "input", given));
  control.value = text;
  return control;
}

/**
 * @param {Field} field
 * @param {string} typed
 */
function choiceOf({ kind, choices, isNullable, isRequired }, typed) {
  const named = kind === "boolean" ? [["true", "true"], ["false", "false"]] : choices.map((choice, index) => [String(index), String(choice)]);
  const none = isNullable || !isRequired ? [["", isNullable ? "none" : "as the task has it"]] : [];
  const select = /** @type {HTMLSelectElement} */ (make("select"));
  for (const [value, text] of [...none, ...named]) select.append(make("option", { value }, text));
  select.value = typed;
  return select;
}

/**
 * A file whose bytes become the value, as base64.
 * @param {string} name
 * @param {HTMLTextAreaElement} control
 */
function fileOf(name, control) {
  const file = /** @type {HTMLInputElement} */ (make("input", { type: "file", "aria-label": `${name} from a file` }));
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    control.value = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  });
  return file;
}
