/** What a job asks, on its page; a question that is closed goes with the last one that is open, so that no button moves. */

import { useRef, useState } from "preact/hooks";

import { html } from "../core/html.js";
import { placeQuestions } from "../data/open-questions.js";
import { QuestionCard } from "./question-card.js";

/** @param {{questions?: import("../../client/questions.js").QuestionView[] | null}} props */
export function JobQuestions({ questions }) {
  const [said, say] = useState("");
  const shown = useRef(/** @type {import("../data/open-questions.js").Placed[]} */ ([]));
  shown.current = placeQuestions(shown.current, questions ?? []);
  return html`<div class="questions">
    ${shown.current.map(
      ({ key, question, isOpen }) => html`<${QuestionCard}
        key=${key} question=${question} isOpen=${isOpen} isAlone onAnswered=${() => say(`Answered: ${question.question}`)}
      />`,
    )}
  </div>
  <p class="said" role="status">${said}</p>`;
}
