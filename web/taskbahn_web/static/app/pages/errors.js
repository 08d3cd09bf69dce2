/** Failed jobs, those that failed alike as one; each kind leads to its jobs and can be retried as a whole. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { VIEW_ERRORS } from "../../client/wire.js";
import { isReadOnly } from "../core/access.js";
import { Answer } from "../data/answer.js";
import { ago, count, fullTime, number } from "../../shared/format.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { now } from "../data/live.js";
import { BulkDialog } from "../parts/bulk-dialog.js";
import { Empty, Problem } from "../parts/note.js";
import { link, route } from "../core/route.js";
import { focusRow } from "../core/rows.js";

/**
 * @typedef {import("../../client/wire.js").ErrorGroup} ErrorGroup
 * @typedef {import("../../client/wire.js").Errors} AllErrors
 * @typedef {import("../parts/bulk-dialog.js").Order} Order
 */

const RELOAD_PAUSE_SECONDS = 3; // seconds between two looks, while jobs fail or are retried

export function Errors() {
  const task = route.value.query.get("task");
  const answer = useMemo(
    () => /** @type {Answer<AllErrors>} */ (new Answer(VIEW_ERRORS, { question: task ? { task } : {}, pause: RELOAD_PAUSE_SECONDS, matters: ({ state }) => Boolean(state) })),
    [task],
  );
  useEffect(() => answer.open(), [answer]);
  const [order, setOrder] = useState(/** @type {Order | null} */ (null));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const errors = answer.value.value;
  useKeys({
    j: [() => focusRow(list.current, 1), "Next kind of error"],
    k: [() => focusRow(list.current, -1), "Previous kind of error"],
    ...(!isReadOnly && { r: [() => retryFocused(errors, setOrder), "Retry all of the kind that has the focus"] }),
  });
  const close = () => {
    setOrder(null);
    void answer.ask();
  };
  return html`<section>
    <div class="page-head">
      <h1>Errors</h1>
      ${errors && errors.groups.length > 1 && !isReadOnly && html`<button onClick=${() => setOrder(retryAllOrder(task))}>Retry all failed jobs</button>`}
    </div>
    ${task && html`<p class="facts-line"><span>Of the task <a href=${link("tasks", task)}>${task}</a></span><a href=${link("errors")}>Of all tasks</a></p>`}
    ${answer.problem.value && html`<${Problem}>${answer.problem.value}<//>`}
    ${errors && errors.groups.length === 0 && html`<${Empty} title="No job has failed">When one does, it appears here, together with those that failed alike.<//>`}
    ${errors && errors.groups.length > 0 && html`<${Summary} errors=${errors} />
      <ul class="groups" ref=${list}>${errors.groups.map((group) => html`<${Group} key=${group.fingerprint} group=${group} onRetry=${() => setOrder(retryOrder(group))} />`)}</ul>`}
    ${order && html`<${BulkDialog} order=${order} onClose=${close} />`}
  </section>`;
}

/** @param {{errors: AllErrors}} props */
function Summary({ errors: { groups, matched, complete } }) {
  return html`<p class="facts-line">
    <span>${count(matched, "failed job")} in ${count(groups.length, "kind")}, the most frequent first</span>
    ${!complete && html`<span>only the newest failed jobs were looked at</span>`}
  </p>`;
}

/** @param {{group: ErrorGroup, onRetry: () => void}} props */
function Group({ group, onRetry }) {
  const { fingerprint, task, type, message, count: times, first_at, last_at, job } = group;
  const jobs = link("jobs", null, { q: `state:failed error:${fingerprint}` });
  return html`<li class="group panel" data-fingerprint=${fingerprint}>
    <a class="group-count" href=${jobs}><b>${number(times)}</b> <span>${times === 1 ? "job" : "jobs"}<span class="unseen"> failed</span></span></a>
    <div>
      <h2>${type || "Error"}</h2>
      <p class="group-message" title=${plainText(message)}>${plainText(message)}</p>
      <p class="facts-line">
        <a href=${link("tasks", task)}>${task}</a>
        <span>newest <time title=${fullTime(last_at)}>${ago(last_at, now.value)}</time></span>
        ${times > 1 && html`<span title="Of the jobs that are failed now; what a retry ran again counts by its newest end">oldest <time title=${fullTime(first_at)}>${ago(first_at, now.value)}</time></span>`}
        <span title="The fingerprint: error:${fingerprint} finds these jobs"><code>${fingerprint}</code></span>
      </p>
    </div>
    <div class="actions">
      <a class="button" href=${times === 1 ? link("jobs", job) : jobs}>${times === 1 ? "Show the job" : "Show the jobs"}</a>
      ${!isReadOnly && html`<button onClick=${onRetry} aria-label="Retry all: ${type || "Error"} in ${task}">Retry all</button>`}
    </div>
  </li>`;
}

/**
 * Ask whether the kind of error in which the focus is shall be retried.
 * @param {AllErrors | null} errors
 * @param {(order: Order) => void} ask
 */
function retryFocused(errors, ask) {
  const here = document.activeElement?.closest("[data-fingerprint]")?.getAttribute("data-fingerprint");
  const group = errors?.groups.find(({ fingerprint }) => fingerprint === here);
  if (group) ask(retryOrder(group));
}

/** @param {ErrorGroup} group @returns {Order} */
function retryOrder({ fingerprint, type, task }) {
  return { action: "retry", query: { state: ["failed"], error: fingerprint }, which: `failed jobs of ${task} with ${type || "this error"}` };
}

/** @param {string | null} task @returns {Order} */
function retryAllOrder(task) {
  return { action: "retry", query: { state: ["failed"], ...(task && { task }) }, which: task ? `failed jobs of ${task}` : "failed jobs of all tasks" };
}
