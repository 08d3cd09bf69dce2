/**
 * The words of the query language: blanks part them, and what is in quotes means itself. `protocol/query_words.py` has the same rules.
 *
 * In '…' and "…" blanks, colons and stars are letters like others, and the quote itself is written twice. Outside of quotes `*` is any
 * run of characters. In a pattern, which is what travels, `[*]` is a star that means itself.
 */

const BLANK = String.raw`\s\x1c-\x1f\x85\ufeff`; // what Python or a browser takes for a blank
const PART = new RegExp(String.raw`'((?:[^']|'')*)('?)|"((?:[^"]|"")*)("?)|([^${BLANK}'"]+)`, "g");
const PLAIN = new RegExp(`^[^${BLANK}'"*]+$`);
const ANY = /(?<!\[)\*|\*(?!\])/;

/**
 * @typedef {{text: string, isQuoted: boolean}} Part  without its quotes
 *
 * @typedef {object} Word
 * @property {string} text  as it is written
 * @property {number} start
 * @property {Part[]} parts
 * @property {boolean} isOpen  its last quote is not closed
 */

/**
 * The words of a query with their positions.
 * @param {string} text
 * @returns {Word[]}
 */
export function splitWords(text) {
  /** @type {Word[]} */
  const words = [];
  for (const match of text.matchAll(PART)) {
    const { 0: written, index } = match;
    const last = words.at(-1);
    const word = last && last.start + last.text.length === index ? last : { text: "", start: index, parts: [], isOpen: false };
    if (word !== last) words.push(word);
    word.text += written;
    word.parts.push(readPart(match));
    word.isOpen = match[2] === "" || match[4] === "";
  }
  return words;
}

/** @param {RegExpMatchArray} match @returns {Part} */
function readPart([, single, , double, , plain]) {
  if (single !== undefined) return { text: single.replaceAll("''", "'"), isQuoted: true };
  if (double !== undefined) return { text: double.replaceAll('""', '"'), isQuoted: true };
  return { text: plain, isQuoted: false };
}

/**
 * What is before a word's first colon outside of quotes, and the parts after it.
 * @param {Word} word
 * @returns {{key: string | null, value: Part[]}}  key: null if there is none, or a quote before it
 */
export function splitKey({ parts }) {
  const [first, ...rest] = parts;
  const colon = first.isQuoted ? -1 : first.text.indexOf(":");
  if (colon < 0) return { key: null, value: parts };
  const after = { text: first.text.slice(colon + 1), isQuoted: false };
  return { key: first.text.slice(0, colon), value: [after, ...rest].filter(({ text, isQuoted }) => text || isQuoted) };
}

/** The pattern that parts of a word make. @param {Part[]} parts */
export function patternOf(parts) {
  return parts.map(({ text, isQuoted }) => (isQuoted ? exact(text) : text)).join("");
}

/** A name as a query has it: `tag:${quote(tag)}` finds that tag and no other. @param {string} name */
export function quote(name) {
  return PLAIN.test(name) ? name : `'${name.replaceAll("'", "''")}'`;
}

/** The pattern that only this name matches. @param {string} name */
export function exact(name) {
  return name.replaceAll("*", "[*]");
}

/**
 * Whether a text matches a pattern; undefined, of which nothing is known, may.
 * @param {string | undefined} text
 * @param {string} pattern
 * @returns {boolean | null}
 */
export function matchesPattern(text, pattern) {
  if (text === undefined) return null;
  return pattern.includes("*") ? compilePattern(pattern).test(text) : text === pattern;
}

/** @type {Map<string, RegExp>} */
const expressions = new Map();

/** @param {string} pattern */
function compilePattern(pattern) {
  const before = expressions.get(pattern);
  if (before) return before;
  const parts = pattern.split(new RegExp(`(?:${ANY.source})+`)).map((part) => part.replaceAll("[*]", "*").replaceAll(/[.+?^${}()|[\]\\*]/g, "\\$&"));
  const made = new RegExp(`^${parts.join(".*")}$`, "s");
  if (expressions.size > 100) expressions.clear();
  expressions.set(pattern, made);
  return made;
}
