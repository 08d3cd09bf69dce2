/** How a job ended if it did not succeed, and how its newest attempt failed if another one follows. */

import { FINAL_STATES } from "../../taskbahn.js";
import { ago, fullTime, wholeDuration } from "../../shared/format.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { quote } from "../data/query-words.js";
import { now } from "../data/live.js";
import { FailureView } from "./failure.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

const PLAIN = "cancelled"; // what a job says that was cancelled without a reason

/** @param {{job: JobView}} props */
export function JobOutcome({ job }) {
  const { state, error } = job;
  if (state === "cancelled" || state === "expired") return html`<${Panel} title=${state === "cancelled" ? "Cancelled" : "Expired"}><${Ended} job=${job} /><//>`;
  if (FINAL_STATES.has(state)) return error && html`<${Panel} title="Error"><${FailureView} error=${error} />${state === "failed" && html`<${MoreErrors} job=${job} />`}<//>`;
  const newest = state === "ready" || state === "waiting" ? newestFailure(job) : null;
  if (!newest) return null;
  return html`<${Panel} title="Attempt ${newest.attempt} failed">
    <p class="muted">${nextText(job)}</p>
    <${FailureView} error=${newest.error} />
  <//>`;
}

/**
 * The error of the newest attempt, if it failed.
 * @param {JobView} job
 * @returns {{attempt: number, error: import("../../client/wire.js").Failure} | null}
 */
export function newestFailure({ attempts = [] }) {
  const last = attempts.at(-1);
  return last?.error ? { attempt: last.attempt, error: last.error } : null;
}

/** When the next attempt follows. @param {JobView} job */
function nextText({ state, due_at, options }) {
  const retries = typeof options?.retries === "number" ? ` It may fail ${options.retries + 1} times.` : "";
  if (state === "waiting" && due_at && due_at > now.value) return html`The next attempt is due in <time title=${fullTime(due_at)}>${wholeDuration(due_at - now.value)}</time>.${retries}`;
  return `The next attempt starts as soon as it can.${retries}`;
}

/** No error: a person or a limit wanted it, or a time was over. @param {{job: JobView}} props */
function Ended({ job: { error, finished_at } }) {
  const { message = "", by } = error ?? {};
  const when = finished_at ? html`<time title=${fullTime(finished_at)}>${ago(finished_at, now.value)}</time>` : "";
  return html`<div class="ended">
    ${message && message !== PLAIN && html`<p class="ended-why">${message}</p>`}
    <p class="muted">${by && html`By <b>${by}</b>, `}${when}</p>
  </div>`;
}

/** Where to look for more of the same. @param {{job: JobView}} props */
function MoreErrors({ job: { task, fingerprint } }) {
  return html`<p class="alike">
    ${fingerprint && html`<a href=${link("jobs", null, { q: `state:failed error:${quote(fingerprint)}` })}>Jobs that failed alike</a>`}
    <a href=${link("errors", null, { task })}>What else failed of this task</a>
  </p>`;
}

/** @param {{title: string, children?: import("../core/html.js").Children}} props */
export function Panel({ title, children }) {
  return html`<section class="panel" aria-label=${title}><h2>${title}</h2>${children}</section>`;
}
