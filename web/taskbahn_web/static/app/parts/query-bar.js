/** The query bar: text in the language of `query.js`, suggestions under it, and a sentence about a word that is wrong. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { parseQuery } from "../data/query.js";
import { completeQuery, suggest } from "../data/suggest.js";
import { splitWords } from "../data/query-words.js";

/** @typedef {{currentTarget: HTMLInputElement}} Typed */

/**
 * @param {object} props
 * @param {string} props.q  what is asked for now
 * @param {import("../data/suggest.js").Known} props.known  values to suggest
 * @param {() => void} props.onFocus
 * @param {(q: string) => void} props.onQuery  also of one with a mistake, of which no list may stay
 */
export function QueryBar({ q, known, onFocus, onQuery }) {
  const { input, text, lines, at, isOpen, follow, choose, onKeyDown, ask } = useTyping(q, known, onQuery);
  useKeys({ f: [() => input.current?.focus(), "Filter the jobs"] });
  const { problem } = parseQuery(text);
  const isShown = problem !== null && !isOpen; // not while the word is still being written
  const clear = () => {
    onQuery("");
    input.current?.focus();
  };
  return html`<div class="query">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 3.5h12l-4.6 5.4v4.3l-2.8-1.6V8.9z" /></svg>
    <input
      ref=${input} type="text" role="combobox" class="query-text" value=${text} autocomplete="off" autocapitalize="off" spellcheck=${false}
      placeholder="Filter: state:failed task:images.* since:1h" aria-label="Filter the jobs" aria-autocomplete="list"
      aria-expanded=${lines.length > 0} aria-controls="query-lines" aria-activedescendant=${lines[at] ? `query-line-${at}` : undefined}
      aria-invalid=${isShown} aria-describedby="query-problem"
      onInput=${follow} onClick=${follow} onFocus=${onFocus} onKeyDown=${onKeyDown} onBlur=${() => ask(text)}
    />
    ${text && html`<button type="button" class="query-clear" onClick=${clear}><span aria-hidden="true">×</span><span class="unseen">Clear the filter</span></button>`}
    <ul id="query-lines" class="query-lines" role="listbox" aria-label="What may follow" hidden=${lines.length === 0}>
      ${lines.map(
        (line, index) => html`<li
          key=${line.text} id="query-line-${index}" role="option" aria-selected=${index === at}
          onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => choose(line)}
        ><b class="cut">${line.text}</b><span class="cut">${line.note}</span></li>`,
      )}
    </ul>
    <p id="query-problem" class="query-problem" role="status">${isShown && html`<code>${problem.text}</code> ${problem.why}`}</p>
  </div>`;
}

/**
 * What is typed, where, and what may follow.
 * @param {string} q
 * @param {import("../data/suggest.js").Known} known
 * @param {(q: string) => void} onQuery
 */
function useTyping(q, known, onQuery) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [{ text, caret }, setTyped] = useState({ text: q, caret: 0 });
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1); // of the suggestions
  const wished = useRef(-1); // where the caret goes with the next drawing
  useEffect(() => setTyped({ text: q, caret: q.length }), [q]);
  useLayoutEffect(() => {
    if (wished.current >= 0) input.current?.setSelectionRange(wished.current, wished.current);
    wished.current = -1;
  });
  const lines = isOpen ? suggest(text, caret, known) : [];
  const ask = (/** @type {string} */ query) => {
    setOpen(false);
    onQuery(splitWords(query).map((word) => word.text).join(" "));
  };
  const choose = (/** @type {import("../data/suggest.js").Suggestion} */ line) => {
    const made = completeQuery(text, caret, line);
    wished.current = made.caret;
    setTyped(made);
    setAt(-1);
  };
  const follow = (/** @type {Typed} */ { currentTarget }) => {
    setTyped({ text: currentTarget.value, caret: currentTarget.selectionStart ?? 0 });
    setOpen(true);
    setAt(-1);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const { key } = event;
    const by = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
    if (key === "Escape" && !isOpen) return input.current?.blur();
    if (key === "Escape") setOpen(false);
    else if (by && lines.length) setAt(at < 0 && by < 0 ? lines.length - 1 : (at + by + lines.length) % lines.length);
    else if (key === "Enter" && lines[at]) choose(lines[at]);
    else if (key === "Enter") ask(text);
    else return undefined;
    return event.preventDefault();
  };
  return { input, text, lines, at, isOpen, follow, choose, onKeyDown, ask };
}
