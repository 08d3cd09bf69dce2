/** The head of every page: where one can go, the node in numbers, and whether the page is live. */

import { number } from "./format.js";
import { html } from "./html.js";
import { bahn, connection, now, status } from "./live.js";
import { link, route } from "./route.js";

const PLACES = /** @type {const} */ ([
  ["jobs", "Jobs"],
  ["tasks", "Tasks"],
  ["workers", "Workers"],
]);

export function Header() {
  const here = route.value.page;
  return html`<header class="top">
    <div class="top-inner">
      <a class="brand" href=${link("jobs")} aria-label="Taskbahn, all jobs">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 7h11a4 4 0 0 1 4 4v0a4 4 0 0 0 4 4M3 17h18" /><circle cx="6" cy="7" r="2.4" /><circle cx="12" cy="17" r="2.4" /></svg>
        <span>Taskbahn</span>
      </a>
      <nav class="places" aria-label="Pages">
        ${PLACES.map(([page, name]) => html`<a key=${page} href=${link(page)} aria-current=${page === here ? "page" : undefined}>${name}</a>`)}
      </nav>
      <${Numbers} />
      <${Connection} />
    </div>
    <${Banner} />
  </header>`;
}

function Numbers() {
  const node = status.value;
  if (!node) return html`<p class="numbers"></p>`;
  const { jobs, workers, slots, running } = node;
  return html`<p class="numbers">
    <a href=${link("jobs", null, { state: "running" })}><b>${number(running)}</b> running</a>
    <a href=${link("jobs", null, { state: "ready" })}><b>${number((jobs.ready ?? 0) + (jobs.waiting ?? 0))}</b> queued</a>
    <a class=${jobs.failed ? "number-bad" : ""} href=${link("jobs", null, { state: "failed" })}><b>${number(jobs.failed ?? 0)}</b> failed</a>
    <a class=${workers ? "" : "number-bad"} href=${link("workers")}><b>${number(workers)}</b> ${workers === 1 ? "worker" : "workers"}<span class="numbers-slots">, ${number(slots)} slots</span></a>
  </p>`;
}

const TEXT = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", closed: "Closed" };

function Connection() {
  const { state } = connection.value;
  return html`<p class="connection connection-${state}" role="status"><i class="dot" aria-hidden="true"></i>${TEXT[state]}</p>`;
}

/** Over the foot of the page, so that nothing moves when it comes and goes. */
function Banner() {
  const { state, retryAt } = connection.value;
  if (state !== "reconnecting") return null;
  const seconds = Math.ceil(retryAt - now.value);
  return html`<div class="banner">
    <p>The connection to the router is lost. What is shown may be old; jobs go on.</p>
    <p class="banner-next">${seconds > 0 ? `Next try in ${seconds} s` : "Trying …"}</p>
    <button class="quiet" onClick=${() => bahn.connection.hurry()}>Try now</button>
  </div>`;
}
