/** What a job asks, on its page; the questions go when they are answered. */

import { useState } from "preact/hooks";

import { questionKey } from "../../shared/question.js";
import { html } from "../core/html.js";
import { QuestionCard } from "./question-card.js";

/** @param {{questions?: import("../../client/questions.js").QuestionView[] | null}} props */
export function JobQuestions({ questions }) {
  const [said, say] = useState("");
  return html`<div class="questions">
    ${questions?.map((question) => html`<${QuestionCard} key=${questionKey(question)} question=${question} isAlone onAnswered=${() => say(`Answered: ${question.question}`)} />`)}
  </div>
  <p class="said" role="status">${said}</p>`;
}
