/** All jobs, live: those of a query or a view, with actions on many of them. The address holds the query and the view. */

import { useEffect, useMemo, useState } from "preact/hooks";

import { VIEW_QUEUES } from "../../client/wire.js";
import { isReadOnly } from "../core/access.js";
import { tasks, workers } from "../data/directory.js";
import { count, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { JobWindow } from "../data/job-window.js";
import { knownTotal, totalText } from "../text/job-total.js";
import { useKeys } from "../core/keys.js";
import * as live from "../data/live.js";
import { BulkDialog } from "../parts/bulk-dialog.js";
import { JobRows } from "../parts/job-rows.js";
import { Empty, Problem } from "../parts/note.js";
import { QueryBar } from "../parts/query-bar.js";
import { ViewTabs } from "../parts/view-tabs.js";
import { isSliding, parseQuery } from "../data/query.js";
import { keep, placeKey } from "../core/place.js";
import { useTitle } from "../core/title.js";
import { go, link, route } from "../core/route.js";
import { Selection } from "../core/selection.js";

/** @typedef {import("../parts/bulk-dialog.js").Order} Order */

export function Jobs() {
  const { query } = route.value;
  const q = query.get("q") ?? "";
  const { wanted, problem } = useMemo(() => parseQuery(q, live.now.peek()), [q]);
  useEffect(() => {
    if (wanted.id) location.replace(link("jobs", wanted.id));
  }, [wanted.id]);
  useTitle(q ? `${query.get("view") ?? q} · Jobs` : "");
  const ask = (/** @type {string} */ text) => {
    if (text !== q) go(link("jobs", null, { q: text }));
  };
  return html`<section>
    <h1 class="unseen">Jobs</h1>
    <${ViewTabs} q=${q} name=${query.get("view")} />
    <${Bar} q=${q} onQuery=${ask} />
    ${problem && html`<${Empty} title="This cannot be asked">
      Mend the word <code>${problem.text}</code> in the line above, or <a href=${link("jobs")}>show all jobs</a>.
    <//>`}
    ${!problem && !wanted.id && html`<${List} key=${`${placeKey()} ${q}`} q=${q} wanted=${wanted} opensOne=${query.get("open") === "one"} />`}
  </section>`;
}

/** @param {{q: string, onQuery: (q: string) => void}} props */
function Bar({ q, onQuery }) {
  const [queues, setQueues] = useState(/** @type {string[]} */ ([]));
  const load = () => {
    tasks.once();
    workers.once();
    live.bahn.ask(VIEW_QUEUES).then((all) => setQueues(all.map((/** @type {{name: string}} */ { name }) => name)), () => {});
  };
  const known = {
    task: (tasks.entries.value ?? []).map(({ name }) => name),
    worker: (workers.entries.value ?? []).map(({ id }) => id),
    queue: queues,
    tag: [...seenTags],
    since: ["15m", "1h", "24h", "7d"],
    until: ["15m", "1h", "24h", "7d"],
  };
  return html`<${QueryBar} q=${q} known=${known} onFocus=${load} onQuery=${onQuery} />`;
}

/** Tags of the jobs that were shown lately; there is no list of all. @type {Set<string>} */
const seenTags = new Set();

/** @param {JobWindow} list */
function rememberTags(list) {
  for (const { entry } of list.pages.slice(0, 50)) for (const tag of entry?.job.tags ?? []) seenTags.add(tag);
  for (const tag of seenTags) if (seenTags.size > 200) seenTags.delete(tag);
}

/**
 * A list and what is selected of it; Back comes to the same ones.
 * @param {string} q
 * @param {import("../data/query.js").Wanted} wanted  what the query asks for now
 */
function newList(q, wanted) {
  const list = new JobWindow(isSliding(q) ? () => parseQuery(q, live.now.peek()).wanted : wanted, live);
  return { list, selection: new Selection(list.pages) };
}

/** @param {{q: string, wanted: import("../data/query.js").Wanted, opensOne: boolean}} props  opensOne: if it has one job, show that job instead */
function List({ q, wanted, opensOne }) {
  const { list, selection } = useMemo(() => keep("list", () => newList(q, wanted)), []);
  const [order, setOrder] = useState(/** @type {Order | null} */ (null));
  useEffect(() => list.open(), [list]);
  list.version.value; // read here, so that each new version draws this again
  const isEmpty = list.pages.count === 0;
  const only = opensOne && list.pages.count === 1 && list.pages.next === null ? list.pages.ids()[0] : undefined;
  useEffect(() => {
    if (only) location.replace(link("jobs", only));
  }, [only]);
  rememberTags(list);
  useJobKeys(selection, setOrder);
  const close = (/** @type {import("../data/bulk.js").BulkReport | null} */ report) => {
    setOrder(null);
    if (report) selection.clear(); // what was not touched stays selected
    if (report) list.refresh(); // further down, rows that the reader has moved would stay
  };
  return html`
    ${list.problem.value && html`<${Problem}>${list.problem.value}<//>`}
    <${Summary} list=${list} q=${q} onOrder=${setOrder} />
    ${!isEmpty && html`<${JobRows} list=${list} selection=${selection} />`}
    ${isEmpty && !list.isLoading.value && list.isKnown.value && list.pages.next === null && html`<${NoJobs} isFiltered=${q !== ""} />`}
    ${list.isLoading.value && html`<p class="muted loading" role="status">Looking for ${isEmpty ? "" : "older "}jobs …</p>`}
    <${HeldJobs} list=${list} />
    ${selection.size > 0 && html`<${SelectionBar} selection=${selection} onOrder=${setOrder} />`}
    ${order && html`<${BulkDialog} order=${order} onClose=${close} />`}
  `;
}

/**
 * @param {Selection} selection
 * @param {(order: Order) => void} onOrder
 */
function useJobKeys(selection, onOrder) {
  const order = (/** @type {"cancel" | "retry"} */ action) => {
    if (selection.meant.length && !isReadOnly) onOrder({ action, ids: selection.meant });
  };
  const open = () => {
    const { value: id } = selection.current;
    if (id) go(link("jobs", id));
  };
  /** @type {import("../core/keys.js").Keys} */
  const moves = { j: [() => selection.move(1), "Next job"], k: [() => selection.move(-1), "Job before"], Enter: [open, "Open the job"] };
  /** @type {import("../core/keys.js").Keys} */
  const acts = {
    x: [() => selection.current.value && selection.click(selection.current.value), "Select the job, or not"],
    c: [() => order("cancel"), "Cancel what is selected, else the job"],
    r: [() => order("retry"), "Retry what is selected, else the job"],
  };
  useKeys(isReadOnly ? moves : { ...moves, ...acts });
}

/** How many there are, and what can be done to all of them. @param {{list: JobWindow, q: string, onOrder: (order: Order) => void}} props */
function Summary({ list, q, onOrder }) {
  list.version.value; // read here, so that each new version draws this again
  const { pages } = list;
  const which = q ? `jobs that match ${q}` : "jobs";
  const order = (/** @type {"cancel" | "retry"} */ action) => onOrder({ action, query: { ...list.wanted }, which });
  const isPaused = list.isPaused.value;
  return html`<div class="list-head">
    <p class="muted" role="status">${list.isKnown.value ? totalText(pages, knownTotal(list.wanted, () => live.status.value?.jobs)) : ""}</p>
    <div class="actions">
      <button class="quiet" aria-pressed=${isPaused} onClick=${() => list.pause(!isPaused)}>${isPaused ? "Go on" : "Hold still"}</button>
      ${!isReadOnly && html`<details class="menu-button">
        <summary class="button quiet">All that match</summary>
        <div><button class="danger" onClick=${() => order("cancel")}>Cancel all …</button><button onClick=${() => order("retry")}>Retry all …</button></div>
      </details>`}
    </div>
  </div>`;
}

/** What is held back, so that nothing moves under the eyes: new jobs, and that others match no more. @param {{list: JobWindow}} props */
function HeldJobs({ list }) {
  list.version.value; // read here, so that each new version draws this again
  const held = list.held.value;
  const { gone } = list.pages;
  if (!held && !gone) return null;
  const show = () => {
    list.pause(false);
    scrollTo(0, 0);
  };
  return html`<p class="held">
    ${held > 0 && html`<button class="primary" onClick=${show}>Show ${count(held, "new job")}</button>`}
    ${gone > 0 && html`<button onClick=${() => list.refresh()}>Remove ${number(gone)} that ${gone === 1 ? "matches" : "match"} no more</button>`}
  </p>`;
}

/** @param {{selection: Selection, onOrder: (order: Order) => void}} props */
function SelectionBar({ selection, onOrder }) {
  return html`<div class="chosen" role="region" aria-label="Selected jobs">
    <p role="status"><b>${number(selection.size)}</b> selected</p>
    <button class="danger" onClick=${() => onOrder({ action: "cancel", ids: selection.ids })}>Cancel</button>
    <button onClick=${() => onOrder({ action: "retry", ids: selection.ids })}>Retry</button>
    <button class="quiet" onClick=${() => selection.clear()}>Select none</button>
  </div>`;
}

/** @param {{isFiltered: boolean}} props */
function NoJobs({ isFiltered }) {
  useEffect(() => tasks.once(), []);
  if (isFiltered) {
    return html`<${Empty} title="No such jobs">Nothing matches now; what comes to match appears here by itself. <a href=${link("jobs")}>Show all jobs</a><//>`;
  }
  const [first] = tasks.entries.value ?? [];
  if (first) {
    return html`<${Empty} title="No jobs yet" command="taskbahn call ${first.name} --follow">Choose one of the <a href=${link("tasks")}>tasks</a> and start it from its form, or from a terminal:<//>`;
  }
  return html`<${Empty} title="No jobs yet" command="taskbahn worker photos:app">Start a worker; the tasks that it offers can then be called from here:<//>`;
}
