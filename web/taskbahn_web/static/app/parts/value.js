/** A value as it is: text as text, what is small as JSON, what is large as a tree that unfolds. Each can be copied. */

import { isHidden } from "../../client/secrets.js";
import { useState } from "preact/hooks";

import { json, jsonLine, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { CopyButton } from "./copy-button.js";

const MAX_UNFOLDED_CHARACTERS = 1200; // characters
const ENTRIES_AT_FIRST = 100; // entries of a tree, until more are asked for

/** @param {{value: unknown, label: string}} props */
export function Value({ value, label }) {
  const text = typeof value === "string" ? value : json(value);
  const isTree = typeof value === "object" && value !== null && text.length > MAX_UNFOLDED_CHARACTERS;
  const block = isTree
    ? html`<div class="value tree" role="group" aria-label=${label} tabindex="0"><${Entries} value=${value} /></div>`
    : html`<pre class="value" tabindex="0" aria-label=${label}>${text}</pre>`;
  const copy = text.length > 40 ? html`<${CopyButton} text=${text} what=${label} />` : null;
  if (text.length <= MAX_UNFOLDED_CHARACTERS) return html`<div class="value-box">${block}${copy}</div>`;
  return html`<details class="fold">
    <summary><code>${text.slice(0, 120).replaceAll(/\s+/g, " ")}…</code> <span>${number(text.length)} characters</span></summary>
    <div class="value-box">${block}${copy}</div>
  </details>`;
}

/** Named values, one a row. @param {{values: Record<string, unknown>}} props */
export function Named({ values }) {
  return html`<dl class="named">
    ${Object.entries(values).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd><${Value} value=${value} label=${name} /></dd></div>`)}
  </dl>`;
}

/** The entries of a list or an object. @param {{value: object}} props */
function Entries({ value }) {
  const [shown, setShown] = useState(ENTRIES_AT_FIRST);
  const names = Object.keys(value);
  return html`<ul>
    ${names.slice(0, shown).map((name) => html`<${Entry} key=${name} name=${name} value=${/** @type {Record<string, unknown>} */ (value)[name]} />`)}
    ${names.length > shown && html`<li><button type="button" class="quiet" onClick=${() => setShown(shown + 10 * ENTRIES_AT_FIRST)}>Show more of ${number(names.length)}</button></li>`}
  </ul>`;
}

/** @param {{name: string, value: unknown}} props */
function Entry({ name, value }) {
  const [isOpen, setOpen] = useState(false);
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0 || isHidden(value)) {
    return html`<li><b>${name}</b> <span class="value-${value === null ? "null" : typeof value}">${jsonLine(value)}</span></li>`;
  }
  return html`<li>
    <details open=${isOpen} onToggle=${(/** @type {{currentTarget: HTMLDetailsElement}} */ { currentTarget }) => setOpen(currentTarget.open)}>
      <summary><b>${name}</b> <span class="muted">${sizeOf(value)}</span></summary>
      ${isOpen && html`<${Entries} value=${value} />`}
    </details>
  </li>`;
}

/** @param {object} value */
function sizeOf(value) {
  const size = Object.keys(value).length;
  return Array.isArray(value) ? `list of ${number(size)}` : `${number(size)} ${size === 1 ? "name" : "names"}`;
}
