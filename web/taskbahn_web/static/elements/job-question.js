/**
 * `<job-question job="…">`: what a job asks people, with a form for the answer; nothing while it asks nothing. The first answer counts,
 * also one that is given elsewhere: then the next question takes its place, or none.
 */

import { questionKey } from "../client/questions.js";
import { isClosedQuestion, questionFacts } from "../shared/question.js";
import { makeElement, setText } from "./dom.js";
import { drawEverySecond } from "./drawing.js";
import { JobElement } from "./job-element.js";
import { css } from "./job-question-css.js";
import { QuestionForm } from "./question-form.js";

/** @typedef {import("../client/questions.js").QuestionView} QuestionView */

export class JobQuestion extends JobElement {
  static properties = [...JobElement.properties, "who"];
  static css = css;

  #asked = makeElement("p", { class: "question", part: "question", id: "question" });
  #facts = makeElement("p", { class: "muted", part: "facts" });
  #content = makeElement("div");
  #box = makeElement("section", { class: "box", part: "box", "aria-labelledby": "question", hidden: true }, this.#asked, this.#facts, this.#content);
  #problem = makeElement("p", { class: "problem", hidden: true });
  #said = makeElement("p", { class: "unseen", role: "status", tabindex: "-1" });
  /** The question that is shown. @type {QuestionView | null} */
  #shown = null;
  /** Questions that are answered, or closed, before the watch says so: by their keys. @type {Set<string>} */
  #gone = new Set();
  #isAnswered = false;
  /** The answer to the question that is shown is on its way: what the watch says meanwhile is shown after the dispatcher's reply. */
  #isSending = false;

  constructor() {
    super();
    this.shadowRoot?.append(this.#box, this.#problem, this.#said);
  }

  /** Who answers; kept with the answer. */
  get who() {
    return this.getAttribute("who") ?? "";
  }

  set who(who) {
    this.setAttribute("who", who);
  }

  /** The question that is open, the first if there are several. @returns {QuestionView | null} */
  get question() {
    return this.#open()[0] ?? null;
  }

  /** @override @protected */
  shut() {
    super.shut();
    this.#gone.clear();
    this.#isSending = false;
    this.#show(null);
    setText(this.#said, "");
  }

  /** @override @protected */
  retext() {
    this.restart();
  }

  /** @override @protected */
  draw() {
    const [first = null, ...more] = this.#isSending && this.#shown ? [this.#shown] : this.#open();
    if ((first && questionKey(first)) !== (this.#shown && questionKey(this.#shown))) {
      this.#show(first);
      this.fire("question", first);
    }
    const { bahn, feed, words } = this;
    if (first && bahn) {
      const others = more.length ? [words.count(more.length, "1 more question after it", "{count} more questions after it")] : [];
      const lost = bahn.state === "reconnecting" ? [words.say("reconnecting…")] : [];
      setText(this.#facts, [...questionFacts(first, this.time).map((fact) => words.own(fact)), ...others, ...lost].join(" · "));
    }
    drawEverySecond(/** @type {any} */ (this), first !== null && this.isHeard);
    setText(this.#problem, feed?.problem ? this.problemText(feed.problem) : "");
    this.#problem.hidden = !feed?.problem;
  }

  #open() {
    return (this.view?.questions ?? []).filter((question) => !this.#gone.has(questionKey(question)));
  }

  /** @param {QuestionView | null} question */
  #show(question) {
    const hadFocus = Boolean(this.shadowRoot?.activeElement);
    const wasShown = this.#shown !== null;
    this.#shown = question;
    this.#box.hidden = !question;
    setText(this.#asked, question?.question ?? "");
    const { words } = this;
    const before = wasShown ? (this.#isAnswered ? words.say("Answered.") : words.say("The question is closed.")) : "";
    this.#isAnswered = false;
    setText(this.#said, `${before} ${question ? words.say("A question: {question}", { question: question.question }) : ""}`.trim());
    const form = question && new QuestionForm(question, (value) => this.#answer(question, value), words);
    this.#content.replaceChildren(...(form ? [form.node] : []));
    if (!hadFocus) return;
    if (form) form.focus();
    else this.#said.focus();
  }

  /**
   * @param {QuestionView} question
   * @param {unknown} value
   */
  async #answer(question, value) {
    const { bahn } = this;
    this.#isSending = true;
    try {
      await bahn?.job(question.job).answer(question.name, value, this.who);
      this.#isAnswered = this.#shown === question;
      this.fire("answered", { name: question.name, value });
    } catch (error) {
      if (!isClosedQuestion(error)) throw error;
    } finally {
      this.#isSending = false;
      this.drawSoon();
    }
    this.#gone.add(questionKey(question));
  }
}
