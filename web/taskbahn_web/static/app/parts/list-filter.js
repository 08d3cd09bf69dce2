/** What finds some rows of a list, by words and by state; both are in the address. */

import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, link } from "../core/route.js";
import { focusRow } from "../core/rows.js";

const TYPING_MILLISECONDS = 250; // after the last letter the list follows

/**
 * @typedef {{currentTarget: HTMLInputElement & HTMLSelectElement}} Typed
 * @typedef {object} Props
 * @property {string} page  its name in the address, which is what the rows are
 * @property {string} one  what a row is
 * @property {string} placeholder
 * @property {readonly {state: string, text: string}[]} filters  what the states are called
 * @property {string} q  the words that the address asks for
 * @property {string} state  likewise
 * @property {{current: HTMLElement | null}} body  of the table
 */

/** @param {Props} props */
export function ListFilter({ page, one, placeholder, filters, q, state, body }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [words, setWords] = useState(q);
  const typed = useRef(q); // what this field has asked for
  const show = (/** @type {{q?: string, state?: string}} */ changes) => go(link(page, null, { q, state, ...changes }));
  useKeys({
    f: [() => field.current?.select(), `Find ${page}`],
    j: [() => focusRow(body.current, 1), `Next ${one}`],
    k: [() => focusRow(body.current, -1), `Previous ${one}`],
  });
  useEffect(() => {
    if (q === typed.current) return; // its own question comes back, and letters may have been typed since
    typed.current = q;
    setWords(q);
  }, [q]);
  useEffect(() => {
    if (words.trim() === q) return undefined;
    const timer = setTimeout(() => show({ q: (typed.current = words.trim()) }), TYPING_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [words]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") setWords("");
    else if (event.key === "Enter" || event.key === "ArrowDown") focusRow(body.current, 1);
    else return;
    event.preventDefault();
  };
  return html`<div class="schedules-filter">
    <label class="filter">
      <span class="unseen">Find ${page}</span>
      <input
        type="search" ref=${field} value=${words} placeholder=${placeholder} autocomplete="off" spellcheck=${false}
        onInput=${(/** @type {Typed} */ { currentTarget }) => setWords(currentTarget.value)} onKeyDown=${onKeyDown}
      />
    </label>
    <label class="schedules-state">
      <span class="unseen">Which ${page}</span>
      <select value=${state} onChange=${(/** @type {Typed} */ { currentTarget }) => show({ state: currentTarget.value })}>
        ${filters.map((filter) => html`<option key=${filter.state} value=${filter.state} selected=${filter.state === state}>${filter.text}</option>`)}
      </select>
    </label>
  </div>`;
}
