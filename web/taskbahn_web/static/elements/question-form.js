/** The form of one question in `<job-question>`: fields, a button for each simple answer, and what is wrong with it. */

import { offerFocus } from "../shared/focus.js";
import { answerForm, answerProblems, makeAnswer, SETTLING_MS } from "../shared/question.js";
import { makeElement, setAttribute, setText } from "./dom.js";
import { FieldGroup } from "./field-group.js";
import { problemSentence } from "./problem-words.js";

/** @typedef {import("../shared/question.js").Choice} Choice */

export class QuestionForm {
  #form;
  #send;
  #words;
  #fields = new FieldGroup();
  #problem = makeElement("p", { class: "problem", role: "alert", hidden: true });
  /** @type {HTMLElement[]} */
  #buttons;
  #isBusy = false;

  /**
   * @param {import("../client/questions.js").QuestionView} question
   * @param {(value: unknown) => Promise<void>} send  rejects if the answer is refused
   * @param {import("./words.js").Words} words
   */
  constructor(question, send, words) {
    this.#form = answerForm(question.schema);
    this.#send = send;
    this.#words = words;
    this.#fields.fill(words, this.#form.fields);
    this.#fields.node.hidden = !this.#form.fields.length;
    this.#buttons = this.#form.decision
      ? this.#form.choices.map((choice) => this.#makeChoice(choice))
      : [makeElement("button", { type: "submit", part: "submit" }, words.say("Answer"))];
    this.node = makeElement("form", { part: "form", novalidate: true, "aria-labelledby": "question" }, this.#fields.node, this.#problem, this.#makeActions());
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#form.decision) this.#buttons[0].focus(); // Enter in a field chooses nothing
      else void this.#answer();
    });
    this.#setBusy(true);
    setTimeout(() => this.#setBusy(false), SETTLING_MS);
  }

  /** Where an answer begins. @type {HTMLElement} */
  get first() {
    return this.#fields.first ?? this.#buttons[0];
  }

  /** @param {Choice} choice */
  #makeChoice(choice) {
    const button = makeElement("button", { type: "button", part: "choice" }, typeof choice.value === "string" ? choice.text : this.#words.own(choice.text));
    button.addEventListener("click", () => void this.#answer(choice));
    return button;
  }

  #makeActions() {
    const { decision, isWhole, isNamed } = this.#form;
    if (!decision) return makeElement("div", { class: "actions" }, ...this.#buttons);
    const buttons = makeElement("div", { class: "actions" }, ...this.#buttons);
    setAttribute(buttons, "role", "group");
    setAttribute(buttons, "aria-labelledby", isNamed ? "decision" : "question");
    if (isWhole) return buttons;
    const label = makeElement("p", { class: "label", id: "decision" }, decision.name);
    label.hidden = !isNamed;
    const note = makeElement("p", { class: "note" }, decision.description);
    note.hidden = !decision.description;
    return makeElement("div", { class: "field" }, label, note, buttons);
  }

  /** @param {Choice} [choice] */
  async #answer(choice) {
    if (this.#isBusy) return;
    const { value, problems } = makeAnswer(this.#form, this.#fields.typed, choice);
    this.#say("");
    if (this.#fields.complain(problems, this.node)) return;
    this.#setBusy(true);
    try {
      await this.#send(value);
    } catch (error) {
      if (!this.#fields.complain(answerProblems(error, this.#form), this.node)) this.#say(problemSentence(this.#words, error));
    }
    this.#setBusy(false);
  }

  /** @param {string} problem  that belongs to no field */
  #say(problem) {
    this.#problem.hidden = !problem;
    setText(this.#problem, problem);
  }

  /** @param {boolean} isBusy  it takes no answer now */
  #setBusy(isBusy) {
    this.#isBusy = isBusy;
    for (const button of this.#buttons) setAttribute(button, "aria-disabled", isBusy ? "true" : false);
  }

  /** Go to where an answer begins, unless the reader types elsewhere. */
  focus() {
    offerFocus(this.first, this.node);
  }
}
