/**
 * `<job-result job="…">`: what a job returned, or why it did not: the value folded where it is long, the error in a sentence. With the
 * attribute `traceback` also where in the code it was raised, and what caused it. That a job was cancelled is no error.
 */

import { FINAL_STATES } from "../client/states.js";
import { json } from "../shared/format.js";
import { makeElement } from "./dom.js";
import { JobElement } from "./job-element.js";
import { css } from "./job-result-css.js";

/**
 * @typedef {import("../client/wire.js").Failure} Failure
 * @typedef {import("./words.js").Words} Words
 */

const MAX_UNFOLDED_CHARACTERS = 1200; // characters

export class JobResult extends JobElement {
  static observedAttributes = [...JobElement.observedAttributes, "traceback"];
  static properties = [...JobElement.properties, "traceback"];
  static css = css;

  #box = makeElement("div", { class: "box", part: "box", "aria-live": "polite" });
  /** What is shown, so that the nodes are made again only when it changes. @type {unknown} */
  #shown = {};

  constructor() {
    super();
    this.shadowRoot?.append(this.#box);
  }

  /** Whether it shows where in the code an error was raised, and what caused it. */
  get traceback() {
    return this.hasAttribute("traceback");
  }

  set traceback(isShown) {
    this.toggleAttribute("traceback", Boolean(isShown));
  }

  /**
   * @override
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (name !== "traceback") super.attributeChangedCallback(name, before, after);
    else this.retext();
  }

  /** @override @protected */
  retext() {
    this.#shown = {};
    this.drawSoon();
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
    const { view, feed, words } = this;
    if (feed?.problem) return makeElement("p", { class: "problem" }, this.problemText(feed.problem));
    if (!view) return makeNote(this.job ? words.say("Loading…") : words.say("No job yet."));
    if (!isFinal) return makeNote(words.say("No result yet: the job is {state}.", { state: words.say(view.state) }));
    if (view.state === "succeeded") return makeValue(view.result, words);
    if (view.state === "cancelled") return makeCancelled(view.error?.message ?? "", words);
    if (view.error) return makeFailure(view.error, words, this.traceback, words.say(view.state));
    return makeNote(words.say("The job has {state}, and it is not known why.", { state: words.say(view.state) }));
  }
}

/** @param {string} text */
function makeNote(text) {
  return makeElement("p", { class: "muted" }, text);
}

/** @param {string} reason  "cancelled" if none was given @param {Words} words */
function makeCancelled(reason, words) {
  const why = reason && reason !== "cancelled" ? ` ${words.phrase(reason)}` : "";
  return makeElement("p", { class: "what cancelled", part: "cancelled" }, makeElement("b", {}, words.say("The job was cancelled.")), why);
}

/** @param {unknown} value @param {Words} words */
function makeValue(value, words) {
  if (value === null || value === undefined) return makeNote(words.say("It returned nothing."));
  const text = typeof value === "string" ? value : json(value, words.say("hidden"));
  const block = makeElement("pre", { part: "value", tabindex: "0", role: "region", "aria-label": words.say("Result") }, text);
  if (text.length <= MAX_UNFOLDED_CHARACTERS) return block;
  const start = makeElement("code", {}, `${text.slice(0, 120).replaceAll(/\s+/g, " ")}…`);
  return makeFold([start, makeElement("span", { class: "muted" }, words.say("{count} characters", { count: words.number(text.length) }))], block);
}

/**
 * @param {Failure} error
 * @param {Words} words
 * @param {boolean} isWhole  with traceback and causes
 * @param {string} [title]  if it has no type
 * @returns {HTMLElement}
 */
function makeFailure({ type, message, traceback, cause, notes = [] }, words, isWhole, title = words.say("Error")) {
  const name = type || title[0].toUpperCase() + title.slice(1);
  const parts = [makeElement("p", { class: "what" }, makeElement("b", {}, name), message ? ` ${words.phrase(message)}` : "")];
  for (const note of notes) parts.push(makeNote(note));
  if (isWhole && traceback) {
    const label = words.say("Traceback");
    parts.push(makeFold([label], makeElement("pre", { tabindex: "0", role: "region", "aria-label": label }, traceback)));
  }
  if (isWhole && cause && !(traceback && typeof cause !== "string" && !cause.traceback)) {
    const inner = typeof cause === "string" ? { message: cause } : cause;
    const title = inner.type ? words.say("Caused by {error}", { error: inner.type }) : words.say("Caused by another error");
    parts.push(makeFold([title], makeFailure(inner, words, isWhole)));
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
