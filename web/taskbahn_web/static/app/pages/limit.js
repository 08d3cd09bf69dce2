/** One limit: how much of it is in use, by key, which tasks declare it, and the form to change it. */

import { useEffect, useMemo } from "preact/hooks";

import { ago, fullTime, number } from "../../shared/format.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { limitNamed } from "../data/directory.js";
import { now } from "../data/live.js";
import { pauseOf, pauses } from "../data/pauses.js";
import { LimitForm } from "../parts/limit-form.js";
import { Allowed, Kind, Longest, NextStart, Paused, Usage } from "../parts/limit-parts.js";
import { Empty, Problem } from "../parts/note.js";
import { PauseButton, PauseNotices, usePausing } from "../parts/pause.js";
import { isOverridden, keyText, valueText, waitingText, whenFullText } from "../text/limit-text.js";
import { keyPauses, keyQuery } from "../text/pause-text.js";

/**
 * @typedef {import("../../client/wire.js").LimitView} LimitView
 * @typedef {import("../parts/pause.js").Pausing["ask"]} AskPause
 */

/** @param {{id: string}} props  id: its name */
export function Limit({ id }) {
  const directory = useMemo(() => limitNamed(id), [id]);
  useEffect(() => directory.open(), [directory]);
  const { ask, shown } = usePausing(() => void directory.load());
  const answer = directory.entries.value;
  const limit = answer?.limits.find(({ name }) => name === id);
  if (!answer) return html`<section>${directory.problem.value && html`<${Problem}>${directory.problem.value}<//>`}</section>`;
  if (!limit) {
    return html`<section><h1 class="unseen">${id}</h1><${Empty} title="There is no limit ${id}">
      No task declares it, and no operator has set it. <a href=${link("limits")}>See the limits that there are</a>.
    <//></section>`;
  }
  const isWhole = !limit.template;
  const keys = isWhole ? [] : limit.keys?.map(({ key }) => key); // each has its button in its row
  return html`<section class="limit-page">
    <p class="crumbs"><a href=${link("limits")}>Limits</a></p>
    <div class="page-head">
      <h1 class="name">${id}<${Paused} limit=${limit} /></h1>
      ${isWhole && !pauseOf(keyQuery(id)) && html`<p class="actions"><${PauseButton} query=${keyQuery(id)} ask=${ask} /></p>`}
    </div>
    ${shown}
    <${PauseNotices} pauses=${keyPauses(pauses.value, id, keys)} ask=${ask} />
    <p class="facts-line"><span><${Kind} limit=${limit} /></span></p>
    ${directory.problem.value && html`<${Problem}>${directory.problem.value}<//>`}
    <div class="split split-job">
      <div class="work">${isWhole ? html`<${Whole} limit=${limit} />` : html`<${Keys} limit=${limit} ask=${ask} />`}</div>
      <div class="about">
        <${About} limit=${limit} />
        <${Disagreement} limit=${limit} />
        ${!isReadOnly && html`<section class="panel" aria-label="Change it"><h2>Change it</h2><${LimitForm} limit=${limit} onChanged=${() => directory.load()} /></section>`}
      </div>
    </div>
  </section>`;
}

/** A limit without keys, in figures. @param {{limit: LimitView}} props */
function Whole({ limit }) {
  const { name, keys: [view] = [] } = limit;
  return html`<section class="panel" aria-label="In use">
    <h2>In use</h2>
    ${!view && html`<p class="muted">Nothing is in use, and no job waits for it.</p>`}
    ${view && html`<${Usage} limit=${name} view=${view} size="thick" />
      <dl class="limit-figures">
        <div><dt>Jobs waiting</dt><dd>${waitingText(view.jobs)}</dd></div>
        <div><dt>Longest</dt><dd><${Longest} oldest=${view.oldest} /></dd></div>
        <div><dt>Next start</dt><dd><${NextStart} limit=${limit} view=${view} /></dd></div>
      </dl>`}
  </section>`;
}

/** @param {{limit: LimitView, ask: AskPause}} props */
function Keys({ limit, ask }) {
  const { name, keys = [], key_count = 0 } = limit;
  if (!keys.length) {
    return html`<section class="panel" aria-label="Keys"><h2>Keys</h2><p class="muted">No key is in use, and no job waits for one.</p></section>`;
  }
  return html`<div class="limit-keys">
    <table class="table keys">
      <caption class="unseen">Keys of ${name} that are in use or have jobs waiting, the fullest first</caption>
      <thead>
        <tr>
          <th scope="col">Key</th><th scope="col">In use</th><th scope="col" class="figure">Waiting</th>
          <th scope="col" class="figure">Longest</th><th scope="col" class="figure">Next start</th>
          ${!isReadOnly && html`<th scope="col"><span class="unseen">Pause</span></th>`}
        </tr>
      </thead>
      <tbody>${keys.map((view) => html`<${KeyRow} key=${view.key} limit=${limit} view=${view} ask=${ask} />`)}</tbody>
    </table>
    ${key_count > keys.length && html`<p class="muted tasks-count">The fullest ${number(keys.length)} of ${number(key_count)} keys that are in use or have jobs waiting.</p>`}
  </div>`;
}

/** @param {{limit: LimitView, view: import("../../client/wire.js").LimitKeyView, ask: AskPause}} props */
function KeyRow({ limit, view, ask }) {
  return html`<tr>
    <th scope="row" title=${view.key}>${keyText(view.key)}</th>
    <td class="cell-usage" data-name="In use"><${Usage} limit=${limit.name} view=${view} /></td>
    <td class="figure" data-name="Waiting">${waitingText(view.jobs)}</td>
    <td class="figure" data-name="Longest"><${Longest} oldest=${view.oldest} /></td>
    <td class="figure" data-name="Next start"><${NextStart} limit=${limit} view=${view} /></td>
    ${!isReadOnly && html`<td class="cell-act"><${PauseButton} query=${keyQuery(limit.name, view.key)} ask=${ask} /></td>`}
  </tr>`;
}

/** @param {{limit: LimitView}} props */
function About({ limit }) {
  const { template, declared, changed_by, changed_at, tasks = [], key_count = 0 } = limit;
  const changed = isOverridden(limit) ? "Set" : "Reset";
  /** @type {[string, unknown][]} */
  const rows = [
    ["Declared", valueText(declared)],
    [changed, changed_at && html`<time title=${fullTime(changed_at)}>${ago(changed_at, now.value)}</time>`],
    [`${changed} by`, changed_at && changed_by],
    ["When full", whenFullText(limit)],
    ["Keys", template && number(key_count)],
    ["Tasks", tasks.length ? tasks.map((task) => html`<a key=${task} class="limit-task" href=${link("tasks", task)}>${task}</a>`) : "none declares it"],
  ];
  return html`<section class="panel" aria-label="Allows">
    <h2>Allows</h2>
    <p class="limit-value"><${Allowed} limit=${limit} /></p>
    <dl class="facts">${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}

/** How workers declare it, where they disagree. @param {{limit: LimitView}} props */
function Disagreement({ limit: { declarations = [] } }) {
  if (!declarations.length) return null;
  return html`<section class="panel" aria-label="Workers disagree">
    <h2>Workers disagree</h2>
    <p>They run different versions of the code. The newest declaration counts.</p>
    <ul class="limit-declarations">${declarations.map(({ said, workers, counts }) => html`<li key=${said}>
      <code>${said}</code>${counts && html` <span class="badge-warn">counts</span>`}
      <span>${workers.map((id) => html`<a key=${id} class="limit-task" href=${link("workers", id)}>${id}</a>`)}</span>
    </li>`)}</ul>
  </section>`;
}
