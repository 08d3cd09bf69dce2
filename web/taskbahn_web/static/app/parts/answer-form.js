/** The form for the answer to a question: fields, a button for each simple answer, and what is wrong with it. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { offerFocus } from "../../shared/focus.js";
import { answerForm, answerProblems, makeAnswer, SETTLING_MS } from "../../shared/question.js";
import { controlValue } from "../../shared/values.js";
import { sentence } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { who } from "../core/who.js";
import { bahn } from "../data/live.js";
import { FieldRow } from "./field.js";
import { Problem } from "./note.js";

/**
 * @typedef {import("../../shared/question.js").Choice} Choice
 * @typedef {import("../../shared/values.js").Typed} Typed
 */

/**
 * @param {object} props
 * @param {import("../../client/questions.js").QuestionView} props.question
 * @param {string} props.id  what the ids in it begin with; that of the question's text
 * @param {boolean} props.isOpen
 * @param {(text: string) => void} props.onAnswered  gets the text of the button
 */
export function AnswerForm({ question, id, isOpen, onAnswered }) {
  const form = useMemo(() => answerForm(question.schema), [id]);
  const [typed, setTyped] = useState(() => Object.fromEntries(form.fields.map((field) => [field.name, controlValue(field)])));
  const [problems, setProblems] = useState(/** @type {Record<string, string>} */ ({}));
  const [failure, setFailure] = useState("");
  const [isBusy, setBusy] = useState(true); // it takes no answer now
  useEffect(() => {
    const timer = setTimeout(() => setBusy(false), SETTLING_MS);
    return () => clearTimeout(timer);
  }, []);
  const box = useRef(/** @type {HTMLFormElement | null} */ (null));
  useLayoutEffect(() => {
    const wrong = box.current?.querySelector("[aria-invalid]");
    if (wrong && box.current) offerFocus(/** @type {HTMLElement} */ (wrong), box.current);
  }, [problems]);

  const send = async (/** @type {Choice} */ choice) => {
    if (isBusy) return;
    const { value, problems: wrong } = makeAnswer(form, typed, choice);
    setProblems(wrong);
    setFailure("");
    if (Object.keys(wrong).length) return;
    setBusy(true);
    try {
      await bahn.job(question.job).answer(question.name, value, who.peek().trim());
      onAnswered(choice.text);
    } catch (error) {
      const found = answerProblems(error, form);
      setProblems(found);
      if (!Object.keys(found).length) setFailure(sentence(error));
    }
    setBusy(false);
  };
  const onSubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (!form.decision) void send(SUBMIT);
    else /** @type {HTMLElement | null | undefined} */ (box.current?.querySelector(".form-actions button"))?.focus(); // Enter in a field chooses nothing
  };
  const { decision, isNamed } = form;
  const buttons = decision
    ? form.choices.map((choice) => html`<button key=${choice.text} type="button" aria-disabled=${isBusy} onClick=${() => void send(choice)}>${choice.text}</button>`)
    : html`<button class="primary" type="submit" aria-disabled=${isBusy}>${SUBMIT.text}</button>`;
  return html`<form ref=${box} class="answer" onSubmit=${onSubmit} noValidate aria-labelledby=${id}>
    <fieldset disabled=${!isOpen}>
      ${form.fields.map(
        (field) => html`<${FieldRow}
          key=${field.name} family=${id} field=${field} typed=${typed[field.name]} problem=${problems[field.name]}
          onChange=${(/** @type {Typed} */ value) => setTyped((before) => ({ ...before, [field.name]: value }))}
        />`,
      )}
      ${failure && html`<${Problem}>${failure}<//>`}
      ${decision && isNamed && html`<p class="answer-name" id="${id}-decision">${decision.name}</p>`}
      ${decision?.description && html`<p class="field-note">${decision.description}</p>`}
      <div class="form-actions" role=${decision ? "group" : undefined} aria-labelledby=${decision ? (isNamed ? `${id}-decision` : id) : undefined}>${buttons}</div>
    </fieldset>
  </form>`;
}

/** @type {Choice} */
const SUBMIT = { text: "Answer", value: undefined };
