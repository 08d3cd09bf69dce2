/**
 * `<task-form task="…">`: a form made of what the task takes. Each field shows what is wrong with it, also what only the dispatcher sees.
 * When the job is accepted it fires `job`, and shows the job in the elements whose ids the attribute `for` names.
 */

import { TaskbahnError } from "../client/errors.js";
import { isRefusal, onNextLogin } from "../client/connection.js";
import { VIEW_TASKS } from "../client/wire.js";
import { ANY_SIGNATURE, fieldsOf } from "../shared/schema.js";
import { makeArguments, problemsByField } from "../shared/values.js";
import { makeElement, setAttribute, setText } from "./dom.js";
import { TaskbahnElement } from "./element.js";
import { FieldGroup } from "./field-group.js";
import { problemSentence } from "./problem-words.js";
import { css } from "./task-form-css.js";

/**
 * @typedef {import("../client/wire.js").TaskView} TaskView
 * @typedef {import("../client/wire.js").Options} Options
 * @typedef {import("../taskbahn.js").Bahn} Bahn
 */

export class TaskForm extends TaskbahnElement {
  static observedAttributes = [...TaskbahnElement.observedAttributes, "task", "submit"];
  static properties = [...TaskbahnElement.properties, "task", "submit", "htmlFor", "values", "options"];
  static css = css;

  /** What the fields begin with, by argument; the task's defaults for the rest. @type {Record<string, unknown>} */
  values = {};
  /** Of the jobs that it starts: queue, priority, tags … @type {Options} */
  options = {};

  #fields = new FieldGroup();
  #problem = makeElement("p", { class: "problem", role: "alert", hidden: true });
  #button = makeElement("button", { type: "submit", part: "submit" });
  #form = makeElement("form", { part: "form", novalidate: true, hidden: true }, this.#fields.node, this.#problem, makeElement("div", { class: "actions" }, this.#button));
  #notice = makeElement("p", { class: "muted", role: "status" });
  #again = makeElement("button", { type: "button", hidden: true });
  /** @type {TaskView | null} */
  #task = null;
  #noticeText = "";
  #isSending = false;
  #stopWaiting = () => {};
  /** Goes up when what was asked for is of no use any more. */
  #round = 0;

