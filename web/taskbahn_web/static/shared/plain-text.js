/**
 * Text of others as it can be shown: without the colours of a terminal, and with characters that would do something made visible. The
 * command line has the same rule (`taskbahn/protocol/plain_text.py`).
 */

import { withoutCiphertext } from "../client/ciphertext.js";

// eslint-disable-next-line no-control-regex -- these characters are what it is about
const ANSI = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]/g;
// eslint-disable-next-line no-control-regex -- likewise
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/g;
// Controls that have no picture; marks that turn the direction of the text around them; separators of lines.
const NO_PICTURES = /[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
// eslint-disable-next-line no-control-regex -- likewise
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const DELETE = "\x7f";
const PICTURES = 0x2400; // where Unicode has pictures of control characters

/** @param {string} given */
export function plainText(given) {
  const text = withoutCiphertext(given);
  if (!UNSAFE.test(text)) return text; // as nearly always
  return text
    .replace(ANSI, "")
    .replace(NO_PICTURES, "\ufffd")
    .replace(CONTROLS, (control) => (control === DELETE ? "␡" : String.fromCharCode(PICTURES + control.charCodeAt(0))));
}
