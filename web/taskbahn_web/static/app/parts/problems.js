/** What is wrong now: a sentence, what to do, and the page that shows more; before everything else. */

import { ago, count, fullTime } from "../../shared/format.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { now } from "../data/live.js";
import { problemLink } from "../data/problem-link.js";

/** @typedef {import("../../client/wire.js").Problem} Trouble */

const JOB_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LEVELS = { error: "Error", warning: "Warning" };

/** @param {{problems: Trouble[]}} props */
export function Problems({ problems }) {
  if (!problems.length) {
    return html`<p class="all-well" role="status"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="m3.5 8.5 3 3 6-7" /></svg>Nothing is wrong now.</p>`;
  }
  return html`<section class="troubles" aria-label=${`${count(problems.length, "thing")} wrong now`} role="region">
    <ul>${problems.map((problem) => html`<${ProblemRow} key="${problem.kind} ${problem.id} ${problem.query}" problem=${problem} />`)}</ul>
  </section>`;
}

/** @param {{problem: Trouble}} props */
function ProblemRow({ problem }) {
  const { level, sentence, hint, since } = problem;
  const more = problemLink(problem);
  return html`<li class="trouble trouble-${level}">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d=${level === "error" ? "M8 4v5M8 11.5v.01" : "M8 5.5v3.5M8 11.5v.01"} /></svg>
    <div>
      <p class="trouble-what"><span class="unseen">${LEVELS[level]}: </span>${sentence}${since && html` <time title=${fullTime(since)}>${ago(since, now.value)}</time>`}</p>
      <p>${withCode(hint)}</p>
    </div>
    ${more && html`<a class="button" href=${more.where}>${more.text}</a>`}
  </li>`;
}

/** Text between backticks becomes code, and the id of a job a link to it. @param {string} text */
function withCode(text) {
  return text.split("`").map((part, index) => {
    if (index % 2 === 0) return part;
    return JOB_ID.test(part) ? html`<a class="mono" href=${link("jobs", part)}>${part}</a>` : html`<code>${part}</code>`;
  });
}
