/** The search box of the header: `/` focuses it, Enter opens the first result. */

import { useRef, useState } from "preact/hooks";

import { VIEW_QUEUES } from "../../client/wire.js";
import { limits, tasks, triggers, workers } from "../data/directory.js";
import { look } from "./search-look.js";
import { searchResults } from "./search-results.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { bahn } from "../data/live.js";
import { go } from "../core/route.js";

/** @typedef {import("./search-results.js").Found} Found */

export function Search() {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [words, setWords] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [queues, setQueues] = useState(/** @type {string[]} */ ([]));
  useKeys({ "/": [() => input.current?.select(), "Search"] });

  const [found, setFound] = useState(/** @type {Found} */ ({}));
  const looking = useRef(/** @type {Promise<Found>} */ (Promise.resolve({}))); // what the node has for the words

  const lines = isOpen ? searchResults(words, { ...names(queues), ...found }) : [];
  const leave = (/** @type {string} */ where) => {
    input.current?.blur(); // which closes the list
    setWords("");
    go(where);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const { key } = event;
    if (key === "Escape") return isOpen && words ? setOpen(false) : input.current?.blur();
    if (key === "Enter" && at > 0 && lines[at]) leave(lines[at].where);
    else if (key === "Enter" && lines[at]) void looking.current.then((now) => leave(searchResults(words, { ...names(queues), ...now })[0].where));
    else if (key === "ArrowDown" && lines.length) setAt((at + 1) % lines.length);
    else if (key === "ArrowUp" && lines.length) setAt((at + lines.length - 1) % lines.length);
    else return;
    event.preventDefault();
  };
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => {
    setWords(currentTarget.value);
    const text = currentTarget.value.trim();
    const isWanted = () => currentTarget.value.trim() === text;
    looking.current = look(text, isWanted);
    void looking.current.then((now) => isWanted() && setFound(now));
    setOpen(true);
    setAt(0);
  };
  const onFocus = () => {
    loadNames(setQueues);
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

/** @param {string[]} queues @returns {import("./search-results.js").Known} */
function names(queues) {
  return {
    queues,
    tasks: (tasks.entries.value ?? []).map(({ name }) => name),
    workers: (workers.entries.value ?? []).map(({ id }) => id),
    triggers: (triggers.entries.value ?? []).map(({ id }) => id),
    limits: (limits.entries.value?.limits ?? []).map(({ name }) => name),
  };
}

/** Load what has a name. @param {(names: string[]) => void} setQueues */
function loadNames(setQueues) {
  for (const known of [tasks, triggers, limits]) known.once();
  void workers.load();
  bahn.ask(VIEW_QUEUES).then((all) => setQueues(all.map((/** @type {{name: string}} */ { name }) => name)), () => {});
}
