/** A question that a job asks people: who is to answer, since when it is open, when it closes, and a form for the answer. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { envelopeOf } from "../../client/keys.js";
import { shortId } from "../../shared/format.js";
import { questionFacts } from "../../shared/question.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { now } from "../data/live.js";
import { AnswerForm } from "./answer-form.js";
import { focusContentIfLost } from "./ask.js";

let serial = 0; // for ids that no other question on the page has

/**
 * @param {object} props
 * @param {import("../../client/questions.js").QuestionView} props.question
 * @param {boolean} [props.isOpen]  one that is closed keeps its room
 * @param {boolean} [props.isAlone]  without its task and its job
 * @param {() => void} [props.onAnswered]
 */
export function QuestionCard({ question, isOpen = true, isAlone = false, onAnswered }) {
  const [id] = useState(() => `question-${(serial += 1)}`);
  const [given, setGiven] = useState("");
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const card = box.current;
    return () => void (card?.contains(document.activeElement) && queueMicrotask(focusContentIfLost));
  }, []);
  const { task, job } = question;
  const locked = envelopeOf(question.schema, "question");
  const isAnswerable = isOpen && !given;
  const closed = given ? `Answered: ${given}` : "Answered elsewhere, or closed";
  const answered = (/** @type {string} */ text) => {
    setGiven(text === "Answer" ? "sent" : text);
    onAnswered?.();
  };
  return html`<article class="question panel ${isAnswerable ? "" : "question-closed"}" ref=${box} aria-labelledby=${id}>
    <h2 id=${id}>${question.question}</h2>
    <p class="facts-line">
      ${isAnswerable ? questionFacts(question, now.value).map((fact) => html`<span key=${fact}>${fact}</span>`) : html`<span>${closed}</span>`}
      ${!isAlone && html`<span><a href=${link("jobs", job)} title=${job}>${task || "job"} <code>${shortId(job)}</code></a></span>`}
    </p>
    ${locked && html`<p class="muted">Encrypted with key ${locked.key}: ${isAlone ? "give the key above" : "open the job and give the key"} to read and answer it.</p>`}
    ${!isReadOnly && !locked && html`<${AnswerForm} question=${question} id=${id} isOpen=${isAnswerable} onAnswered=${answered} />`}
    <p class="unseen" role="status">${given && closed}</p>
  </article>`;
}