  constructor() {
    super();
    this.shadowRoot?.append(this.#form, this.#notice, this.#again);
    this.#again.addEventListener("click", () => (this.bahn?.hurry(), this.restart()));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#isSending) void this.#send();
    });
  }

  /** The task's name. */
  get task() {
    return this.getAttribute("task") ?? "";
  }

  set task(task) {
    this.setAttribute("task", task);
  }

  /** The text of the button; "Start job" if empty. */
  get submit() {
    return this.getAttribute("submit") ?? "";
  }

  set submit(text) {
    this.setAttribute("submit", text);
  }

  /** The ids of the elements that show the job, as the attribute `for`. */
  get htmlFor() {
    return this.getAttribute("for") ?? "";
  }

  set htmlFor(ids) {
    this.setAttribute("for", ids);
  }

  /**
   * @override
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (name !== "submit") super.attributeChangedCallback(name, before, after);
    else this.drawSoon();
  }

  /**
   * @override
   * @protected
   * @param {Bahn} bahn
   */
  open(bahn) {
    if (this.task) void this.#load(bahn, ++this.#round);
    else this.#noticeText = this.words.say("No task yet.");
  }

  /** @override @protected */
  get hasProblem() {
    return !this.#again.hidden;
  }

  /** @override @protected */
  shut() {
    this.#stopWaiting();
    this.#round++;
    this.#task = null;
    this.#isSending = false;
    this.#noticeText = "";
    this.#form.hidden = true;
    this.#again.hidden = true;
  }

  /** @override @protected */
  retext() {
    if (!this.#task) return this.restart();
    this.#fields.retext(this.words);
    this.#nameForm(this.#task);
    this.drawSoon();
  }

  /** @override @protected */
  draw() {
    const { words } = this;
    const state = this.bahn?.state;
    const isThere = this.#task !== null;
    const waiting = state === "live" ? words.say("Loading…") : state === "reconnecting" ? words.say("Reconnecting…") : words.say("Connecting…");
    this.#form.hidden = !isThere;
    setText(this.#button, this.#isSending ? (state === "live" ? words.say("Starting…") : words.say("Waiting for the connection…")) : this.submit || words.say("Start job"));
    setAttribute(this.#button, "aria-disabled", this.#isSending ? "true" : false);
    setText(this.#notice, isThere ? "" : this.#noticeText || waiting);
    setText(this.#again, words.say("Look again"));
    this.#notice.hidden = isThere;
  }

  /**
   * @param {Bahn} bahn
   * @param {number} round
   */
  async #load(bahn, round) {
    try {
      const found = (await bahn.ask(VIEW_TASKS)).find((/** @type {TaskView} */ { name }) => name === this.task);
      if (round !== this.#round) return;
      if (found) this.#build(found);
      else this.#noticeText = this.words.say("No worker has offered a task {task} yet.", { task: this.task });
      this.#again.hidden = Boolean(found);
    } catch (error) {
      if (round !== this.#round) return;
      this.#noticeText = problemSentence(this.words, error, { wasShown: Boolean(this.#task) });
      this.#again.hidden = false;
      this.#stopWaiting = isRefusal(error) ? onNextLogin(bahn.connection, () => this.restart()) : this.#stopWaiting;
    }
    this.drawSoon();
  }

  /** @param {TaskView} task */
  #build(task) {
    this.#task = task;
    this.#fields.fill(this.words, fieldsOf(task.signature ?? ANY_SIGNATURE), this.values);
    this.#nameForm(task);
    this.#say("");
  }

  /** @param {TaskView} task */
  #nameForm({ name }) {
    if (!this.#fields.first) this.#fields.node.replaceChildren(makeElement("p", { class: "muted" }, this.words.say("This task takes no arguments.")));
    setAttribute(this.#form, "aria-label", this.words.say("Arguments of {task}", { task: name }));
  }

  async #send() {
    const { bahn } = this;
    if (!bahn || !this.#task) return;
    const { name, signature } = this.#task;
    const { fields, typed } = this.#fields;
    const made = makeArguments(fields, typed, signature?.order);
    this.#say("");
    if (this.#fields.complain(made.problems, this.#form)) return;
    const { args, kwargs } = signature ? made : /** @type {typeof made} */ (/** @type {unknown} */ (made.kwargs));
    const round = this.#round;
    this.#setSending(true);
    try {
      this.#started(await bahn.start(name, args, kwargs, this.options));
    } catch (error) {
      if (round !== this.#round) return;
      const found = error instanceof TaskbahnError ? problemsByField(error.fields, fields) : {};
      if (!this.#fields.complain(found, this.#form)) this.#say(problemSentence(this.words, error));
    } finally {
      if (round === this.#round) this.#setSending(false);
    }
  }

  /** @param {import("../taskbahn.js").Job} job */
  #started(job) {
    const root = /** @type {Document | ShadowRoot} */ (this.getRootNode());
    for (const id of this.htmlFor.split(/\s+/).filter(Boolean)) {
      const target = /** @type {import("./job-element.js").JobElement | null} */ (root.getElementById?.(id) ?? document.getElementById(id));
      if (!target) continue;
      if (this.givenBahn) target.bahn = this.givenBahn;
      else if (!target.token && !target.tokenUrl) shareLogin(this, target); // the token that has started a job may be the only one that sees it
      target.job = job.id;
    }
    this.fire("job", job);
  }

  /** @param {string} problem  that belongs to no field */
  #say(problem) {
    this.#problem.hidden = !problem;
    setText(this.#problem, problem);
  }

  /** @param {boolean} isSending */
  #setSending(isSending) {
    this.#isSending = isSending;
    this.drawSoon();
  }
}

/** Have an element log in as another one does. @param {TaskbahnElement} from @param {TaskbahnElement} to */
function shareLogin(from, to) {
  for (const name of ["token", "token-url"]) {
    const value = from.getAttribute(name);
    if (value !== null) to.setAttribute(name, value);
  }
}
