/** The head of every page: the search, the node in numbers, and whether the page is live. */

import { isReadOnly } from "../core/access.js";
import { count, number } from "../../shared/format.js";
import { pauseDetails } from "../text/pause-text.js";
import { html } from "../core/html.js";
import { bahn, connection, now, status } from "../data/live.js";
import { isOriginRefused, originRefusal } from "../data/origin-check.js";
import { pauseOf } from "../data/pauses.js";
import { isMenuOpen } from "./navigation.js";
import { link } from "../core/route.js";
import { Search } from "./search.js";

export function Header() {
  return html`<header class="top">
    <button class="menu" aria-expanded=${isMenuOpen.value} aria-controls="places" onClick=${() => (isMenuOpen.value = !isMenuOpen.value)}>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 4h12M2 8h12M2 12h12" /></svg><span class="unseen">Pages</span>
    </button>
    <a class="brand" href=${link("overview")} aria-label="Taskbahn, overview">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 7h11a4 4 0 0 1 4 4v0a4 4 0 0 0 4 4M3 17h18" /><circle cx="6" cy="7" r="2.4" /><circle cx="12" cy="17" r="2.4" /></svg>
      <span>Taskbahn</span>
    </a>
    <${Search} />
    <${Numbers} />
    <${Badges} />
    <${Connection} />
    <${Banner} />
  </header>`;
}

function Numbers() {
  const node = status.value;
  if (!node) return html`<p class="numbers"></p>`;
  const { jobs, workers, slots, running, failed_lately: lately = 0 } = node;
  return html`<p class="numbers">
    <a href=${link("jobs", null, { q: "state:running" })}><b>${number(running)}</b> running</a>
    <a href=${link("jobs", null, { q: "state:ready,waiting" })}><b>${number((jobs.ready ?? 0) + (jobs.waiting ?? 0))}</b> queued</a>
    <a class=${lately ? "number-bad" : ""} href=${link("errors")} title=${`${number(lately)} in the last 15 minutes`}><b>${number(jobs.failed ?? 0)}</b> failed<span class="unseen">, ${number(lately)} in the last 15 minutes</span></a>
    <a class=${workers ? "" : "number-bad"} href=${link("workers")}><b>${number(workers)}</b> ${workers === 1 ? "worker" : "workers"}<span class="numbers-slots">, ${count(slots, "slot")}</span></a>
  </p>`;
}

const INSECURE = "This node has no login: each program that reaches it may do everything. It was started with --insecure-no-auth.";

/** What holds for every page: there is no login, all is paused, and nothing can be changed here. */
function Badges() {
  const pause = pauseOf("");
  const isInsecure = status.value?.problems?.some(({ kind }) => kind === "insecure");
  if (!pause && !isReadOnly && !isInsecure) return null;
  return html`<div class="badges">
    ${isInsecure && html`<a class="badge-warn" href=${link("settings")} title=${INSECURE}>No login</a>`}
    ${pause && html`<a class="badge-warn" href=${link("overview")} title="Paused ${pauseDetails(pause, now.value)}">All paused</a>`}
    ${isReadOnly && html`<span class="badge" title="This page only looks: it was opened at /view/">Read-only</span>`}
  </div>`;
}

const TEXT = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", closed: "Closed" };

function Connection() {
  const { state } = connection.value;
  return html`<p class="connection connection-${state}" role="status"><i class="dot" aria-hidden="true"></i><span>${TEXT[state]}</span></p>`;
}

const LOST = "The connection to the router is lost. What is shown may be old; jobs go on.";

/** Over the foot of the page, so that nothing moves when it comes and goes. */
function Banner() {
  const { state, retryAt } = connection.value;
  if (state !== "reconnecting") return null;
  const seconds = Math.ceil(retryAt - now.value);
  return html`<div class="banner">
    <p>${isOriginRefused.value ? originRefusal(location.origin) : LOST}</p>
    <p class="banner-next">${seconds > 0 ? `Next try in ${seconds} s` : "Trying …"}</p>
    <button class="quiet" onClick=${() => bahn.connection.hurry()}>Try now</button>
  </div>`;
}
