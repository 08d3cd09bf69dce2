/** What tables of jobs say of one: how far it is or how it ended, and how long that took. */

import { ago, duration, percent, wholeDuration } from "../../shared/format.js";
import { summarizeProgress } from "../../shared/how-far.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { tasks } from "../data/directory.js";
import { now } from "../data/live.js";
import { Bar } from "./bar.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

/** @param {{job: JobView}} props */
export function ProgressCell({ job }) {
  const { state, progress, error, last_error, due_at, task, queue } = job;
  if (state === "running") {
    const { fraction, text } = summarizeProgress(progress);
    return html`<span class="how">
      <${Bar} fraction=${fraction} label="Progress of ${task}" />
      <span class="how-much">${fraction === null ? "" : percent(fraction)}</span><span class="how-text" title=${plainText(text)}>${plainText(text)}</span>
    </span>`;
  }
  if (state === "ready" && isUnserved(task, queue)) return html`<span class="bad cut" title="No attached worker offers ${task} and serves the queue ${queue}">no worker serves ${queue} for it</span>`;
  const due = state === "waiting" && due_at ? `due ${ago(due_at, now.value)}` : "";
  if ((state === "waiting" || state === "ready") && last_error) return html`<${Failed} error=${last_error} due=${due} />`;
  if (due) return html`<span class="muted">${due}</span>`;
  if (state === "cancelled" && error?.message && error.message !== "cancelled") return html`<span class="muted" title=${plainText(error.message)}>${plainText(error.message)}</span>`;
  if (state !== "failed" || !error) return "";
  return html`<${Failed} error=${error} />`;
}

/** @param {{error: import("../../client/wire.js").Failure, due?: string}} props */
function Failed({ error, due = "" }) {
  const why = plainText([error.type, error.message].filter(Boolean).join(": "));
  return html`<span class="how-failed" title=${why}>${due && html`<span class="muted">${due} · </span>`}${why}</span>`;
}

/** Whether no attached worker takes ready jobs of a task in a queue, as far as the list of tasks is loaded. @param {string} task @param {string} queue */
function isUnserved(task, queue) {
  const found = tasks.entries.value?.find(({ name }) => name === task);
  return Boolean(found?.unserved?.[queue]);
}

/** @param {JobView} job */
export function durationText({ state, started_at, finished_at }) {
  if (!started_at) return "";
  if (state === "running") return wholeDuration(now.value - started_at);
  return finished_at ? duration(finished_at - started_at) : "";
}
