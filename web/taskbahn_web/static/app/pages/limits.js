/** The limits: what each allows, how much of it is in use, and how many jobs wait for it; each leads to its page. */

import { useEffect, useRef } from "preact/hooks";

import { count, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { useKept } from "../core/place.js";
import { useKeys } from "../core/keys.js";
import { link } from "../core/route.js";
import { focusRow } from "../core/rows.js";
import { limits } from "../data/directory.js";
import { Allowed, Changed, Kind, Longest, Paused, Usage } from "../parts/limit-parts.js";
import { Empty, Problem } from "../parts/note.js";
import { isLimitMatch, keyText, waitingText } from "../text/limit-text.js";

/** @typedef {import("../../client/wire.js").LimitView} LimitView */

const MAX_ROW_TASKS = 2;

export function Limits() {
  useEffect(() => limits.open(), []);
  const [words, setWords] = useKept("words", "");
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const answer = limits.entries.value;
  const shown = answer?.limits.filter((limit) => isLimitMatch(limit, words)) ?? [];
  return html`<section>
    <div class="page-head">
      <h1>Limits</h1>
      ${answer && answer.count > 0 && html`<${Filter} words=${words} onWords=${setWords} body=${body} />`}
    </div>
    ${limits.problem.value && html`<${Problem}>${limits.problem.value}<//>`}
    ${answer && answer.count === 0 && html`<${Empty} title="No limits">
      A limit says how many jobs may start in a time, or run at the same time. Tasks declare limits, as in
      ${" "}<code>@app.task(limits=[Rate("100/s")])</code>; they appear here when a worker offers such a task.
    <//>`}
    ${shown.length > 0 && html`<${Table} limits=${shown} body=${body} />`}
    ${answer && answer.count > 0 && html`<p class="muted tasks-count" role="status">${countText(shown.length, answer, words)}</p>`}
  </section>`;
}

/**
 * @param {number} shown
 * @param {import("../../client/wire.js").Limits} answer
 * @param {string} words  of the filter
 */
function countText(shown, { limits: known, count: all }, words) {
  const looked = known.length < all ? `the first ${number(known.length)} of ${count(all, "limit")}, those with jobs waiting first` : "";
  if (shown === 0) return `No limit has “${words}” in its name, its kind or its tasks${looked && `, among ${looked}`}.`;
  if (shown < known.length) return `${number(shown)} of ${looked || count(all, "limit")}`;
  return looked && `These are ${looked}.`;
}

/** @param {{words: string, onWords: (words: string) => void, body: {current: HTMLElement | null}}} props */
function Filter({ words, onWords, body }) {
  const filter = useRef(/** @type {HTMLInputElement | null} */ (null));
  useKeys({
    f: [() => filter.current?.select(), "Filter the limits"],
    j: [() => focusRow(body.current, 1), "Next limit"],
    k: [() => focusRow(body.current, -1), "Previous limit"],
  });
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => onWords(currentTarget.value);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") onWords("");
    else if (event.key === "Enter" || event.key === "ArrowDown") focusRow(body.current, 1);
    else return;
    event.preventDefault();
  };
  return html`<label class="filter">
    <span class="unseen">Filter the limits</span>
    <input type="search" ref=${filter} value=${words} placeholder="Filter by name or task" autocomplete="off" spellcheck=${false} onInput=${onInput} onKeyDown=${onKeyDown} />
  </label>`;
}

/** @param {{limits: LimitView[], body: {current: HTMLElement | null}}} props */
function Table({ limits: shown, body }) {
  return html`<table class="list limits">
    <caption class="unseen">Limits, those with most jobs waiting first</caption>
    <thead>
      <tr>
        <th scope="col">Limit</th>
        <th scope="col">Allows</th>
        <th scope="col" title="of its fullest key">In use</th>
        <th scope="col" class="cell-number" title="jobs that it holds">Waiting</th>
        <th scope="col" class="cell-number" title="for how long the first of these jobs waits">Longest</th>
        <th scope="col" class="cell-number" title="keys that are in use or have jobs waiting">Keys</th>
        <th scope="col">Tasks</th>
      </tr>
    </thead>
    <tbody ref=${body}>${shown.map((limit) => html`<${Row} key=${limit.name} limit=${limit} />`)}</tbody>
  </table>`;
}

/** @param {{limit: LimitView}} props */
function Row({ limit }) {
  const { name, template, keys: [fullest] = [], key_count = 0, jobs = 0, oldest } = limit;
  return html`<tr>
    <th scope="row" class="cell-limit"><a href=${link("limits", name)}>${name}</a><${Paused} limit=${limit} /><small><${Kind} limit=${limit} /></small></th>
    <td class="cell-allows" data-name="allows"><${Allowed} limit=${limit} /><small><${Changed} limit=${limit} /></small></td>
    <td class=${fullest ? "cell-usage" : ""} data-name="in use">${
      fullest ? html`<${Usage} limit=${name} view=${fullest} />${template && html`<small class="cut" title=${fullest.key}>${keyText(fullest.key)}</small>`}`
      : html`<span class="muted">nothing</span>`
    }</td>
    <td class="cell-number" data-name="waiting">${jobs ? waitingText(jobs) : html`<span class="muted">0</span>`}</td>
    <td class="cell-number" data-name="longest"><${Longest} oldest=${oldest} /></td>
    <td class="cell-number" data-name="keys">${template ? number(key_count) : html`<span class="muted">–</span>`}</td>
    <td class="cell-tasks" data-name="tasks"><${TaskLinks} limit=${limit} /></td>
  </tr>`;
}

/** @param {{limit: LimitView}} props */
function TaskLinks({ limit: { name, tasks = [] } }) {
  if (!tasks.length) return html`<span class="muted">none declares it</span>`;
  return html`${tasks.slice(0, MAX_ROW_TASKS).map((task) => html`<a key=${task} class="cut" title=${task} href=${link("tasks", task)}>${task}</a>`)}
    ${tasks.length > MAX_ROW_TASKS && html`<a href=${link("limits", name)}>and ${number(tasks.length - MAX_ROW_TASKS)} more</a>`}`;
}
