/** `<job-result job="…">`: what a job returned, or why it did not: the value folded where it is long, the error with its traceback. */

import { FINAL_STATES } from "../client/states.js";
import { sentence } from "../client/errors.js";
import { json } from "../shared/format.js";
import { makeElement } from "./dom.js";
import { JobElement } from "./job-element.js";
import { css } from "./job-result-css.js";

/** @typedef {import("../client/wire.js").Failure} Failure */

const MAX_UNFOLDED_CHARACTERS = 1200; // characters

export class JobResult extends JobElement {
  static css = css;

  #box = makeElement("div", { class: "box", part: "box", "aria-live": "polite" });
  /** What is shown, so that the nodes are made again only when it changes. @type {unknown} */
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
    if (feed?.problem) return makeElement("p", { class: "problem" }, sentence(feed.problem));
    if (!view) return makeElement("p", { class: "muted" }, this.job ? "Loading…" : "No job yet.");
    if (!isFinal) return makeElement("p", { class: "muted" }, `No result yet: the job is ${view.state}.`);
    if (view.state === "succeeded") return makeValue(view.result);
    if (view.error) return makeFailure(view.error, view.state);
    return makeElement("p", { class: "muted" }, `The job ${view.state === "failed" ? "failed" : `was ${view.state}`}, and nothing was said of why.`);
  }
}

/** @param {unknown} value */
function makeValue(value) {
  if (value === null || value === undefined) return makeElement("p", { class: "muted" }, "It returned nothing.");
  const text = typeof value === "string" ? value : json(value);
  const block = makeElement("pre", { part: "value", tabindex: "0", role: "region", "aria-label": "Result" }, text);
  if (text.length <= MAX_UNFOLDED_CHARACTERS) return block;
  const start = makeElement("code", {}, `${text.slice(0, 120).replaceAll(/\s+/g, " ")}…`);
  return makeFold([start, makeElement("span", { class: "muted" }, `${text.length.toLocaleString("en")} characters`)], block);
}

/**
 * @param {Failure} error
 * @param {string} [title]  if it has no type
 * @returns {HTMLElement}
 */
function makeFailure({ type, message, traceback, cause, notes = [] }, title = "Error") {
  const parts = [makeElement("p", { class: "what" }, makeElement("b", {}, type || title[0].toUpperCase() + title.slice(1)), message ? ` ${message}` : "")];
  for (const note of notes) parts.push(makeElement("p", { class: "muted" }, note));
  if (traceback) parts.push(makeFold(["Traceback"], makeElement("pre", { tabindex: "0", role: "region", "aria-label": "Traceback" }, traceback)));
  if (cause && !(traceback && typeof cause !== "string" && !cause.traceback)) {
    const inner = typeof cause === "string" ? { message: cause } : cause;
    parts.push(makeFold([`Caused by ${inner.type ?? "another error"}`], makeFailure(inner)));
  }
  return makeElement("div", { class: "failure", part: "error" }, ...parts);
}

/**
 * @param {(Node | string)[]} summary
 * @param {HTMLElement} content
 */
function makeFold(summary, content) {
  return makeElement("details", {}, makeElement("summary", {}, ...summary), content);
}
