/** What a job streams: text as one text, other values one a line. */

import { jsonLine } from "../../shared/format.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";

const MAX_VALUES = 200; // values that are no text

/** @param {{chunks: import("../../client/wire.js").Event[]}} props */
export function Chunks({ chunks }) {
  if (chunks.every(({ data }) => typeof data === "string")) {
    return html`<pre class="value stream" tabindex="0" aria-label="Stream">${plainText(chunks.map(({ data }) => data).join(""))}</pre>`;
  }
  return html`<ol class="chunks" tabindex="0" role="group" aria-label="Stream">
    ${chunks.length > MAX_VALUES && html`<li class="muted">The newest ${MAX_VALUES} of ${chunks.length}</li>`}
    ${chunks.slice(-MAX_VALUES).map(({ number, data }) => html`<li key=${number}><code>${plainText(jsonLine(data))}</code></li>`)}
  </ol>`;
}
