/** A task in numbers: what became of its jobs in the last 24 hours, and when. */

import { useEffect, useMemo } from "preact/hooks";

import { ago, duration, fullTime, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { share } from "../text/measures.js";
import { link } from "../core/route.js";
import { TaskHistory } from "../data/task-history.js";
import { Columns } from "./columns.js";
import { quote } from "../data/query-words.js";

/** @typedef {import("../../client/wire.js").TaskStatistics} TaskStatistics */

/** @param {{task: string, statistics: TaskStatistics}} props */
export function TaskNumbers({ task, statistics }) {
  const history = useMemo(() => new TaskHistory(task), [task]);
  useEffect(() => history.open(), [history]);
  const { accepted = 0, succeeded = 0, failed = 0, cancelled = 0, expired = 0, last_at } = statistics;
  const columns = history.columns.value;
  const jobs = (/** @type {string} */ query) => link("jobs", null, { q: `task:${quote(task)} ${query}since:1d` });
  return html`<section class="panel task-numbers" aria-label="Last 24 hours">
    <dl class="numbers-row">
      <${Number} label="Accepted" value=${number(accepted)} href=${jobs("")} />
      <${Number} label="Succeeded" value=${number(succeeded)} href=${jobs("state:succeeded ")} />
      <${Number} label="Failed" value=${number(failed)} note=${failed ? share(failed, succeeded + failed) : ""} isBad=${failed > 0} href=${jobs("state:failed ")} />
      ${cancelled > 0 && html`<${Number} label="Cancelled" value=${number(cancelled)} href=${jobs("state:cancelled ")} />`}
      ${expired > 0 && html`<${Number} label="Expired" value=${number(expired)} href=${jobs("state:expired ")} />`}
      <${Number} label="Runs, median" value=${medianText(statistics.run)} note=${percentileText(statistics.run95)} />
      <${Number} label="Waits, median" value=${medianText(statistics.wait)} note=${percentileText(statistics.wait95)} />
      <${Number} label="Last one ended" value=${last_at ? html`<time title=${fullTime(last_at)}>${ago(last_at, now.value)}</time>` : "–"} />
    </dl>
    ${columns && columns.length > 1 && html`<${Columns} columns=${columns} label="Jobs of ${task} that ended in the last 24 hours" />`}
  </section>`;
}

/** @param {number | null} [seconds] */
function medianText(seconds) {
  return seconds === null || seconds === undefined ? "–" : duration(seconds);
}

/** @param {number | null} [seconds] */
function percentileText(seconds) {
  return seconds === null || seconds === undefined ? "" : `95 % within ${duration(seconds)}`;
}

/** @param {{label: string, value: import("../core/html.js").Children, note?: string, isBad?: boolean, href?: string}} props */
function Number({ label, value, note = "", isBad = false, href }) {
  return html`<div class=${isBad ? "number-bad" : ""}>
    <dt>${label}</dt>
    <dd>${href ? html`<a href=${href}>${value}</a>` : value}${note && html`<span>${note}</span>`}</dd>
  </div>`;
}
