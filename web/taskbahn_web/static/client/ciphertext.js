/** What people see in the place of what is encrypted, where the page has no key for it. */

const MARK = '"$encrypted"';
const CUT = /\{\s*"\$encrypted":\s*"1\.[a-z]+\.([A-Za-z0-9_-]{1,40})\.[^"\\]*(?:"\s*\}|$)/g; // also one that was cut

/** A text, such as the message of an error or JSON, with words in the place of what is encrypted in it. @param {string} text */
export function withoutCiphertext(text) {
  return text.includes(MARK) ? text.replaceAll(CUT, (_, key) => `encrypted (key ${key})`) : text;
}
