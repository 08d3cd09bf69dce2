/** A dialog that asks before something is done, and shows why it was refused. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { sentence } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { Problem } from "./note.js";

/**
 * Open as long as it is drawn.
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.verb  on the button that does it
 * @param {() => Promise<void>} props.onYes  does it, or fails with what the dialog then shows
 * @param {() => void} props.onClose
 * @param {import("../core/html.js").Children} [props.children]
 */
export function Ask({ title, verb, onYes, onClose, children }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [problem, setProblem] = useState("");
  const [isSending, setSending] = useState(false);
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      dialog?.close(); // which gives the focus back
      queueMicrotask(focusContentIfLost); // until the dialog is taken out of the page, its button has the focus
    };
  }, []);
  const submit = async (/** @type {globalThis.Event} */ event) => {
    event.preventDefault();
    if (isSending) return;
    setProblem("");
    setSending(true);
    try {
      await onYes();
      onClose();
    } catch (error) {
      setProblem(sentence(error));
      setSending(false);
    }
  };
  const leave = (/** @type {globalThis.Event} */ event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog class="ask" ref=${box} onCancel=${leave} aria-labelledby="ask-title">
    <form onSubmit=${submit}>
      <h2 id="ask-title">${title}</h2>
      ${children}
      ${problem && html`<${Problem}>${problem}<//>`}
      <div class="ask-actions">
        <button type="button" onClick=${leave}>Leave it</button>
        <button class="primary" aria-disabled=${isSending}>${verb}</button>
      </div>
    </form>
  </dialog>`;
}

/** Focus the content of the page if what had the focus is gone: the keyboard goes on there. */
export function focusContentIfLost() {
  if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
}
