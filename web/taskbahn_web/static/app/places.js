/** Where one can go: the pages, beside the page on a wide screen and behind a button on a narrow one. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { html } from "./html.js";
import { useKeys } from "./keys.js";
import { status } from "./live.js";
import { go, link, route } from "./route.js";
import { isKeysShown } from "./shortcuts.js";

/** Page, name, the key after `g`, and the lines of a 16 by 16 icon. */
const PLACES = /** @type {const} */ ([
  ["overview", "Overview", "o", "M1.5 9.5 5 6l3 3 6.5-6.5M1.5 14h13"],
  ["jobs", "Jobs", "j", "M2 3.5h12M2 8h12M2 12.5h8"],
  ["tasks", "Tasks", "t", "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5"],
  ["queues", "Queues", "q", "M2 5.5h3v5H2zM6.5 5.5h3v5h-3zM11 8h3.5m-1.5-1.5L14.5 8 13 9.5"],
  ["workers", "Workers", "w", "M2.5 2.5h11v4h-11zM2.5 9.5h11v4h-11zM5 4.5h.01M5 11.5h.01"],
  ["errors", "Errors", "e", "M8 2 1.5 13.5h13L8 2v0M8 6.5v3M8 11.6v.01"],
  ["settings", "Settings", "s", "M2 4.5h7m3 0h2M2 11.5h2m3 0h7M10.5 3v3M5.5 10v3"],
]);

/** Whether the pages are shown on a narrow screen. */
export const isMenuOpen = signal(false);

export function Places() {
  const { page: here, id } = route.value;
  useKeys(
    Object.fromEntries(PLACES.map(([page, name, key]) => [`g ${key}`, /** @type {[() => void, string]} */ ([() => go(link(page)), name])])),
  );
  useEffect(() => void (isMenuOpen.value = false), [here, id]);
  return html`<nav id="places" class="side ${isMenuOpen.value ? "side-open" : ""}" aria-label="Pages">
    <ul class="places">
      ${PLACES.map(
        ([page, name, , lines]) => html`<li key=${page}>
          <a href=${link(page)} aria-current=${page === here ? "page" : undefined} onClick=${() => (isMenuOpen.value = false)}>
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d=${lines} /></svg>${name}
            ${page === "overview" && html`<${Wrongs} />`}
          </a>
        </li>`,
      )}
    </ul>
    <p class="side-foot">
      <button class="plain" onClick=${() => (isKeysShown.value = true)}>Keys <kbd>?</kbd></button>
      ${status.value && html`<span>Taskbahn ${status.value.version}</span>`}
    </p>
  </nav>`;
}

/** How many things are wrong now. */
function Wrongs() {
  const problems = status.value?.problems ?? [];
  if (!problems.length) return null;
  const level = problems.some((problem) => problem.level === "error") ? "error" : "warning";
  return html`<span class="places-count places-${level}">${problems.length}<span class="unseen"> wrong</span></span>`;
}
