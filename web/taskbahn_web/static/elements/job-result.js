/** `<job-result job="…">`: what a job returned, or why it did not: the value folded where it is long, the error with its traceback. */

import { FINAL_STATES } from "../client/states.js";
import { sentence } from "../client/errors.js";
import { json } from "../shared/format.js";
import { make } from "./dom.js";
import { JobElement } from "./job-element.js";
import { css } from "./job-result-css.js";

/** @typedef {import("../client/wire.js").Failure} Failure */

const LONG = 1200; // characters

export class JobResult extends JobElement {
  static css = css;

  #box = make("div", { class: "box", part: "box", "aria-live": "polite" });
  /** What is shown, so that it is made anew only when that is another. @type {unknown} */
  #shown = {};

  constructor() {
    super();
    this.shadowRoot?.append(this.#box);
  }

  /** @override @protected */
  draw() {
    const { view, feed } = this;
    const isFinal = FINAL_STATES.has(view?.state ?? "");
    const key = feed?.problem ?? (isFinal ? view : (view?.state ?? (this.job ? "loading" : "")));
    if (key === this.#shown) return;
    this.#shown = key;
    this.#box.replaceChildren(this.#content(isFinal));
  }

  /** @param {boolean} isFinal */
  #content(isFinal) {
    const { view, feed } = this;
    if (feed?.problem) return make("p", { class: "problem" }, sentence(feed.problem));
    if (!view) return make("p", { class: "muted" }, this.job ? "Loading…" : "No job yet.");
    if (!isFinal) return make("p", { class: "muted" }, `No result yet: the job is ${view.state}.`);
    if (view.state === "succeeded") return valueOf(view.result);
    if (view.error) return failureOf(view.error, view.state);
    return make("p", { class: "muted" }, `The job ${view.state === "failed" ? "failed" : `was ${view.state}`}, and nothing was said of why.`);
  }
}

/** @param {unknown} value */
function valueOf(value) {
  if (value === null || value === undefined) return make("p", { class: "muted" }, "It returned nothing.");
  const text = typeof value === "string" ? value : json(value);
  const block = make("pre", { part: "value", tabindex: "0", role: "region", "aria-label": "Result" }, text);
  if (text.length <= LONG) return block;
  const start = make("code", {}, `${text.slice(0, 120).replaceAll(/\s+/g, " ")}…`);
  return fold([start, make("span", { class: "muted" }, `${text.length.toLocaleString("en")} characters`)], block);
}

/**
 * @param {Failure} error
 * @param {string} [title]  if it has no type
 * @returns {HTMLElement}
 */
function failureOf({ type, message, traceback, cause, notes = [] }, title = "Error") {
  const parts = [make("p", { class: "what" }, make("b", {}, type || title[0].toUpperCase() + title.slice(1)), message ? ` ${message}` : "")];
  for (const note of notes) parts.push(make("p", { class: "muted" }, note));
  if (traceback) parts.push(fold(["Traceback"], make("pre", { tabindex: "0", role: "region", "aria-label": "Traceback" }, traceback)));
  if (cause && !(traceback && typeof cause !== "string" && !cause.traceback)) {
    const inner = typeof cause === "string" ? { message: cause } : cause;
    parts.push(fold([`Caused by ${inner.type ?? "another error"}`], failureOf(inner)));
  }
  return make("div", { class: "failure", part: "error" }, ...parts);
}

/**
 * @param {(Node | string)[]} summary
 * @param {HTMLElement} content
 */
function fold(summary, content) {
  return make("details", {}, make("summary", {}, ...summary), content);
}
