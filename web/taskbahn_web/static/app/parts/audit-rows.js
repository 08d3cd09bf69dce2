/** Rows of the audit: who did what to which object, when, and what came of it. */

import { ago, fullTime } from "../../shared/format.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { now } from "../data/live.js";
import { effectText, fromText, objectLink, objectText, whoText } from "../text/audit-text.js";

/**
 * @typedef {import("../../client/audit.js").AuditEntry} AuditEntry
 * @typedef {{current: HTMLElement | null}} Body  of the table
 */

const MAX_ROW_JOBS = 3;

/** @param {{entries: AuditEntry[], body: Body}} props */
export function AuditTable({ entries, body }) {
  return html`<table class="list audit">
    <caption class="unseen">What was done, newest first</caption>
    <thead>
      <tr>
        <th scope="col">When</th>
        <th scope="col">Who</th>
        <th scope="col">What</th>
        <th scope="col">Effect</th>
        <th scope="col">From</th>
      </tr>
    </thead>
    <tbody ref=${body}>${entries.map((entry) => html`<${Row} key=${entry.id} entry=${entry} />`)}</tbody>
  </table>`;
}

/** @param {{entry: AuditEntry}} props */
function Row({ entry }) {
  const { at, verb, reason, query, address, changed = 0 } = entry;
  return html`<tr data-entry=${entry.id}>
    <th scope="row" class="cell-when" data-name=""><time title=${fullTime(at)}>${ago(at, now.value)}</time></th>
    <td class="cell-who" data-name="">${plainText(whoText(entry))}</td>
    <td class="cell-what" data-name=""><b>${verb}</b> <${Target} entry=${entry} />${reason && html`<small class="audit-reason">${plainText(reason)}</small>`}</td>
    <td class="cell-effect ${changed ? "" : "muted"}" data-name="effect">${plainText(effectText(entry))}${query && html`<small class="muted">by ${plainText(query)}</small>`}<${JobLinks} entry=${entry} /></td>
    <td class="cell-from muted" data-name="from"><span title=${plainText(fromText(entry))}>${address ? plainText(address) : "–"}</span></td>
  </tr>`;
}

/** What was done to one job, beside it. @param {{entries: AuditEntry[]}} props */
export function AuditNotes({ entries }) {
  return html`<ul class="audit-notes">
    ${entries.map(
      (entry) => html`<li key=${entry.id} class=${entry.changed ? "" : "muted"}>
        <b>${entry.verb}</b> by ${plainText(whoText(entry))} <time class="muted" title=${fullTime(entry.at)}>${ago(entry.at, now.value)}</time>
        <small title=${plainText(fromText(entry))}>${plainText(effectText(entry))}${entry.reason && `: ${plainText(entry.reason)}`}</small>
      </li>`,
    )}
  </ul>`;
}

/** @param {{entry: AuditEntry}} props */
function Target({ entry }) {
  const [where, text] = [objectLink(entry), plainText(objectText(entry))];
  return where ? html`<a href=${where} title=${plainText(entry.object ?? "")}>${text}</a>` : html`<span>${text}</span>`;
}

/** @param {{entry: AuditEntry}} props */
function JobLinks({ entry: { jobs = [], changed = 0 } }) {
  if (!jobs.length) return null;
  return html`<small>
    ${jobs.slice(0, MAX_ROW_JOBS).map((id) => html`<a key=${id} href=${link("jobs", id)}><code>${id.slice(-8)}</code></a> `)}
    ${changed > MAX_ROW_JOBS && html`<span class="muted">and ${changed - MAX_ROW_JOBS} more</span>`}
  </small>`;
}
