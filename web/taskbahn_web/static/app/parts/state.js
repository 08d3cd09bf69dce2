/** A job's state as a dot and a word. */

import { html } from "../core/html.js";

/** How attempts end that did not succeed; they are shown like failed jobs. */
const FAILURES = new Set(["error", "time_limit", "crash"]);

/** @param {{state: string}} props  state: of a job, or the outcome of an attempt */
export function State({ state }) {
  const tone = FAILURES.has(state) ? "failed" : state;
  return html`<span class="state state-${tone}"><i class="dot" aria-hidden="true"></i>${state.replaceAll("_", " ")}</span>`;
}
