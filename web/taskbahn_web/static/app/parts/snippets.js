/** How to make the call that the form has now from elsewhere. */

import { useState } from "preact/hooks";

import { url as own } from "../core/access.js";
import { html } from "../core/html.js";
import { javascriptCall, pythonCall, shellCommand } from "../text/call-snippets.js";
import { CopyButton } from "./copy-button.js";

const LANGUAGES = /** @type {const} */ ([
  ["Python", pythonCall],
  ["JavaScript", javascriptCall],
  ["Shell", shellCommand],
]);

/** @param {{task: string, draft: import("./task-form.js").Draft}} props */
export function Snippets({ task, draft }) {
  const [chosen, choose] = useState(0);
  const [language, write] = LANGUAGES[chosen];
  const text = write({ ...draft, task, url: own ?? `${location.origin.replace(/^http/, "ws")}/ws` });
  return html`<section class="panel snippets" aria-label="Call it from code">
    <div class="snippets-head">
      <h2>Call it from code</h2>
      <div class="tabs" role="group" aria-label="Language">
        ${LANGUAGES.map(([name], index) => html`<button key=${name} type="button" aria-pressed=${index === chosen} onClick=${() => choose(index)}>${name}</button>`)}
      </div>
    </div>
    <pre class="value" tabindex="0" role="region" aria-label="${language} code">${text}</pre>
    <p class="snippets-foot"><span class="muted">With what the form has now.</span><${CopyButton} text=${text} what="the ${language} code" /></p>
  </section>`;
}
