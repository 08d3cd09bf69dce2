/** The list of keys: `?` shows it. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { html } from "../core/html.js";
import { listedKeys, useKeys } from "../core/keys.js";

export const areKeysShown = signal(false);

export function Shortcuts() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useKeys({ "?": [() => (areKeysShown.value = true), "This list"] });
  const isShown = areKeysShown.value;
  useEffect(() => {
    if (isShown) dialog.current?.showModal();
  }, [isShown]);
  const keys = isShown ? listedKeys() : [];
  const isPlace = (/** @type {[string, string]} */ [key]) => key.startsWith("g ");
  return html`<dialog ref=${dialog} class="shortcuts" aria-labelledby="shortcuts-title" onClose=${() => (areKeysShown.value = false)}>
    <form method="dialog" class="page-head"><h2 id="shortcuts-title">Keys</h2><button class="quiet">Close</button></form>
    <div class="shortcuts-lists">
      <${KeyList} title="On this page" keys=${keys.filter((key) => !isPlace(key))} />
      <${KeyList} title="Go to" keys=${keys.filter(isPlace)} />
    </div>
  </dialog>`;
}

/** @param {{title: string, keys: [string, string][]}} props */
function KeyList({ title, keys }) {
  return html`<section>
    <h3>${title}</h3>
    <dl>
      ${keys.map(
        ([key, text]) => html`<div key=${key}>
          <dt>${key.split(" ").map((each) => html`<kbd>${each}</kbd> `)}</dt><dd>${text}</dd>
        </div>`,
      )}
    </dl>
  </section>`;
}
