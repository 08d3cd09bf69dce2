/** What a page says instead of, or beside, its content: what to do next, and what went wrong. */

import { html } from "../core/html.js";

/**
 * An empty place that teaches the next step.
 * @param {{title: string, command?: string, isPage?: boolean, children?: import("../core/html.js").Children}} props
 */
export function Empty({ title, command, isPage = false, children }) {
  return html`<div class="empty">
    <svg class="empty-track" viewBox="0 0 120 24" aria-hidden="true"><path d="M2 12h116M22 6v12M46 6v12M70 6v12M94 6v12" /></svg>
    <${isPage ? "h1" : "h2"}>${title}<//>
    <p>${children}</p>
    ${command && html`<pre class="command"><code>${command}</code></pre>`}
  </div>`;
}

/** What one should know of a page, though nothing is wrong. @param {{children?: import("../core/html.js").Children}} props */
export function Note({ children }) {
  return html`<p class="note" role="status">${children}</p>`;
}

/** A sentence about what went wrong. @param {{children?: import("../core/html.js").Children}} props */
export function Problem({ children }) {
  return html`<p class="problem" role="alert">${children}</p>`;
}
