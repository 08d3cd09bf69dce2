/** What is known of a job beside its work: its data, arguments and attempts. */

import { useEffect } from "preact/hooks";

import { tasks } from "../directory.js";
import { ago, duration, fullTime } from "../format.js";
import { html } from "../html.js";
import { now } from "../live.js";
import { FailureView } from "../parts/failure.js";
import { State } from "../parts/state.js";
import { Named } from "../parts/value.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

/** @param {{job: JobView}} props */
export function Facts({ job }) {
  const { id, queue, priority, created_at, due_at, started_at, finished_at, worker, caller, tags = [], attempt } = job;
  /** @type {[string, unknown][]} */
  const rows = [
    ["Accepted", created_at && html`<${Time} at=${created_at} />`],
    ["Due", job.state === "waiting" && due_at && html`<${Time} at=${due_at} />`],
    ["Started", started_at && html`<${Time} at=${started_at} />`],
    ["Finished", finished_at && html`<${Time} at=${finished_at} />`],
    ["Queue", queue],
    ["Priority", priority || null],
    ["Attempt", attempt || null],
    ["Worker", worker && html`<code>${worker}</code>`],
    ["Caller", caller && html`<code>${caller}</code>`],
    ["Tags", tags.length > 0 && tags.join(", ")],
    ["Id", html`<code>${id}</code>`],
  ];
  return html`<dl class="facts">
    ${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** @param {{at: number}} props */
function Time({ at }) {
  return html`<time title=${fullTime(at)}>${ago(at, now.value)}</time>`;
}

/** @param {{job: JobView}} props */
export function Arguments({ job }) {
  useEffect(() => tasks.once(), []);
  const { args, kwargs, task } = job;
  if (!args && !kwargs) return null;
  const signature = tasks.entries.value?.find(({ name }) => name === task)?.signature;
  const byPosition = (args ?? []).map((value, index) => [`${index + 1}.`, value]);
  const values = signature ? named(job, signature) : { ...Object.fromEntries(byPosition), ...kwargs };
  if (Object.keys(values).length === 0) return html`<p class="muted">None.</p>`;
  return html`<${Named} values=${values} />`;
}

/** @param {{job: JobView}} props */
export function Attempts({ job }) {
  const attempts = [...(job.attempts ?? [])].reverse();
  return html`<ol class="attempts">
    ${attempts.map(
      ({ attempt, worker, started_at, ended_at, outcome, error }) => html`<li key=${attempt}>
        <p>
          <b>${attempt}</b> <${State} state=${outcome || "running"} />
          <span class="muted">${ended_at ? duration(ended_at - started_at) : ""}</span>
          <code title=${worker}>${worker}</code>
        </p>
        ${error && job.attempts?.at(-1)?.attempt !== attempt && html`<${FailureView} error=${error} />`}
      </li>`,
    )}
  </ol>`;
}

/**
 * The arguments of a job by name, for a form.
 * @param {JobView} job
 * @param {import("../../client/wire.js").Signature | null} [signature]
 * @returns {Record<string, unknown>}
 */
export function named({ args, kwargs }, signature) {
  if (!signature) return { args, kwargs };
  const { order = [], variadic } = signature;
  const given = args ?? [];
  const byPosition = Object.fromEntries(order.slice(0, given.length).map((name, index) => [name, given[index]]));
  return { ...byPosition, ...(variadic && given.length > order.length && { [variadic]: given.slice(order.length) }), ...kwargs };
}
