/** The values in the fields of a form, the arguments made of them, and the field to which each problem belongs. */

import { parse, stringify } from "../client/exact-json.js";
import { isHidden } from "../client/secrets.js";
import { sentence } from "../client/errors.js";
import { checkValue } from "./schema-check.js";
import { FURTHER_FIELD, LOCAL_DATETIME } from "./schema.js";
import { isoDuration } from "./text-formats.js";

/**
 * @typedef {import("./schema.js").Field} Field
 * @typedef {string | boolean} Typed  what a control holds
 *
 * @typedef {object} Arguments
 * @property {unknown[]} args
 * @property {Record<string, unknown>} kwargs
 * @property {Record<string, string>} problems  by field; the rest is of use only if there are none
 */

/**
 * What a field shows at first, or for a given value.
 * @param {Field} field
 * @param {unknown} [value]
 * @returns {Typed}
 */
export function controlValue(field, value = field.initial) {
  const { kind, isNullable, isRequired, isVariadic, choices } = field;
  if (isHidden(value)) return ""; // the reader gives it again
  if (field.name === FURTHER_FIELD && isSameJson(value, {})) return "";
  if (kind === "boolean" && !isNullable) return Boolean(value);
  if (kind === "choice" && value !== undefined && value !== null) return String(choices.findIndex((choice) => isSameJson(choice, value)));
  if (value === undefined || value === null) {
    if (!isRequired || isNullable) return "";
    return kind === "choice" && choices.length === 1 ? "0" : ""; // the reader chooses where there is a choice
  }
  if (kind === "json") return isVariadic && isSameJson(value, []) ? "" : field.takesText && isPlainText(value) ? value : jsonText(value);
  if (kind === "datetime") return localTime(String(value));
  return String(value);
}

/**
 * What could be given where nothing is: shown in an empty field, and never taken as its value.
 * @param {Field} field
 * @param {(text: string, values: {value: string}) => string} [say]
 * @returns {string}
 */
export function placeholderText({ kind, schema, isNullable, example, placeholder }, say = (text, { value }) => text.replace("{value}", () => value)) {
  if (placeholder !== undefined) return placeholder;
  const sample = kind === "json" && schema.type === "object" && schema.properties ? jsonText(example) : "";
  if (!isNullable) return sample;
  return say(sample ? "none, or {value}" : "none", { value: sample });
}

/** The rows of a control for text of many lines. @param {string} text  in it, or its placeholder @param {number} most */
export function rowsOf(text, most) {
  return Math.min(most, Math.max(2, text.split("\n").length));
}

/**
 * Make arguments of a form. What is left empty is left out, where the task has a default; text stays as it is.
 * @param {Field[]} fields
 * @param {Record<string, Typed>} typed
 * @param {string[]} [order]  arguments that may be given by position
 * @returns {Arguments}
 */
export function makeArguments(fields, typed, order = []) {
  /** @type {Arguments} */
  const made = { args: [], kwargs: {}, problems: {} };
  for (const field of fields) {
    const text = typed[field.name];
    const isEmpty = text === "" || text === undefined;
    if (isEmpty) {
      takeEmpty(made, field);
      continue;
    }
    try {
      const value = parseField(field, text);
      if (!isNullAllowed(field, value)) checkValue(value, field.schema, field.definitions);
      made.kwargs[field.name] = value;
    } catch (error) {
      made.problems[field.name] = error instanceof Error ? error.message : String(error);
    }
  }
  return moveToPositions(withFurther(made), fields, order);
}

/** Put arguments beyond the named ones beside these. @param {Arguments} made @returns {Arguments} */
function withFurther(made) {
  const { [FURTHER_FIELD]: further, ...kwargs } = made.kwargs;
  if (further === undefined) return made;
  const isObject = typeof further === "object" && further !== null && !Array.isArray(further);
  if (!isObject) return { ...made, kwargs, problems: { ...made.problems, [FURTHER_FIELD]: "must be a JSON object" } };
  return { ...made, kwargs: { ...further, ...kwargs } };
}

/**
 * @param {Arguments} made
 * @param {Field} field  one that was left empty, or emptied
 */
function takeEmpty(made, { name, kind, initial, isNullable, isRequired, isVariadic }) {
  const hasDefault = initial !== undefined && initial !== null;
  if (isVariadic || name === FURTHER_FIELD) return;
  if (isNullable && (isRequired || hasDefault)) made.kwargs[name] = null;
  else if (isRequired) made.problems[name] = "is missing";
  else if (hasDefault && (kind === "text" || kind === "longtext")) made.kwargs[name] = "";
}

