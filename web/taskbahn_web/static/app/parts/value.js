/** A value as it is: text as text, the rest as JSON; what is long folds. */

import { json } from "../format.js";
import { html } from "../html.js";

const LONG = 1200; // characters

/** @param {{value: unknown, label: string}} props */
export function Value({ value, label }) {
  const text = typeof value === "string" ? value : json(value);
  const block = html`<pre class="value" tabindex="0" aria-label=${label}>${text}</pre>`;
  if (text.length <= LONG) return block;
  return html`<details class="fold">
    <summary><code>${text.slice(0, 120).replaceAll(/\s+/g, " ")}…</code> <span>${text.length.toLocaleString("en")} characters</span></summary>
    ${block}
  </details>`;
}

/** Named values, one a row. @param {{values: Record<string, unknown>}} props */
export function Named({ values }) {
  return html`<dl class="named">
    ${Object.entries(values).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd><${Value} value=${value} label=${name} /></dd></div>`)}
  </dl>`;
}
