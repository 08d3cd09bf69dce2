/**
 * JSON whose integers are exact: those beyond 2⁵³, which a number of JavaScript would round, are read as BigInt and written from it.
 * Text without so long a number costs a search more than `JSON.parse`, and a value without BigInt nothing.
 */

const LONG_NUMBER = /\d{16}/; // 2⁵³ has 16 digits
const INTEGER = /^-?\d+$/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Between digits that are no text of the user's. */
const newMark = () => `\u0000${Math.random().toString(36).slice(2)}${Date.now()}:`;

/**
 * @param {string} text
 * @returns {any}  throws SyntaxError
 */
export function parse(text) {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return givesSource() ? JSON.parse(text, /** @type {any} */ (reviveInteger)) : parseMarked(text);
}

/**
 * @param {string} _
 * @param {unknown} value
 * @param {{source?: string}} context
 */
function reviveInteger(_, value, { source = "" }) {
  return typeof value === "number" && !Number.isSafeInteger(value) && INTEGER.test(source) ? BigInt(source) : value;
}

/** Whether this browser gives a reviver the source text. */
function givesSource() {
  let isGiven = false;
  JSON.parse("1", /** @type {any} */ ((/** @type {string} */ _, /** @type {unknown} */ value, /** @type {{source?: string}} */ context) => ((isGiven = context?.source === "1"), value)));
  return isGiven;
}

/**
 * As `parse`, where a reviver does not get the source: a number that is too long becomes marked text before it is read.
 * @param {string} text
 * @returns {any}
 */
export function parseMarked(text) {
  const begin = newMark();
  const marked = replaceOutsideStrings(text, (part) =>
    part.replace(NUMBER, (digits) => (INTEGER.test(digits) && !Number.isSafeInteger(Number(digits)) ? JSON.stringify(begin + digits) : digits)),
  );
  return JSON.parse(marked, (_, value) => (typeof value === "string" && value.startsWith(begin) ? BigInt(value.slice(begin.length)) : value));
}

/**
 * @param {string} text  JSON
 * @param {(part: string) => string} change
 */
function replaceOutsideStrings(text, change) {
  const parts = [];
  for (let at = 0; at < text.length; ) {
    const begin = text.indexOf('"', at);
    if (begin < 0) {
      parts.push(change(text.slice(at)));
      break;
    }
    const end = findStringEnd(text, begin);
    parts.push(change(text.slice(at, begin)), text.slice(begin, end));
    at = end;
  }
  return parts.join("");
}

/**
 * @param {string} text
 * @param {number} begin  of its opening quote
 */
function findStringEnd(text, begin) {
  for (let quote = text.indexOf('"', begin + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0;
    while (text[quote - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/**
 * @param {unknown} value
 * @param {number} [indent]
 * @returns {string | undefined}  undefined for what has no JSON, as `JSON.stringify` has it; throws TypeError for what contains itself
 */
export function stringify(value, indent) {
  const begin = newMark();
  let isMarked = false;
  const text = JSON.stringify(
    value,
    (_, part) => (typeof part === "bigint" ? ((isMarked = true), `${begin}${part}`) : part),
    indent,
  );
  return isMarked ? text.replaceAll(new RegExp(`${JSON.stringify(begin).slice(0, -1).replaceAll("\\", "\\\\")}(-?\\d+)"`, "g"), "$1") : text;
}

/**
 * Write a message: as `stringify`, but numbers that JSON has no word for are refused, where it would write null.
 * @param {unknown} value
 * @returns {string}  throws TypeError
 */
export function stringifyStrict(value) {
  const text = stringifyPlain(value) ?? stringify(value) ?? "null";
  if (text.includes("null")) JSON.stringify(value, checkFinite);
  return text;
}

/** What is written the short way; undefined if there is a BigInt in it. @param {unknown} value */
function stringifyPlain(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // `stringify` throws again if it is something else
  }
}

/**
 * @param {string} key
 * @param {unknown} part
 */
function checkFinite(key, part) {
  if (typeof part === "number" && !Number.isFinite(part)) throw new TypeError(`${part} at ${JSON.stringify(key)} is no JSON; pass null or a text instead`);
  return typeof part === "bigint" ? null : part;
}
