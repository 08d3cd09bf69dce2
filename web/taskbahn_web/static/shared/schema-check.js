/**
 * In what a value does not fit a JSON Schema, said while it is typed. This checks what forms need and passes what it does not know:
 * the dispatcher checks all. Nothing here touches the page.
 */

import { stringify } from "../client/exact-json.js";
import { wantedText } from "./text-formats.js";

/**
 * @typedef {import("../client/wire.js").Schema} Schema
 * @typedef {Record<string, Schema>} Definitions
 */

const MAX_DEPTH = 40; // of schemas in schemas, which may lead back to themselves
const MAX_SHOWN = 60; // characters of a value in a sentence

class Wrong extends Error {
  /** @param {string} why  the end of a sentence: "must be a whole number" @param {string} [path] */
  constructor(why, path = "") {
    super(path ? `is wrong at ${path.replace(/^\./, "")}: ${why}` : why);
    this.why = why;
    this.path = path;
  }

  /** @param {string} part  of a path, that comes before */
  under(part) {
    return new Wrong(this.why, part + this.path);
  }
}

/**
 * @param {unknown} value
 * @param {Schema} schema
 * @param {Definitions} [definitions]
 * @returns {void}  throws the end of a sentence: "must be a whole number", "is wrong at a: must be a whole number"
 */
export function checkValue(value, schema, definitions = {}) {
  check(value, schema, definitions, 0);
}

/** @param {unknown} value @param {Schema | boolean} schema @param {Definitions} definitions @param {number} depth @returns {void} */
function check(value, schema, definitions, depth) {
  if (schema === false) throw new Wrong("is not taken here");
  if (schema === true || depth > MAX_DEPTH) return;
  const target = typeof schema.$ref === "string" ? definitions[schema.$ref.replace("#/$defs/", "")] : undefined;
  if (target) check(value, target, definitions, depth + 1);
  checkKind(value, schema);
  const ways = schema.anyOf ?? schema.oneOf;
  if (ways) checkWays(value, ways, definitions, depth);
  for (const each of schema.allOf ?? []) check(value, each, definitions, depth + 1);
  if (isNumber(value)) checkNumber(value, schema);
  else if (typeof value === "string") checkText(value, schema);
  else if (Array.isArray(value)) checkList(value, schema, definitions, depth);
  else if (isMap(value)) checkMap(value, schema, definitions, depth);
}

/** @param {unknown} value @param {Schema} schema */
function checkKind(value, { type, enum: choices, ...rest }) {
  const types = type === undefined ? [] : Array.isArray(type) ? type : [type];
  if (types.length && !types.some((each) => isOfType(value, each))) throw new Wrong(typeWords(types));
  const taken = choices ?? ("const" in rest ? [rest.const] : null);
  if (taken && !taken.some((/** @type {unknown} */ each) => stringify(each) === stringify(value))) throw new Wrong(`must be ${oneOf(taken.map(short))}`);
}

/** @param {unknown} value @param {Schema[]} ways @param {Definitions} definitions @param {number} depth @returns {void} */
function checkWays(value, ways, definitions, depth) {
  /** @type {Wrong[]} */
  const wrong = [];
  for (const way of ways) {
    try {
      return check(value, way, definitions, depth + 1);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      wrong.push(error);
    }
  }
  const deepest = wrong.filter(({ path }) => path); // of the one that the reader meant, most likely
  if (deepest.length === 1) throw deepest[0];
  if (wrong.every(({ why, path }) => !path && why.startsWith("must be "))) throw new Wrong(`must be ${oneOf([...new Set(wrong.map(({ why }) => why.slice("must be ".length)))])}`);
  throw new Wrong("fits nothing that is taken here");
}

/** @param {number | bigint} value @param {Schema} schema */
function checkNumber(value, { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }) {
  if (minimum !== undefined && value < minimum) throw new Wrong(`must be at least ${minimum}`);
  if (maximum !== undefined && value > maximum) throw new Wrong(`must be at most ${maximum}`);
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) throw new Wrong(`must be more than ${exclusiveMinimum}`);
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) throw new Wrong(`must be less than ${exclusiveMaximum}`);
  // Of fractions, floating point decides otherwise in one place or the other.
  if (Number.isSafeInteger(multipleOf) && multipleOf > 0 && Number.isSafeInteger(value) && Number(value) % multipleOf) throw new Wrong(`must be a multiple of ${multipleOf}`);
}

