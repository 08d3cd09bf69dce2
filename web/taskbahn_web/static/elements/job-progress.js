/**
 * `<job-progress job="…">`: how far a job is, in a line, a bar, and its stages; while it waits, its place; when it is expected to end.
 * With the attribute `cancellable` it has a button for that. `label` names the bar for those who do not see it.
 */

import { FINAL_STATES } from "../client/states.js";
import { percent } from "../shared/format.js";
import { barShare, shownFraction, summarizeProgress } from "../shared/how-far.js";
import { stagesEnd } from "../shared/stages.js";
import { makeElement, setAttribute, setText } from "./dom.js";
import { drawEverySecond } from "./drawing.js";
import { JobElement } from "./job-element.js";
import { footText, stateText } from "./job-words.js";
import { css } from "./job-progress-css.js";
import { StageList } from "./stage-list.js";

/** @typedef {import("../client/wire.js").JobView} JobView */

export class JobProgress extends JobElement {
  static observedAttributes = [...JobElement.observedAttributes, "cancellable", "label"];
  static properties = [...JobElement.properties, "cancellable", "label"];
  static css = css;

  #state = makeElement("span");
  #text = makeElement("span", { class: "text", part: "text" });
  #percent = makeElement("span", { class: "percent", part: "percent", "aria-hidden": "true" });
  #cancel = makeElement("button", { type: "button", part: "cancel", hidden: true });
  #bar = makeElement("div", { class: "bar", part: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, makeElement("i", { part: "fill" }));
  #facts = makeElement("span", { class: "facts" });
  #left = makeElement("span", { class: "left", part: "left" });
  #stages = new StageList();
  #box = makeElement(
    "div",
    { class: "box", part: "box" },
    makeElement(
      "div",
      { class: "head" },
      makeElement("span", { class: "state", part: "state", role: "status" }, makeElement("i", { class: "dot", "aria-hidden": "true" }), this.#state),
      this.#text,
      this.#percent,
      this.#cancel,
    ),
    this.#bar,
    makeElement("p", { class: "foot", part: "foot" }, this.#facts, this.#left),
    this.#stages.list,
  );
  /** What the last press of the button led to: a sentence. */
  #refusal = "";
  #isCancelling = false;

  constructor() {
    super();
    this.#cancel.addEventListener("click", () => void this.#askForCancel());
    this.shadowRoot?.append(this.#box);
  }

  /** Whether it has a button to cancel the job. */
  get cancellable() {
    return this.hasAttribute("cancellable");
  }

  set cancellable(isCancellable) {
    this.toggleAttribute("cancellable", Boolean(isCancellable));
  }

  /** What the bar is called by those who do not see it. */
  get label() {
    return this.getAttribute("label") ?? "";
  }

  set label(label) {
    this.setAttribute("label", label);
  }

  /**
   * @override
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (JobElement.observedAttributes.includes(name)) super.attributeChangedCallback(name, before, after);
    else this.drawSoon();
  }

  /** @override @protected */
  shut() {
    super.shut();
    this.#refusal = "";
    this.#isCancelling = false;
  }

  /**
   * @override
   * @protected
   * @param {import("../client/wire.js").Progress} progress
   */
  progressed(progress) {
    this.fire("progress", progress);
  }

  /** @override @protected */
  draw() {
    const { bahn, words } = this;
    const job = this.view;
    const problem = this.feed?.problem;
    const state = problem ? "none" : (job?.state ?? "none");
    const isFinal = FINAL_STATES.has(state);
    const isSilent = Boolean(job) && !isFinal && !this.isHeard;
    const now = job && !isFinal ? this.time : Date.now() / 1000;
    this.#box.className = `box ${state}${bahn?.state === "reconnecting" ? " stale" : ""}${isSilent ? " silent" : ""}`;
    setText(this.#state, problem ? words.say("unknown") : stateText(words, job, bahn?.state ?? "closed", Boolean(this.job)));
    this.#drawBar(job, isFinal);
    const { facts, left } = problem ? { facts: this.problemText(problem), left: "" } : footText(words, job, now, bahn, isSilent || this.feed?.isOutdated);
    setText(this.#facts, this.#refusal || facts);
    setText(this.#left, left);
    this.#stages.draw(words, job?.progress?.stages ?? [], state, job && (stagesEnd(job) ?? (problem ? now : null)), now);
    this.#cancel.hidden = !this.cancellable || !job || isFinal || Boolean(problem);
    setAttribute(this.#cancel, "aria-disabled", this.#isCancelling ? "true" : false);
    setText(this.#cancel, this.#isCancelling ? words.say("Cancelling…") : words.say("Cancel"));
    drawEverySecond(/** @type {any} */ (this), Boolean(job) && !isFinal && !isSilent);
  }

  /**
   * @param {JobView | null} job
   * @param {boolean} isFinal
   */
  #drawBar(job, isFinal) {
    const { words } = this;
    const { fraction, text } = summarizeProgress(job?.progress);
    const share = shownFraction(job?.state ?? "", fraction);
    const drawn = barShare(job?.state ?? "", fraction);
    this.#bar.classList.toggle("moving", drawn === null && !this.feed?.problem);
    this.#bar.style.setProperty("--share", String(drawn ?? 0));
    setAttribute(this.#bar, "aria-label", this.label || (job ? words.say("Progress of {task}", { task: job.task }) : words.say("Progress")));
    setAttribute(this.#bar, "aria-valuenow", share === null ? undefined : String(Math.round(share * 100)));
    setAttribute(this.#bar, "aria-valuetext", [share === null ? stateText(words, job, "live", true) : percent(share), isFinal ? "" : text].filter(Boolean).join(", "));
    setText(this.#text, isFinal ? "" : text);
    setAttribute(this.#text, "title", isFinal ? undefined : text || undefined);
    setText(this.#percent, share === null || job?.state === "succeeded" ? "" : percent(share));
  }

  async #askForCancel() {
    const { bahn, job: id } = this;
    if (!bahn || this.#isCancelling) return;
    this.#isCancelling = true;
    this.#refusal = "";
    this.drawSoon();
    try {
      await bahn.job(id).cancel("by a person on a page");
    } catch (error) {
      if (this.job === id) this.#refusal = this.problemText(error);
    }
    if (this.job === id) this.#isCancelling = false;
    this.drawSoon();
  }
}
