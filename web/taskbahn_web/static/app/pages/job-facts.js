/** What is known of a job beside its work: its data and arguments. */

import { keyOf } from "../../client/revealing.js";
import { useEffect } from "preact/hooks";

import { tasks } from "../data/directory.js";
import { ago, day, duration, fullTime, number, shortId } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { CopyButton } from "../parts/copy-button.js";
import { Named } from "../parts/value.js";
import { link } from "../core/route.js";
import { deadlineText } from "../text/deadline-text.js";
import { isFlow, taskName } from "../text/flow-text.js";
import { originText, shownArgument } from "../text/input-text.js";
import { quote } from "../data/query-words.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

const SCHEDULE_CALLER = "schedule:"; // before the id of the schedule that started a job
const TRIGGER_CALLER = "trigger:"; // before that of the trigger

/** @param {{job: JobView}} props */
export function Facts({ job }) {
  const { id, task, queue, priority, created_at, due_at, started_at, finished_at, kept_until, deadline, worker, caller, tags = [], attempt, typical, unique, joined, parent, root, label } = job;
  const schedule = caller?.startsWith(SCHEDULE_CALLER) && caller.slice(SCHEDULE_CALLER.length);
  const trigger = caller?.startsWith(TRIGGER_CALLER) && caller.slice(TRIGGER_CALLER.length);
  const jobs = (/** @type {string} */ q, /** @type {string} */ text) => html`<a href=${link("jobs", null, { q })}>${text}</a>`;
  /** @type {[string, unknown][]} */
  const rows = [
    ["Accepted", created_at && html`<${Time} at=${created_at} />`],
    ["Due", job.state === "waiting" && due_at && html`<${Time} at=${due_at} />`],
    ["Started", started_at && html`<${Time} at=${started_at} />`],
    ["Deadline", deadline && html`<time title=${fullTime(deadline)}>${deadlineText(job, now.value)}</time>`],
    ["Finished", finished_at && html`<${Time} at=${finished_at} />`],
    ["Kept until", kept_until && html`<time title=${fullTime(kept_until)}>${day(kept_until)}</time>`],
    ["Usually", typical && typical >= 0.001 && html`<span title="The median of earlier attempts of this task">${duration(typical)}</span>`],
    ["Task", isFlow(task) ? `${taskName(task)} (a flow)` : html`<a href=${link("tasks", task)}>${task}</a>`],
    ["Name", label],
    ["Belongs to", parent && html`<a href=${link("jobs", parent)}><code>${shortId(parent)}</code></a>`],
    ["Root", root && html`<a href=${link("jobs", root)}><code>${shortId(root)}</code></a> ${jobs(`root:${root}`, "all of its tree")}`],
    ["Queue", jobs(`queue:${quote(queue)}`, queue)],
    ["Priority", priority || null],
    ["Attempt", attempt || null],
    ["Worker", worker && html`<a href=${link("workers", worker)}>${worker}</a>`],
    ["Schedule", schedule && html`<a href=${link("schedules", schedule)}>${schedule}</a>`],
    ["Trigger", trigger && html`<a href=${link("triggers", trigger)}>${trigger}</a>`],
    ["Caller", caller && !schedule && !trigger && html`<code>${caller}</code>`],
    ["Tags", tags.length > 0 && tags.map((tag) => html`<a key=${tag} class="tag" href=${link("jobs", null, { q: `tag:${quote(tag)}` })}>${tag}</a>`)],
    ["Joined", joined && html`<a href=${link("jobs", joined)}><code>${shortId(joined)}</code></a>, whose outcome it has`],
    ["Unique key", unique && html`<code>${unique}</code>`],
    ...optionRows(job),
    ["Id", html`<code>${id}</code> <${CopyButton} text=${id} what="the id" />`],
    ["Link", html`<${CopyButton} text=${location.href} what="the link to this job" />`],
  ];
  return html`<dl class="facts">
    ${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** The options of the job, in words. @type {Record<string, [string, (value: any) => unknown]>} */
const OPTION_TEXTS = {
  start_within: ["Start within", duration],
  run_within: ["Run within", duration],
  finish_within: ["Finish within", duration],
  retries: ["Retries", number],
  retry_backoff: ["Retry pause", duration],
  crash_attempts: ["Crashes", (value) => `failed after ${number(value)}`],
  delivery: ["Delivery", String],
  on_caller_lost: ["Caller lost", String],
  keep: ["Kept", duration],
  weight: ["Weight", number],
  detached: ["Detached", (value) => value && "goes on when its parent is cancelled"],
};

/** @param {JobView} job @returns {[string, unknown][]} */
function optionRows({ options = {} }) {
  return Object.entries(OPTION_TEXTS).map(([name, [title, said]]) => [title, options[name] !== undefined && options[name] !== null && said(options[name])]);
}

/** @param {{at: number}} props */
function Time({ at }) {
  return html`<time title=${fullTime(at)}>${ago(at, now.value)}</time>`;
}

/** @param {{job: JobView}} props */
export function Arguments({ job }) {
  useEffect(() => tasks.once(), []);
  const { args, kwargs, calls, task } = job;
  if (calls) return html`<${Named} values=${Object.fromEntries(calls.map(([given, named], index) => [`call ${index}`, Object.keys(named).length ? [...given, named] : given]))} />`;
  if (!args && !kwargs) return null;
  const key = keyOf({ args });
  if (key) return html`<p class="muted">Encrypted with key ${key}.</p>`;
  const signature = tasks.entries.value?.find(({ name }) => name === task)?.signature;
  const byPosition = (args ?? []).map((value, index) => [`${index + 1}.`, value]);
  const values = signature ? namedArguments(job, signature) : { ...Object.fromEntries(byPosition), ...kwargs };
  if (Object.keys(values).length === 0) return html`<p class="muted">None.</p>`;
  const { inputs = [] } = job;
  if (!inputs.length) return html`<${Named} values=${values} />`;
  const shown = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shownArgument(value, inputs)]));
  return html`<${Named} values=${shown} />
    <ul class="inputs" aria-label="Arguments from other jobs">${inputs.map((input) => html`<${Origin} key=${input.position} input=${input} />`)}</ul>`;
}

/** Where an argument comes from. @param {{input: import("../../client/wire.js").InputView}} props */
function Origin({ input }) {
  const { job, state, value, is_cut } = input;
  const more = value === undefined || value === null ? state : `${value}${is_cut ? "…" : ""}`;
  return html`<li><a href=${link("jobs", job)}>${originText(input)}</a> <code>${more}</code></li>`;
}

/**
 * The arguments of a job by name, for a form.
 * @param {JobView} job
 * @param {import("../../client/wire.js").Signature | null} [signature]
 * @returns {Record<string, unknown>}
 */
export function namedArguments({ args, kwargs }, signature) {
  if (!signature) return { args, kwargs };
  const { order = [], variadic } = signature;
  const given = args ?? [];
  const byPosition = Object.fromEntries(order.slice(0, given.length).map((name, index) => [name, given[index]]));
  return { ...byPosition, ...(variadic && given.length > order.length && { [variadic]: given.slice(order.length) }), ...kwargs };
}
