/** A button that reads a file of this machine and gives it as base64. */

import { useRef, useState } from "preact/hooks";

import { html } from "../core/html.js";

const MAX_FILE_BYTES = 700_000; // bytes; as base64 that is what the arguments of a job may have

/** @param {{name: string, onRead: (base64: string) => void}} props */
export function FileButton({ name, onRead }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [said, say] = useState("");
  const read = async () => {
    const file = input.current?.files?.[0];
    if (!file) return;
    if (file.size > MAX_FILE_BYTES) return say(`${file.name} is too large: arguments take ${MAX_FILE_BYTES.toLocaleString("en")} bytes at most`);
    onRead(toBase64(new Uint8Array(await file.arrayBuffer())));
    say(`${file.name}, ${file.size.toLocaleString("en")} bytes`);
  };
  return html`<span class="file">
    <button type="button" class="quiet" onClick=${() => input.current?.click()}>Choose a file<span class="unseen"> for ${name}</span></button>
    <input type="file" hidden ref=${input} onChange=${read} />
    <span class="field-note" role="status">${said}</span>
  </span>`;
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toBase64(bytes) {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(text);
}
