/** The search box of the header: `/` focuses it, Enter opens the first result. */

import { useRef, useState } from "preact/hooks";

import { VIEW_QUEUES } from "../../client/wire.js";
import { askJobs, askUntilFound } from "../data/ask-jobs.js";
import { tasks, workers } from "../data/directory.js";
import { fingerprintIn, searchResults } from "./search-results.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { bahn } from "../data/live.js";
import { go } from "../core/route.js";

export function Search() {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [words, setWords] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [queues, setQueues] = useState(/** @type {string[]} */ ([]));
  useKeys({ "/": [() => input.current?.select(), "Search"] });

  const [errors, setErrors] = useState(/** @type {string[]} */ ([]));
  const looking = useRef(/** @type {Promise<string[]>} */ (Promise.resolve([]))); // whether the words are a fingerprint

  const lines = isOpen ? searchResults(words, { ...names(queues), errors }) : [];
  const leave = (/** @type {string} */ where) => {
    input.current?.blur(); // which closes the list
    setWords("");
    go(where);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const { key } = event;
    if (key === "Escape") return isOpen && words ? setOpen(false) : input.current?.blur();
    if (key === "Enter" && at > 0 && lines[at]) leave(lines[at].where);
    else if (key === "Enter" && lines[at]) void looking.current.then((found) => leave(searchResults(words, { ...names(queues), errors: found })[0].where));
    else if (key === "ArrowDown" && lines.length) setAt((at + 1) % lines.length);
    else if (key === "ArrowUp" && lines.length) setAt((at + lines.length - 1) % lines.length);
    else return;
    event.preventDefault();
  };
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => {
    setWords(currentTarget.value);
    const fingerprint = fingerprintIn(currentTarget.value);
    looking.current = knownErrors(fingerprint, () => fingerprintIn(currentTarget.value) === fingerprint);
    void looking.current.then(setErrors);
    setOpen(true);
    setAt(0);
  };
  const onFocus = () => {
    tasks.once();
    void workers.load();
    bahn.ask(VIEW_QUEUES).then((all) => setQueues(all.map((/** @type {{name: string}} */ { name }) => name)), () => {});
    setOpen(true);
  };
  return html`<div class="search" role="search">
    <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5" /><path d="m10.5 10.5 3.5 3.5" /></svg>
    <input
      ref=${input} type="text" role="combobox" autocomplete="off" spellcheck=${false} placeholder="Search" aria-label="Search jobs, tasks, pages"
      aria-expanded=${lines.length > 0} aria-controls="found" aria-autocomplete="list" aria-activedescendant=${lines[at] ? `found-${at}` : undefined}
      value=${words} onInput=${onInput} onFocus=${onFocus} onBlur=${() => setOpen(false)} onKeyDown=${onKeyDown}
    />
    <kbd aria-hidden="true">/</kbd>
    <ul id="found" class="found" role="listbox" aria-label="Found" hidden=${lines.length === 0}>
      ${lines.map(
        ({ kind, text, where }, index) => html`<li
          key=${where} id="found-${index}" role="option" aria-selected=${index === at} title=${text}
          onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => leave(where)}
        ><span>${kind}</span><b class="cut">${text}</b></li>`,
      )}
    </ul>
  </div>`;
}

/** The fingerprint, if a job that failed has it. @param {string} fingerprint @param {() => boolean} isWanted @returns {Promise<string[]>} */
async function knownErrors(fingerprint, isWanted) {
  if (!fingerprint) return [];
  const ask = (/** @type {number | null} */ before) => askJobs(bahn, /** @type {any} */ ({ state: ["failed"], error: fingerprint }), before, 1);
  return askUntilFound(ask, null, isWanted).then(({ jobs }) => (jobs.length ? [fingerprint] : []), () => []);
}

/** @param {string[]} queues @returns {import("./search-results.js").Names} */
function names(queues) {
  return { queues, tasks: (tasks.entries.value ?? []).map(({ name }) => name), workers: (workers.entries.value ?? []).map(({ id }) => id) };
}
