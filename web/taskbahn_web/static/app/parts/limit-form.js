/** The form that changes what a limit allows, or makes it as tasks declare it again. A refusal is shown at the value, with its position marked. */

import { useRef, useState } from "preact/hooks";

import { ADMIN_LIMIT } from "../../client/wire.js";
import { offerFocus } from "../../shared/focus.js";
import { sentence, TaskbahnError } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { nameShown } from "../core/who.js";
import { bahn } from "../data/live.js";
import { changeText, isOverridden, splitAt, valueOf, valueText } from "../text/limit-text.js";
import { Problem } from "./note.js";
import { WhoField } from "./who-field.js";

/**
 * @typedef {import("../../client/wire.js").LimitView} LimitView
 * @typedef {{text: string, value: string, position: number | null}} Refusal
 * @typedef {{currentTarget: HTMLInputElement}} Typed
 */

const NOTES = {
  rate: "Such as 50/s or 50/s burst=20; the units are s, m, h and d. It holds at once, for jobs that wait too.",
  concurrency: "A whole number; with 0 none of its jobs starts. It holds at once, for jobs that wait too.",
};

/** @param {{limit: LimitView, onChanged: () => void}} props */
export function LimitForm({ limit, onChanged }) {
  const { input, typed, setTyped, refusal, failure, said, isSending, change } = useChange(limit, onChanged);
  useKeys({ c: [() => input.current?.select(), "Change the limit"] });
  const submit = (/** @type {globalThis.Event} */ event) => {
    event.preventDefault();
    void change(typed.trim());
  };
  const described = ["limit-value-note", refusal && "limit-value-problem"].filter(Boolean).join(" ");
  return html`<form class="limit-form" aria-label="Change ${limit.name}" onSubmit=${submit}>
    <div class="field ${refusal ? "field-wrong" : ""}">
      <label for="limit-value">Value</label>
      <input
        ref=${input} id="limit-value" value=${typed} autocomplete="off" spellcheck=${false} inputmode=${limit.kind === "concurrency" ? "numeric" : undefined}
        aria-describedby=${described} aria-invalid=${refusal ? "true" : undefined} onInput=${(/** @type {Typed} */ { currentTarget }) => setTyped(currentTarget.value)}
      />
      <p class="field-problem" id="limit-value-problem" role="alert">${refusal && html`<${RefusalText} ...${refusal} />`}</p>
      <p class="field-note" id="limit-value-note">${NOTES[limit.kind]}</p>
    </div>
    <${WhoField} id="limit-who" note="Shown as who changed it." />
    <p class="actions">
      <button class="primary" aria-disabled=${isSending}>Change</button>
      ${isOverridden(limit) && html`<button type="button" aria-disabled=${isSending} onClick=${() => change(null)}>Reset to ${valueText(limit.declared)}</button>`}
    </p>
    ${failure && html`<${Problem}>${failure}<//>`}
    <p class="said" role="status">${said}</p>
  </form>`;
}

/** @param {Refusal} props */
function RefusalText({ text, value, position }) {
  if (position === null) return text;
  const [before, letter, after] = splitAt(value, position);
  return html`<code class="limit-wrong" aria-hidden="true">${before}<mark>${letter}</mark>${after}</code> ${text}`;
}

/**
 * What is typed, and what became of the last change.
 * @param {LimitView} limit
 * @param {() => void} onChanged
 */
function useChange(limit, onChanged) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [draft, setTyped] = useState(/** @type {string | null} */ (null)); // null: nothing is typed, what holds now is shown
  const [refusal, setRefusal] = useState(/** @type {Refusal | null} */ (null));
  const [failure, setFailure] = useState("");
  const [said, say] = useState("");
  const [isSending, setSending] = useState(false);

  const refuse = (/** @type {unknown} */ error, /** @type {string} */ value) => {
    if (!(error instanceof TaskbahnError) || error.detail.option !== "value") return setFailure(sentence(error));
    const position = typeof error.detail.position === "number" ? error.detail.position : null;
    setTyped(value);
    setRefusal({ text: sentence(error), value, position });
    return selectWrong(input.current, value, position);
  };
  const change = async (/** @type {string | null} */ value) => {
    if (isSending) return;
    setRefusal(null);
    setFailure("");
    say("");
    setSending(true);
    try {
      say(changeText(await bahn.ask(ADMIN_LIMIT, [limit.name, value], { who: nameShown() })));
      setTyped(null);
      onChanged();
    } catch (error) {
      refuse(error, value ?? "");
    }
    setSending(false);
  };
  return { input, typed: draft ?? String(valueOf(limit)), setTyped, refusal, failure, said, isSending, change };
}

/**
 * Put the caret at what is wrong, unless the reader types elsewhere.
 * @param {HTMLInputElement | null} input
 * @param {string} value
 * @param {number | null} position
 */
function selectWrong(input, value, position) {
  if (!input?.form || !offerFocus(input, input.form)) return;
  input.value = value; // the next drawing would put the caret at its end
  const [before, letter] = splitAt(value, position ?? value.length + 1);
  input.setSelectionRange(before.length, before.length + letter.length);
}
