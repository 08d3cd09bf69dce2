/** The navigation: the list of pages, beside the page on a wide screen and behind a button on a narrow one. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { questions } from "../data/directory.js";
import { status, who } from "../data/live.js";
import { countText } from "../data/open-questions.js";
import { logOut } from "../data/session.js";
import { PAGES } from "./page-table.js";
import { PasswordButton } from "./password.js";
import { go, link, route } from "../core/route.js";
import { areKeysShown } from "./shortcuts.js";

const COUNT_PAUSE_SECONDS = 5; // seconds between two looks at the open questions, on other pages than theirs

/** Whether the pages are shown on a narrow screen. */
export const isMenuOpen = signal(false);

export function Navigation() {
  const { page: here, id } = route.value;
  useKeys(
    Object.fromEntries(PAGES.map(({ page, name, key }) => [`g ${key}`, /** @type {[() => void, string]} */ ([() => go(link(page)), name])])),
  );
  useEffect(() => void (isMenuOpen.value = false), [here, id]);
  useEffect(() => questions.open(COUNT_PAUSE_SECONDS), []);
  return html`<nav id="places" class="side ${isMenuOpen.value ? "side-open" : ""}" aria-label="Pages">
    <ul class="places">
      ${PAGES.map(
        ({ page, name, icon }) => html`<li key=${page}>
          <a href=${link(page)} aria-current=${page === here ? "page" : undefined} onClick=${() => (isMenuOpen.value = false)}>
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d=${icon} /></svg>${name}
            ${page === "overview" && html`<${ProblemCount} />`}
            ${page === "questions" && html`<${QuestionCount} />`}
          </a>
        </li>`,
      )}
    </ul>
    <${LoggedIn} />
    <p class="side-foot">
      <button class="plain" onClick=${() => (areKeysShown.value = true)}>Keys <kbd>?</kbd></button>
      ${status.value && html`<span>Taskbahn ${status.value.version}</span>`}
    </p>
  </nav>`;
}

/** Who has logged in, and the way out. */
function LoggedIn() {
  if (!who.value) return null;
  const { name, role, hasPassword } = who.value;
  return html`<div class="side-who">
    <span title="Role: ${role}">${name}</span>
    ${hasPassword && html`<${PasswordButton} name=${name} />`}
    <button class="plain" onClick=${() => void logOut()}>Log out</button>
  </div>`;
}

/** How many things are wrong now. */
function ProblemCount() {
  const problems = status.value?.problems ?? [];
  if (!problems.length) return null;
  const level = problems.some((problem) => problem.level === "error") ? "error" : "warning";
  return html`<span class="places-count places-${level}">${problems.length}<span class="unseen"> wrong</span></span>`;
}

/** How many questions are open. */
function QuestionCount() {
  const found = questions.entries.value;
  if (!found?.questions.length) return null;
  return html`<span class="places-count places-open">${countText(found)}<span class="unseen"> open</span></span>`;
}
