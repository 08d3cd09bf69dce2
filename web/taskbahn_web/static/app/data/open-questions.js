/** The open questions of all jobs, in places that do not move under the reader's hand. */

import { questionKey } from "../../client/questions.js";

/**
 * @typedef {import("../../client/questions.js").QuestionView} QuestionView
 * @typedef {{questions: QuestionView[], next: number | null}} OpenQuestions  the first; next: null if these are all
 * @typedef {{key: string, question: QuestionView, isOpen: boolean}} Placed
 */

/**
 * The list as it is shown: a closed question keeps its place, and a new one comes last, so that no button moves to where the reader is about
 * to press another. It begins again when none is open.
 * @param {Placed[]} shown  until now
 * @param {QuestionView[]} open
 * @returns {Placed[]}
 */
export function placeQuestions(shown, open) {
  if (!open.length) return [];
  const byKey = new Map(open.map((question) => [questionKey(question), question]));
  const kept = shown.map(({ key, question }) => ({ key, question, isOpen: byKey.delete(key) }));
  return [...kept, ...[...byKey].map(([key, question]) => ({ key, question, isOpen: true }))];
}

/** How many are open, in words. @param {OpenQuestions} found */
export function countText({ questions, next }) {
  return `${questions.length.toLocaleString("en")}${next === null ? "" : "+"}`;
}