/**
 * @param {Arguments} made
 * @param {Field[]} fields
 * @param {string[]} order
 * @returns {Arguments}
 */
function moveToPositions(made, fields, order) {
  const rest = fields.find(({ isVariadic }) => isVariadic);
  const surplus = rest && made.kwargs[rest.name];
  if (!rest || surplus === undefined) return made;
  const kwargs = { ...made.kwargs };
  delete kwargs[rest.name];
  if (!Array.isArray(surplus)) return { ...made, problems: { ...made.problems, [rest.name]: "must be a JSON list" } };
  const args = [];
  for (const name of order) {
    if (!(name in kwargs)) kwargs[name] = fields.find((field) => field.name === name)?.initial;
    args.push(kwargs[name]);
    delete kwargs[name];
  }
  return { args: [...args, ...surplus], kwargs, problems: made.problems };
}

/**
 * @param {Field} field
 * @param {Typed} text
 * @returns {unknown}  throws a sentence's end: "must be a number"
 */
function parseField(field, text) {
  if (typeof text === "boolean") return text;
  switch (field.kind) {
    case "boolean":
      return text === "true";
    case "choice":
      return field.choices[Number(text)];
    case "integer":
      return parseInteger(text);
    case "number":
      return parseNumber(text, /\d/, "must be a number");
    case "datetime":
      return needsNoZone(field) ? withSeconds(text) : new Date(text).toISOString();
    case "time":
      return withSeconds(text);
    case "json":
      return field.takesText && isPlainText(text) ? text : parseJson(text);
    default:
      return field.schema.format === "duration" ? isoDuration(text) : text;
  }
}

/** Whether it is null, which a field that may be left empty has taken out of its schema. @param {Field} field @param {unknown} value */
function isNullAllowed({ isNullable }, value) {
  return isNullable && value === null;
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 * @param {string} problem
 */
function parseNumber(text, pattern, problem) {
  const value = Number(text);
  if (!pattern.test(text.trim()) || !Number.isFinite(value)) throw new Error(problem);
  return value;
}

/** A number, or a BigInt where that would be rounded. @param {string} text */
function parseInteger(text) {
  const digits = text.trim();
  if (!/^[+-]?\d+$/.test(digits)) throw new Error("must be a whole number");
  const value = BigInt(digits.replace(/^\+/, ""));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** @param {string} text */
function parseJson(text) {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`must be JSON: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Values on one line as long as that is short. @param {unknown} value */
function jsonText(value) {
  const line = stringify(value) ?? "null";
  return line.length <= 60 ? line : (stringify(value, 2) ?? "null");
}

/** Text that cannot be taken for JSON. @param {unknown} value @returns {value is string} */
function isPlainText(value) {
  if (typeof value !== "string" || value === "") return false;
  try {
    JSON.parse(value);
    return false;
  } catch {
    return true;
  }
}

/** A time as `datetime-local` wants it, in this browser's zone. @param {string} text  ISO 8601 */
function localTime(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return "";
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** Whether a time stays as it was typed; one whose default has a zone gets one. @param {Field} field */
function needsNoZone({ schema, initial }) {
  return schema.format === LOCAL_DATETIME && !/(Z|[+-]\d\d:\d\d)$/.test(String(initial ?? ""));
}

/** A browser leaves seconds out that are 0; Python wants them. @param {string} text */
function withSeconds(text) {
  return /(^|T)\d\d:\d\d$/.test(text) ? `${text}:00` : text;
}

/**
 * Bring what the dispatcher finds wrong to the field it belongs to: `size.width` and `rest[2]` to `size` and `rest`.
 * @param {Record<string, string>} wrong
 * @param {import("./schema.js").Field[]} fields
 * @returns {Record<string, string>}  empty if something belongs to no field
 */
export function problemsByField(wrong, fields) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [path, why] of Object.entries(wrong)) {
    const name = path.split(/[.[]/)[0];
    if (!fields.some((field) => field.name === name)) return {};
    found[name] ??= path === name ? why : `is wrong at ${path.slice(name.length).replace(/^\./, "")}: ${why}`;
  }
  return found;
}

/**
 * @param {string} name  of the field
 * @param {string} why  a sentence, or the end of one: "is missing"
 * @param {(why: string) => string} [translate]
 * @returns {string}  a sentence
 */
export function problemText(name, why, translate = (text) => text) {
  return sentence(/^(is|must|takes) /.test(why) ? `${name} ${translate(why)}` : translate(why));
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function isSameJson(a, b) {
  return stringify(a) === stringify(b);
}
