/** Asks before many jobs are cancelled or retried, shows how far that is, and says what it did. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { countJobs, runBulk } from "../data/bulk.js";
import { count, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { bahn } from "../data/live.js";
import { sentence } from "../../taskbahn.js";
import { Bar } from "./bar.js";
import { CancelFields } from "./cancel-fields.js";
import { Problem } from "./note.js";

const MAX_COUNTED_JOBS = 20_000; // jobs that are counted before asking

/**
 * @typedef {import("../data/bulk.js").BulkReport} BulkReport
 *
 * @typedef {object} Order  what is to be done, to the jobs with these ids or to all that match a query
 * @property {import("../data/bulk.js").BulkAction} action
 * @property {string[]} [ids]
 * @property {import("../data/bulk.js").Wanted} [query]  arguments of `taskbahn.view.jobs`
 * @property {string} [which]  the query in words: "that match state:failed"
 */

const ACTION_TEXTS = {
  cancel: { title: "Cancel", verb: "Cancel", doing: "Cancelling", done: "cancelled", means: "The workers stop those that run. A cancelled job keeps its history and can be retried." },
  retry: { title: "Retry", verb: "Retry", doing: "Retrying", done: "accepted again", means: "Each gets new attempts with the same arguments." },
};

/**
 * A dialog, open as long as it is drawn.
 * @param {object} props
 * @param {Order} props.order
 * @param {(report: BulkReport | null) => void} props.onClose  with what was done, if anything
 */
export function BulkDialog({ order, onClose }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [report, setReport] = useState(/** @type {BulkReport | null} */ (null));
  const [isOver, setOver] = useState(false);
  const [reason, setReason] = useState("");
  const found = useJobCount(order);
  const stop = useMemo(() => new AbortController(), []);
  useLayoutEffect(() => box.current?.showModal(), []);
  useEffect(() => () => stop.abort(), []);

  const begin = async () => {
    setReport({ found: found.found, isComplete: found.isComplete, done: 0, refused: 0, reasons: [], problem: "" });
    setReport(await runBulk(bahn, { ...order, reason: reason.trim(), signal: stop.signal, onProgress: setReport }));
    setOver(true);
  };
  const isRunning = report !== null && !isOver;
  const isNothing = report === null && found.isReady && !found.found;
  const leave = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isRunning) stop.abort();
    else onClose(report);
  };
  const { verb } = ACTION_TEXTS[order.action];
  const face =
    report === null ? html`<${Question} order=${order} found=${found} />`
    : isOver ? html`<${Answer} order=${order} report=${report} isStopped=${stop.signal.aborted} />`
    : html`<${Running} order=${order} report=${report} total=${found.isComplete ? found.found : null} />`;
  return html`<dialog class="bulk" ref=${box} onCancel=${leave} aria-labelledby="bulk-title">
    ${face}
    ${report === null && order.action === "cancel" && found.isReady && found.found > 0 && html`<${CancelFields} isMany reason=${reason} onReason=${setReason} />`}
    <div class="bulk-actions">
      ${isNothing && html`<button class="primary" onClick=${leave}>Close</button>`}
      ${report === null && !isNothing && html`<button class="quiet" onClick=${leave}>${order.action === "cancel" ? "Keep them" : "Not now"}</button>`}
      ${report === null && !isNothing &&
      html`<button class=${order.action === "cancel" ? "danger" : "primary"} disabled=${!found.isReady || !found.found} onClick=${begin}>
        ${verb} ${found.isReady && found.found ? countText(found) : "jobs"}
      </button>`}
      ${isRunning && html`<button onClick=${leave} disabled=${stop.signal.aborted}>Stop</button>`}
      ${isOver && html`<button class="primary" onClick=${leave}>Close</button>`}
    </div>
  </dialog>`;
}

/** @typedef {{found: number, isComplete: boolean, isReady: boolean, problem: string}} JobCount */

/**
 * How many jobs it is about: counted at the node if a query says which.
 * @param {Order} order
 * @returns {JobCount}
 */
function useJobCount({ action, ids, query }) {
  const [found, setFound] = useState({ found: ids?.length ?? 0, isComplete: Boolean(ids), isReady: Boolean(ids), problem: "" });
  useEffect(() => {
    if (!query) return undefined;
    const stop = new AbortController();
    const onProgress = (/** @type {number} */ so) => setFound((before) => ({ ...before, found: so }));
    countJobs(bahn, action, query, { most: MAX_COUNTED_JOBS, onProgress, signal: stop.signal }).then(
      (counted) => stop.signal.aborted || setFound({ ...counted, isReady: true, problem: "" }),
      (error) => setFound((before) => ({ ...before, problem: sentence(error) })),
    );
    return () => stop.abort();
  }, []);
  return found;
}

/** @param {{found: number, isComplete: boolean}} found */
function countText({ found, isComplete }) {
  return isComplete ? count(found, "job") : `more than ${number(MAX_COUNTED_JOBS)} jobs`;
}

/** @param {{order: Order, found: JobCount}} props */
function Question({ order, found }) {
  const { title, means } = ACTION_TEXTS[order.action];
  if (found.problem) return html`<h2 id="bulk-title">${title} jobs</h2><${Problem}>${found.problem}<//>`;
  if (!found.isReady) return html`<h2 id="bulk-title">${title} jobs</h2><p role="status">Counting … ${number(found.found)} so far</p>`;
  if (!found.found) return html`<h2 id="bulk-title">Nothing to ${order.action}</h2><p>None of the ${order.which ?? "chosen jobs"} is in a state that allows it.</p>`;
  return html`<h2 id="bulk-title">${title} ${countText(found)}?</h2>
    ${order.which && html`<p class="bulk-which">All ${order.which}</p>`}
    <p class="muted">${means}</p>`;
}

/** @param {{order: Order, report: BulkReport, total: number | null}} props */
function Running({ order, report, total }) {
  const { doing } = ACTION_TEXTS[order.action];
  const worked = report.done + report.refused;
  const all = Math.max(total ?? 0, report.found);
  return html`<h2 id="bulk-title">${doing} jobs</h2>
    <${Bar} fraction=${total === null ? null : all ? worked / all : 1} label="${doing} jobs" size="thick" />
    <p role="status">${number(worked)} of ${total === null ? "more than " : ""}${number(all)}</p>`;
}

/** @param {{order: Order, report: BulkReport, isStopped: boolean}} props */
function Answer({ order, report, isStopped }) {
  const { done } = ACTION_TEXTS[order.action];
  return html`<h2 id="bulk-title">${count(report.done, "job")} ${done}</h2>
    <div role="status">
      ${isStopped && html`<p>Stopped before the end. What was done stays done.</p>`}
      ${report.problem && html`<${Problem}>${report.problem} The rest was not touched.<//>`}
      ${report.refused > 0 && html`<p>${count(report.refused, "job")} ${report.refused === 1 ? "was" : "were"} left as before:</p>`}
      <ul class="bulk-reasons">${report.reasons.slice(0, 6).map(([why, times]) => html`<li key=${why}><b>${number(times)}</b> ${why}</li>`)}</ul>
    </div>`;
}
