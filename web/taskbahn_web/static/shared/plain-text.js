/** Text of others as it can be shown: without the colours of a terminal, and with characters that would do something made visible. */

// eslint-disable-next-line no-control-regex -- these characters are what it is about
const ANSI = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]/g;
// eslint-disable-next-line no-control-regex -- likewise
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/g;
// From here on the text would run backwards, whatever its letters are.
const OVERRIDES = /[\u202d\u202e]/g;
const DELETE = "\x7f";
const PICTURES = 0x2400; // where Unicode has pictures of control characters

/** @param {string} text */
export function plainText(text) {
  return text.replace(ANSI, "").replace(OVERRIDES, "\ufffd").replace(CONTROLS, (control) => (control === DELETE ? "␡" : String.fromCharCode(PICTURES + control.charCodeAt(0))));
}
