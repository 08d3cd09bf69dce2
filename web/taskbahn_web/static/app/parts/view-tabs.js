/** Views of the jobs as tabs: the built-in ones and the saved ones. Each is a link that can be passed on. */

import { useState } from "preact/hooks";

import { number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { status } from "../data/live.js";
import { parseQuery } from "../data/query.js";
import { go, link } from "../core/route.js";
import { BUILT_IN_VIEWS, forgetView, saveView, savedViews } from "../data/views.js";

const COUNTED_STATES = /** @type {Record<string, import("../../client/wire.js").State[]>} */ ({
  Running: ["running"],
  Waiting: ["ready", "waiting"],
  Failed: ["failed"],
});

/** @param {{q: string, name: string | null}} props  name: of a view, as a link says it */
export function ViewTabs({ q, name }) {
  const [undo, setUndo] = useState(/** @type {{name: string, back: () => void} | null} */ (null));
  const [isNaming, setNaming] = useState(false);
  const own = savedViews.value;
  const isKnown = [...BUILT_IN_VIEWS, ...own].some((view) => view.q === q) || parseQuery(q).problem !== null;
  const keep = (/** @type {string} */ as) => {
    saveView({ name: as, q });
    setNaming(false);
    go(link("jobs", null, { q, view: as }));
  };
  const remove = (/** @type {string} */ which) => {
    const back = forgetView(which);
    setUndo({ name: which, back });
  };
  const isHere = (/** @type {import("../data/views.js").View} */ view) => view.q === q && (!name || !own.some((each) => each.name === name) || view.name === name);
  return html`<div class="views">
    <nav class="views-tabs" aria-label="Views of the jobs">
      ${BUILT_IN_VIEWS.map((view) => html`<a key=${view.name} class="view" href=${link("jobs", null, { q: view.q })} aria-current=${isHere(view) ? "page" : undefined}>
        ${view.name} <${ViewCount} view=${view.name} />
      </a>`)}
      ${own.map((view) => html`<span key=${`own ${view.name}`} class="view-own">
        <a class="view" href=${link("jobs", null, { q: view.q, view: view.name })} title=${view.q} aria-current=${isHere(view) ? "page" : undefined}>${view.name}</a>
        ${isHere(view) && html`<button class="plain" onClick=${() => remove(view.name)} title="Delete this view"><span aria-hidden="true">×</span><span class="unseen">Delete the view ${view.name}</span></button>`}
      </span>`)}
      ${!isKnown && q && html`<span class="view" aria-current="page">${name ?? "This query"}</span>`}
    </nav>
    ${!isKnown && q && !isNaming && html`<button class="quiet" onClick=${() => setNaming(true)}>Save this view</button>`}
    ${isNaming && !isKnown && html`<${NameForm} name=${name ?? ""} onName=${keep} onLeave=${() => setNaming(false)} />`}
    ${undo && html`<p class="undo" role="status">
      The view “${undo.name}” is deleted. <button class="quiet" onClick=${() => (undo.back(), setUndo(null))}>Undo</button>
    </p>`}
  </div>`;
}

/** @param {{view: string}} props */
function ViewCount({ view }) {
  const states = COUNTED_STATES[view];
  const counts = status.value?.jobs;
  if (!states || !counts) return null;
  return html`<span class="view-count">${number(states.reduce((sum, state) => sum + (counts[state] ?? 0), 0))}</span>`;
}

/** @param {{name: string, onName: (name: string) => void, onLeave: () => void}} props */
function NameForm({ name, onName, onLeave }) {
  const [text, setText] = useState(name);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.trim()) onName(text.trim());
  };
  return html`<form class="naming" onSubmit=${submit} onKeyDown=${(/** @type {KeyboardEvent} */ { key }) => key === "Escape" && onLeave()}>
    <input aria-label="Name of the view" placeholder="Name" maxlength="40" value=${text} ref=${focusOnce} onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => setText(currentTarget.value)} />
    <button class="quiet" type="submit">Save</button><button class="quiet" type="button" onClick=${onLeave}>Leave</button>
  </form>`;
}

/** @param {HTMLInputElement | null} input */
function focusOnce(input) {
  if (input && document.activeElement !== input && !input.dataset.seen) {
    input.dataset.seen = "yes";
    input.focus();
  }
}
