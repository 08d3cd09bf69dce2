/**
 * `<job-progress job="…">`: how far a job is, in a line, a bar, and its stages; while it waits, its place; when it is expected to end.
 * With the attribute `cancellable` it has a button for that. `label` names the bar for those who do not see it.
 */

import { FINAL_STATES } from "../client/states.js";
import { sentence } from "../client/errors.js";
import { percent } from "../shared/format.js";
import { howFar } from "../shared/how-far.js";
import { nowOf } from "./clock.js";
import { make, put, say } from "./dom.js";
import { tick } from "./drawing.js";
import { JobElement } from "./job-element.js";
import { footOf, stateText } from "./job-words.js";
import { css } from "./job-progress-css.js";
import { StageList } from "./stage-list.js";

/** @typedef {import("../client/wire.js").JobView} JobView */

export class JobProgress extends JobElement {
  static observedAttributes = ["url", "job", "cancellable", "label"];
  static properties = ["bahn", "url", "job", "cancellable", "label"];
  static css = css;

  #state = make("span");
  #text = make("span", { class: "text", part: "text" });
  #percent = make("span", { class: "percent", part: "percent", "aria-hidden": "true" });
  #cancel = make("button", { type: "button", part: "cancel", hidden: true }, "Cancel");
  #bar = make("div", { class: "bar", part: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, make("i", { part: "fill" }));
  #facts = make("span", { class: "facts" });
  #left = make("span", { class: "left", part: "left" });
  #stages = new StageList();
  #box = make(
    "div",
    { class: "box", part: "box" },
    make(
      "div",
      { class: "head" },
      make("span", { class: "state", part: "state", role: "status" }, make("i", { class: "dot", "aria-hidden": "true" }), this.#state),
      this.#text,
      this.#percent,
      this.#cancel,
    ),
    this.#bar,
    make("p", { class: "foot", part: "foot" }, this.#facts, this.#left),
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
    if (name === "job" || name === "url") super.attributeChangedCallback(name, before, after);
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
    const { bahn } = this;
    const job = this.view;
    const problem = this.feed?.problem;
    const state = problem ? "failed" : (job?.state ?? "none");
    const isFinal = FINAL_STATES.has(state);
    const isMoving = Boolean(job) && !isFinal && bahn?.state !== "closed";
    const now = job && !isFinal && bahn ? nowOf(bahn) : Date.now() / 1000;
    this.#box.className = `box ${state}${bahn?.state === "reconnecting" ? " stale" : ""}`;
    say(this.#state, problem ? "unknown" : stateText(job, bahn?.state ?? "closed", Boolean(this.job)));
    this.#drawBar(job, isFinal);
    const { facts, left } = footOf(job, now, bahn);
    say(this.#facts, this.#refusal || (problem ? sentence(problem) : facts));
    say(this.#left, left);
    this.#stages.draw(job?.progress?.stages ?? [], state, isFinal ? (job?.finished_at ?? now) : null, now);
    this.#cancel.hidden = !this.cancellable || !job || isFinal;
    put(this.#cancel, "aria-disabled", this.#isCancelling ? "true" : false);
    say(this.#cancel, this.#isCancelling ? "Cancelling…" : "Cancel");
    tick(/** @type {any} */ (this), isMoving);
  }

  /**
   * @param {JobView | null} job
   * @param {boolean} isFinal
   */
  #drawBar(job, isFinal) {
    const { fraction, text } = howFar(job?.progress);
    const share = job?.state === "succeeded" ? 1 : fraction === null ? null : Math.min(1, Math.max(0, fraction));
    const isUnknown = share === null && job?.state === "running";
    this.#bar.classList.toggle("moving", isUnknown);
    this.#bar.style.setProperty("--share", String(share ?? (isFinal ? 1 : 0)));
    put(this.#bar, "aria-label", this.label || (job ? `Progress of ${job.task}` : "Progress"));
    put(this.#bar, "aria-valuenow", share === null ? undefined : String(Math.round(share * 100)));
    put(this.#bar, "aria-valuetext", [share === null ? stateText(job, "live", true) : percent(share), isFinal ? "" : text].filter(Boolean).join(", "));
    say(this.#text, isFinal ? "" : text);
    put(this.#text, "title", isFinal ? undefined : text || undefined);
    say(this.#percent, share === null || job?.state === "succeeded" ? "" : percent(share));
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
      if (this.job === id) this.#refusal = sentence(error);
    }
    if (this.job === id) this.#isCancelling = false;
    this.drawSoon();
  }
}
