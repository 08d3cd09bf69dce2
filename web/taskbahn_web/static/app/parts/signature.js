/** What a task takes and gives, for a reader: a row for each argument, and the named types among them. */

import { stringify } from "../../client/exact-json.js";
import { limitsText, typeText } from "../../shared/schema-text.js";
import { FURTHER_FIELD } from "../../shared/schema.js";
import { html } from "../core/html.js";

/**
 * @typedef {import("../../client/wire.js").Schema} Schema
 * @typedef {import("../../client/wire.js").Signature} Signature
 */

/** @param {{signature: Signature}} props */
export function SignatureView({ signature }) {
  const { parameters, variadic, returns } = signature;
  const required = new Set(parameters.required ?? []);
  /** @type {[string, Schema][]} */
  const rows = Object.entries(parameters.properties ?? {});
  const further = parameters.additionalProperties;
  const types = Object.entries(/** @type {Record<string, Schema>} */ ({ ...parameters.$defs, ...returns?.$defs }));
  return html`<table class="signature">
      <caption class="unseen">Arguments</caption>
      <tbody>
        ${rows.map(([name, schema]) => html`<${Row} key=${name} name=${name === variadic ? `*${name}` : name} schema=${schema} isRequired=${required.has(name)} />`)}
        ${further && html`<${Row} name=${FURTHER_FIELD} schema=${typeof further === "object" ? further : {}} isRequired=${false} />`}
        ${rows.length === 0 && !further && html`<tr><td class="muted">It takes no arguments.</td></tr>`}
      </tbody>
    </table>
    ${returns && html`<p class="signature-returns"><span>gives</span> <code>${typeText(returns)}</code></p>`}
    ${types.length > 0 && html`<h3>Types</h3>
      <dl class="types">${types.map(([name, schema]) => html`<div key=${name}><dt><code>${name}</code></dt><dd>${TypeMembers(schema)}</dd></div>`)}</dl>`}`;
}

/** @param {{name: string, schema: Schema, isRequired: boolean}} props */
function Row({ name, schema, isRequired }) {
  const limits = limitsText(schema);
  return html`<tr>
    <th scope="row"><code>${name}</code></th>
    <td>
      <code>${typeText(schema)}</code>${limits && html`<span class="muted">, ${limits}</span>`}
      ${"default" in schema && html`<span class="muted"> = <code>${shortValue(schema.default)}</code></span>`}
      ${isRequired && html`<span class="signature-required">required</span>`}
      ${schema.description && html`<p class="muted">${schema.description}</p>`}
    </td>
  </tr>`;
}

/** What a named type consists of. @param {Schema} schema */
function TypeMembers(schema) {
  if (!schema.properties) return html`<code>${typeText({ ...schema, title: undefined })}</code>`;
  const required = new Set(schema.required ?? []);
  return html`<ul>
    ${Object.entries(schema.properties).map(([name, each]) => {
      const limits = limitsText(/** @type {Schema} */ (each));
      return html`<li key=${name}>
        <code>${name}</code> ${typeText(/** @type {Schema} */ (each))}${limits && html`<span class="muted">, ${limits}</span>`}${!required.has(name) && html`<span class="muted">, optional</span>`}
      </li>`;
    })}
  </ul>`;
}

/** @param {unknown} value */
function shortValue(value) {
  const text = value === null ? "none" : stringify(value) ?? "null";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