/** @param {string} value @param {Schema} schema */
function checkText(value, { minLength, maxLength, pattern, format, contentEncoding }) {
  const length = [...value].length;
  if (minLength !== undefined && length < minLength) throw new Wrong(`must have ${atLeast(minLength, "character")}`);
  if (maxLength !== undefined && length > maxLength) throw new Wrong(`must have at most ${maxLength} ${maxLength === 1 ? "character" : "characters"}`);
  if (pattern !== undefined && fitsPattern(value, pattern) === false) throw new Wrong(`must match ${pattern}`);
  const kind = format ?? contentEncoding ?? "";
  const wanted = wantedText(kind, value);
  if (wanted) throw new Wrong(`must be ${wanted}`);
}

/** @param {string} value @param {string} pattern @returns {boolean | null}  null: JavaScript does not read it, or as another one */
function fitsPattern(value, pattern) {
  if (/\\[wdsb]/i.test(pattern) && /[^\x20-\x7e]/.test(value)) return null;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return null;
  }
}

/** @param {unknown[]} value @param {Schema} schema @param {Definitions} definitions @param {number} depth */
function checkList(value, { prefixItems = [], items = true, minItems, maxItems, uniqueItems }, definitions, depth) {
  if (minItems !== undefined && value.length < minItems) throw new Wrong(`must have ${atLeast(minItems, "entry")}`);
  if (maxItems !== undefined && value.length > maxItems) throw new Wrong(`must have at most ${maxItems} ${maxItems === 1 ? "entry" : "entries"}`);
  value.forEach((each, index) => inside(`.${index}`, () => check(each, index < prefixItems.length ? prefixItems[index] : items, definitions, depth + 1)));
  if (uniqueItems && new Set(value.map((each) => stringify(each))).size < value.length) throw new Wrong("must have no entry twice");
}

/** @param {Record<string, unknown>} value @param {Schema} schema @param {Definitions} definitions @param {number} depth */
function checkMap(value, { properties = {}, patternProperties, additionalProperties = true, required = [] }, definitions, depth) {
  for (const name of required) if (!Object.hasOwn(value, name)) throw new Wrong("is missing", `.${name}`);
  for (const [name, each] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : patternProperties ? true : additionalProperties;
    inside(`.${name}`, () => check(each, schema, definitions, depth + 1));
  }
}

/** @param {string} part @param {() => void} look */
function inside(part, look) {
  try {
    look();
  } catch (error) {
    throw error instanceof Wrong ? error.under(part) : error;
  }
}

/** @param {unknown} value @returns {value is number | bigint} */
function isNumber(value) {
  return typeof value === "number" || typeof value === "bigint";
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isMap(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value @param {string} type */
function isOfType(value, type) {
  switch (type) {
    case "integer":
      return typeof value === "bigint" || Number.isInteger(value);
    case "number":
      return isNumber(value);
    case "string":
    case "boolean":
      return typeof value === type;
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isMap(value);
    default:
      return true;
  }
}

const TYPES = /** @type {Record<string, string>} */ ({
  integer: "a whole number", number: "a number", string: "text", boolean: "true or false", null: "null", array: "a JSON list", object: "a JSON object",
});

/** @param {string[]} types */
function typeWords(types) {
  return `must be ${oneOf(types.map((type) => TYPES[type] ?? type))}`;
}

/** @param {string[]} words */
function oneOf(words) {
  return [words.slice(0, -1).join(", "), words.at(-1)].filter(Boolean).join(" or ");
}

/** @param {number} count @param {"character" | "entry"} noun */
function atLeast(count, noun) {
  return `at least ${count} ${count === 1 ? noun : { character: "characters", entry: "entries" }[noun]}`;
}

/** @param {unknown} value */
function short(value) {
  const text = stringify(value) ?? "null";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
