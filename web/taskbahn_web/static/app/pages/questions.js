/** What jobs ask people: the open questions of all jobs, each with a form for the answer. */

import { useEffect, useRef } from "preact/hooks";

import { html } from "../core/html.js";
import { questions } from "../data/directory.js";
import { placeQuestions } from "../data/open-questions.js";
import { Empty, Problem } from "../parts/note.js";
import { QuestionCard } from "../parts/question-card.js";

export function Questions() {
  useEffect(() => questions.open(), []);
  const shown = useRef(/** @type {import("../data/open-questions.js").Placed[]} */ ([]));
  const found = questions.entries.value;
  if (found) shown.current = placeQuestions(shown.current, found.questions);
  return html`<section>
    <div class="page-head"><h1>Questions</h1></div>
    ${questions.problem.value && html`<${Problem}>${questions.problem.value}<//>`}
    ${found && !found.questions.length && html`<${Empty} title="No question is open" command="taskbahn questions">
      When a task asks people by <code>current.ask</code>, the question appears here, on the page of its job, and in a terminal:
    <//>`}
    <ul class="questions">
      ${shown.current.map(({ key, question, isOpen }) => html`<li key=${key}><${QuestionCard} question=${question} isOpen=${isOpen} onAnswered=${() => void questions.load()} /></li>`)}
    </ul>
    ${found?.next && html`<p class="muted">There are more. They come when some of these are answered.</p>`}
  </section>`;
}
