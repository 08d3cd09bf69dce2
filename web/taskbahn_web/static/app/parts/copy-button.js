/** A button that copies text, and says whether it did. */

import { useState } from "preact/hooks";

import { html } from "../core/html.js";

const MESSAGE_SECONDS = 2; // seconds

/** @param {{text: string, what: string}} props  what: is copied, for those who do not see where the button is */
export function CopyButton({ text, what }) {
  const [said, say] = useState("");
  const copy = async () => {
    say((await copyText(text)) ? "Copied" : "Copy it by hand");
    setTimeout(() => say(""), MESSAGE_SECONDS * 1000);
  };
  return html`<button type="button" class="quiet copy" onClick=${copy}>${said || "Copy"}<span class="unseen"> ${what}</span></button>
    <span class="unseen" role="status">${said}</span>`;
}

/**
 * Browsers lend their clipboard to pages of this machine and of https; for others there is the old way.
 * @param {string} text
 * @returns {Promise<boolean>}
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
    document.body.append(box);
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    return isDone;
  }
}
