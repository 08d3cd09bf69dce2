/** The audit: who did what to which object, newest first, as it happens; a line above it says which entries. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, link, route } from "../core/route.js";
import { focusRow } from "../core/rows.js";
import { AuditList } from "../data/audit-list.js";
import { AuditTable } from "../parts/audit-rows.js";
import { Empty, Problem } from "../parts/note.js";
import { AGES, sinceOf, VERBS } from "../text/audit-text.js";

const TYPING_MILLISECONDS = 250; // after the last letter the list follows

/** @typedef {{currentTarget: HTMLInputElement & HTMLSelectElement}} Typed */

export function Audit() {
  const { query } = route.value;
  const [q, who, verb, since, job] = ["q", "who", "verb", "since", "job"].map((name) => query.get(name) ?? "");
  const list = useMemo(() => new AuditList({ text: q, who, verb, job, since: sinceOf(since, Date.now() / 1000) }), [q, who, verb, since, job]);
  useEffect(() => list.open(), [list]);
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const entries = list.entries.value;
  const isFiltered = Boolean(q || who || verb || since || job);
  return html`<section class="audit-page">
    <div class="page-head"><h1>Audit</h1><${Filter} given=${{ q, who, verb, since, job }} body=${body} /></div>
    ${job && html`<p class="facts-line"><span>Of the job <a href=${link("jobs", job)}><code>${job}</code></a></span><a href=${link("audit")}>Of everything</a></p>`}
    ${list.problem.value && html`<${Problem}>${list.problem.value}<//>`}
    ${entries && !entries.length && !isFiltered && html`<${Empty} title="Nothing was done yet" command="taskbahn audit --follow">
      A cancel of a job, a pause of a queue, a change of a limit: all that people do is kept here, with who did it, when, from where, and what came of it. The same in a terminal:
    <//>`}
    ${entries && entries.length > 0 && html`<${AuditTable} entries=${entries} body=${body} />`}
    ${entries && (entries.length > 0 || isFiltered) && html`<div class="schedules-foot">
      <p class="muted tasks-count" role="status">${entries.length ? `${list.next.value === null ? "" : "The newest "}${entries.length === 1 ? "1 entry" : `${number(entries.length)} entries`}` : "No entry is like that."}</p>
      ${list.next.value !== null && html`<p class="actions"><button onClick=${() => list.more()}>Show more</button></p>`}
    </div>`}
  </section>`;
}

/** @param {{given: Record<string, string>, body: {current: HTMLElement | null}}} props */
function Filter({ given, body }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const show = (/** @type {Record<string, string>} */ changes) => go(link("audit", null, { ...given, ...changes }));
  useKeys({
    f: [() => field.current?.select(), "Find entries"],
    j: [() => focusRow(body.current, 1), "Next entry"],
    k: [() => focusRow(body.current, -1), "Previous entry"],
  });
  return html`<div class="schedules-filter audit-filter">
    <${Words} name="q" label="Find entries" placeholder="Object, reason or effect" value=${given.q} field=${field} onWords=${show} />
    <${Words} name="who" label="Who did it" placeholder="Who" value=${given.who} onWords=${show} />
    <label><span class="unseen">What was done</span>
      <select value=${given.verb} onChange=${(/** @type {Typed} */ { currentTarget }) => show({ verb: currentTarget.value })}>
        <option value="" selected=${!given.verb}>Anything</option>
        ${VERBS.map((verb) => html`<option key=${verb} value=${verb} selected=${verb === given.verb}>${verb}</option>`)}
      </select>
    </label>
    <label><span class="unseen">When</span>
      <select value=${given.since} onChange=${(/** @type {Typed} */ { currentTarget }) => show({ since: currentTarget.value })}>
        ${AGES.map(({ age, text }) => html`<option key=${age} value=${age} selected=${age === given.since}>${text}</option>`)}
      </select>
    </label>
  </div>`;
}

/**
 * A field whose words the list follows.
 * @param {{name: string, label: string, placeholder: string, value: string, field?: {current: HTMLInputElement | null}, onWords: (changes: Record<string, string>) => void}} props
 */
function Words({ name, label, placeholder, value, field, onWords }) {
  const [words, setWords] = useState(value);
  const typed = useRef(value); // what this field has asked for
  useEffect(() => {
    if (value === typed.current) return; // its own question comes back, and letters may have been typed since
    typed.current = value;
    setWords(value);
  }, [value]);
  useEffect(() => {
    if (words.trim() === value) return undefined;
    const timer = setTimeout(() => onWords({ [name]: (typed.current = words.trim()) }), TYPING_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [words]);
  return html`<label class="filter">
    <span class="unseen">${label}</span>
    <input type="search" ref=${field} value=${words} placeholder=${placeholder} autocomplete="off" spellcheck=${false} onInput=${(/** @type {Typed} */ { currentTarget }) => setWords(currentTarget.value)} />
  </label>`;
}
