/** One argument of a form: label, control, what may be given, what is wrong with it. */

import { FURTHER_FIELD, kindText } from "../../shared/schema.js";
import { placeholderText, problemText, rowsOf } from "../../shared/values.js";
import { html } from "../core/html.js";
import { FileButton } from "./file-button.js";

/**
 * @typedef {import("../../shared/schema.js").Field} Field
 * @typedef {import("../../shared/values.js").Typed} Typed
 */

const INPUT_TYPES = /** @type {Record<string, string>} */ ({ date: "date", datetime: "datetime-local", time: "time" });

/**
 * @param {object} props
 * @param {Field} props.field
 * @param {Typed} props.typed
 * @param {string} [props.problem]
 * @param {(typed: Typed) => void} props.onChange
 * @param {string} [props.family]  what the ids of this form's fields begin with
 */
export function FieldRow({ field, typed, problem, onChange, family = "field" }) {
  const id = `${family}-${field.name}`;
  const notes = [field.description, field.hint].filter(Boolean);
  const described = [notes.length && `${id}-note`, problem && `${id}-problem`].filter(Boolean).join(" ");
  const common = { id, name: field.name, "aria-describedby": described || undefined, "aria-invalid": problem ? "true" : undefined };
  return html`<div class="field field-${field.kind} ${problem ? "field-wrong" : ""}">
    <label for=${id}>${field.name === FURTHER_FIELD ? "further arguments" : field.name}<span class="field-kind">${kindText(field)}</span></label>
    ${makeControl(field, typed, onChange, common)}
    ${notes.length > 0 && html`<p class="field-note" id="${id}-note">${notes.join(" · ")}</p>`}
    <p class="field-problem" id="${id}-problem" role="alert">${problem && problemText(field.name, problem)}</p>
  </div>`;
}

/**
 * @param {Field} field
 * @param {Typed} typed
 * @param {(typed: Typed) => void} onChange
 * @param {Record<string, unknown>} common  attributes of every control
 */
function makeControl(field, typed, onChange, common) {
  const placeholder = placeholderText(field) || undefined;
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => onChange(currentTarget.value);
  const { kind, isNullable, isRequired, labels } = field;
  if (kind === "boolean" && !isNullable) {
    const onTick = (/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => onChange(currentTarget.checked);
    return html`<input type="checkbox" checked=${typed} onChange=${onTick} ...${common} />`;
  }
  if (kind === "boolean" || kind === "choice") {
    const options = kind === "boolean" ? [["true", "true"], ["false", "false"]] : labels.map((label, index) => [String(index), label]);
    const isOptional = isNullable || !isRequired;
    return html`<select value=${typed} onChange=${onInput} ...${common}>
      ${isOptional && html`<option value="">${isNullable ? "none" : "as the task has it"}</option>`}
      ${!isOptional && typed === "" && html`<option value="" disabled selected>choose one</option>`}
      ${options.map(([value, text]) => html`<option value=${value} selected=${value === typed}>${text}</option>`)}
    </select>`;
  }
  const isSecret = field.schema.writeOnly === true;
  if (!isSecret && (kind === "json" || kind === "longtext")) {
    const rows = rowsOf(String(typed) || (placeholder ?? ""), 8);
    return html`<textarea class=${kind} rows=${rows} spellcheck=${false} placeholder=${placeholder} value=${typed} onInput=${onInput} ...${common}></textarea>`;
  }
  const isNumber = kind === "integer" || kind === "number";
  const mode = kind === "integer" ? "numeric" : isNumber ? "decimal" : undefined;
  const input = html`<input
    type=${isSecret ? "password" : (INPUT_TYPES[kind] ?? "text")}
    class=${kind}
    step=${kind === "datetime" || kind === "time" ? "1" : undefined}
    inputmode=${mode}
    placeholder=${placeholder}
    autocomplete=${isSecret ? "new-password" : "off"}
    spellcheck=${false}
    value=${typed}
    onInput=${onInput}
    ...${common}
  />`;
  if (kind !== "bytes" || isSecret) return input;
  return html`<div class="field-bytes">${input}<${FileButton} name=${field.name} onRead=${onChange} /></div>`;
}
