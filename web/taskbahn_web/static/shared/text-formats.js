/** Formats of texts in JSON Schemas: what a form can see of them, and durations as people write them. The dispatcher checks all of them. */

const DIGITS = "\\d+(?:[.,]\\d+)?";
const TIME = `T(?=\\d)(?:${DIGITS}H)?(?:${DIGITS}M)?(?:${DIGITS}S)?`;
const ISO_DURATION = new RegExp(`^[-+]?P(?=[\\dT])(?:${DIGITS}Y)?(?:${DIGITS}M)?(?:${DIGITS}W)?(?:${DIGITS}D)?(?:${TIME})?$`, "i");
const CLOCK_DURATION = /^[-+]?(?:\d+ ?d(?:ays?)?,? ?)?\d+:\d\d(?::\d\d(?:\.\d+)?)?$/i;
const SHORT_DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const UUID = /^(?:urn:uuid:|\{)?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i;
const DECIMAL = /^\s*[-+]?(?:(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?|inf(?:inity)?|s?nan\d*)\s*$/i;

/** By format: what is right, and in words what a text must be. @type {Record<string, [(text: string) => boolean, string]>} */
const FORMATS = {
  duration: [(text) => ISO_DURATION.test(text) || CLOCK_DURATION.test(text), "a duration such as 1h30m or PT1H30M"],
  base64: [(text) => BASE64.test(text), "bytes as base64, such as AAEC"],
  uuid: [(text) => UUID.test(text), "a UUID"],
  decimal: [(text) => DECIMAL.test(text), "a decimal number"],
};

/**
 * @param {string} format
 * @param {string} text
 * @returns {string}  what the text must be, if it is none of that format; "" if nothing is wrong, or nothing known
 */
export function wantedText(format, text) {
  const known = Object.hasOwn(FORMATS, format) ? FORMATS[format] : null;
  return known && !known[0](text) ? known[1] : "";
}

/** A duration as tasks take it, ISO 8601, from one as options take it: `1h30m`. Another text stays as it is. @param {string} text */
export function isoDuration(text) {
  const typed = text.trim();
  if (!SHORT_DURATION.test(typed)) return typed;
  const found = { d: 0, h: 0, m: 0, s: 0, ms: 0 };
  for (const [, digits, unit] of typed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) found[/** @type {keyof typeof found} */ (unit)] += Number(digits);
  const seconds = Math.round(found.s * 1e6 + found.ms * 1e3) / 1e6;
  const part = (/** @type {number} */ amount, /** @type {string} */ unit) => (amount ? `${amount}${unit}` : "");
  const time = part(found.h, "H") + part(found.m, "M") + part(seconds, "S");
  return `P${part(found.d, "D")}${time && `T${time}`}`.replace(/^P$/, "PT0S");
}
