/** The triggers: for which events each waits, when one started a job last, how many did, and where it comes from; each leads to its page. */

import { useEffect, useRef, useState } from "preact/hooks";

import { count, number } from "../../shared/format.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, link, route } from "../core/route.js";
import { triggers as directory } from "../data/directory.js";
import { ListFilter } from "../parts/list-filter.js";
import { Empty, Problem } from "../parts/note.js";
import { Origin, Starts } from "../parts/schedule-parts.js";
import { TriggerForm } from "../parts/trigger-form.js";
import { Event, LastStart, TriggerState } from "../parts/trigger-parts.js";
import { foundTriggers, TRIGGER_FILTERS } from "../text/trigger-text.js";

/**
 * @typedef {import("../../client/triggers.js").TriggerView} TriggerView
 * @typedef {{current: HTMLElement | null}} Body  of the table
 */

const AT_FIRST = 100; // rows: more are drawn when they are wanted

export function Triggers() {
  useKeys(isReadOnly ? {} : { n: [() => go(link("triggers", null, { view: "new" })), "Make a trigger"] });
  return route.value.query.get("view") === "new" && !isReadOnly ? html`<${New} />` : html`<${Listed} />`;
}

function New() {
  return html`<section class="schedule-page">
    <p class="crumbs"><a href=${link("triggers")}>Triggers</a></p>
    <h1>A new trigger</h1>
    <${TriggerForm} leave=${link("triggers")} onDone=${(/** @type {string} */ id) => go(link("triggers", id))} />
  </section>`;
}

function Listed() {
  useEffect(() => directory.open(), []);
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const [areAllShown, showAll] = useState(false);
  const { query } = route.value;
  const [words, state] = [query.get("q") ?? "", query.get("state") ?? ""];
  const all = directory.entries.value;
  const found = foundTriggers(all ?? [], words, state);
  const shown = areAllShown ? found : found.slice(0, AT_FIRST);
  return html`<section class="triggers-page">
    <div class="page-head"><h1>Triggers</h1><${ListFilter} page="triggers" one="trigger" placeholder="Find by id, topic or task" filters=${TRIGGER_FILTERS} q=${words} state=${state} body=${body} />
      ${!isReadOnly && html`<a class="button" href=${link("triggers", null, { view: "new" })}>New trigger</a>`}
    </div>
    ${directory.problem.value && html`<${Problem}>${directory.problem.value}<//>`}
    ${all && !all.length && html`<${None} />`}
    ${found.length > 0 && html`<${Table} triggers=${shown} body=${body} />`}
    ${all && all.length > 0 && html`<div class="schedules-foot">
      <p class="muted tasks-count" role="status">${footText(found.length, all.length)}</p>
      ${shown.length < found.length && html`<p class="actions"><button onClick=${() => showAll(true)}>Show all ${number(found.length)}</button></p>`}
    </div>`}
  </section>`;
}

/** @param {number} found @param {number} all */
function footText(found, all) {
  if (!found) return all === 1 ? "The only trigger is not like that." : `None of the ${number(all)} triggers is like that.`;
  return found < all ? `${number(found)} of ${count(all, "trigger")}` : count(all, "trigger");
}

/** How to make the first one. */
function None() {
  return html`<${Empty} title="No triggers" command=${'taskbahn triggers add shipped orders.shipped orders.report "day={event.day}"'}>
    A trigger starts a job or a flow when an event arrives, also while no worker is there. In code, put
    ${" "}<code>@app.on("orders.created")</code> on top of <code>@app.task</code> for events of a topic, or
    ${" "}<code>@app.hook("github", scheme="github", secret="env:GITHUB_SECRET")</code> for requests of other services to <code>/hooks/github</code>.
    ${" "}It appears here when a worker comes. At run time ${isReadOnly ? "a command makes one" : html`<a href=${link("triggers", null, { view: "new" })}>this page</a> makes one, and so does a command`}:
  <//>`;
}

/** @param {{triggers: TriggerView[], body: Body}} props */
function Table({ triggers, body }) {
  return html`<table class="list triggers">
    <caption class="unseen">Triggers by id</caption>
    <thead>
      <tr>
        <th scope="col">Trigger</th>
        <th scope="col">Event</th>
        <th scope="col">State</th>
        <th scope="col">Last</th>
        <th scope="col" class="figure">Started</th>
        <th scope="col" class="figure">Lost</th>
        <th scope="col">From</th>
      </tr>
    </thead>
    <tbody ref=${body}>${triggers.map((trigger) => html`<${Row} key=${trigger.id} trigger=${trigger} />`)}</tbody>
  </table>`;
}

/** @param {{trigger: TriggerView}} props */
function Row({ trigger }) {
  const { id, trouble, spec, started = 0, lost = 0 } = trigger;
  return html`<tr>
    <th scope="row" class="cell-task"><a href=${link("triggers", id)}>${id}</a><small><${Starts} schedule=${trigger} /></small></th>
    <td class="cell-event" data-name=""><${Event} trigger=${trigger} />${spec.note && html`<small class="cut" title=${spec.note}>${spec.note}</small>`}
      ${trouble && html`<small class="schedule-trouble">Refused: ${trouble.message}</small>`}</td>
    <td class="cell-state" data-name=""><${TriggerState} trigger=${trigger} /></td>
    <td class="cell-last" data-name="last"><${LastStart} trigger=${trigger} /></td>
    <td class="figure" data-name="started">${number(started)}</td>
    <td class="figure ${lost ? "trigger-lost" : ""}" data-name="lost">${number(lost)}</td>
    <td class="cell-origin" data-name=""><${Origin} schedule=${trigger} /></td>
  </tr>`;
}
