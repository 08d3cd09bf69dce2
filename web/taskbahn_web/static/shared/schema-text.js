/** A JSON Schema in words: what a person may give, and an example of it. Nothing here touches the page. */

/** @typedef {import("../client/wire.js").Schema} Schema */

const FORMATS = /** @type {Record<string, string>} */ ({
  "date-time": "date and time",
  "date-time-local": "date and time",
  date: "date",
  time: "time of day",
  "time-local": "time of day",
  "partial-time": "time of day",
  duration: "duration",
  uuid: "UUID",
  decimal: "decimal number",
  path: "path",
  ipv4: "IPv4 address",
  ipv6: "IPv6 address",
  "ipv4-network": "IPv4 network",
  "ipv6-network": "IPv6 network",
  email: "e-mail address",
  uri: "address",
  byte: "bytes",
  base64: "bytes",
});

export const ENUM_NAMES = "x-enum-varnames"; // the keyword for the names of an enum's members
const MAX_NAMED_VALUES = 8; // of an enumeration that are named

/**
 * The type in a few words: "integer", "list of Line", "text or none".
 * @param {Schema} schema
 * @returns {string}
 */
export function typeText(schema) {
  if (typeof schema.$ref === "string") return nameOf(schema.$ref);
  if (schema.enum || "const" in schema) return valuesText(choiceLabels(schema, schema.enum ?? [schema.const]));
  const ways = schema.anyOf ?? schema.oneOf;
  if (ways) return [...new Set(ways.map(typeText))].join(" or ");
  if (Array.isArray(schema.type)) return schema.type.map((/** @type {string} */ type) => typeText({ ...schema, type })).join(" or ");
  if (schema.type === "array") return listText(schema);
  if (schema.type === "object") return objectText(schema);
  if (schema.type === "string") return FORMATS[schema.format ?? schema.contentEncoding ?? ""] ?? "text";
  return { null: "none", boolean: "true or false" }[/** @type {string} */ (schema.type)] ?? schema.type ?? "anything";
}

/** @param {string} ref */
function nameOf(ref) {
  return ref.slice(ref.lastIndexOf("/") + 1);
}

/**
 * What choices are called: the name of a member with its value, where the schema has names, or the value alone.
 * @param {Schema} schema
 * @param {unknown[]} choices
 * @returns {string[]}
 */
export function choiceLabels(schema, choices) {
  const names = Array.isArray(schema[ENUM_NAMES]) && schema[ENUM_NAMES].length === choices.length ? schema[ENUM_NAMES] : [];
  return choices.map((value, index) => (value === null ? "none" : names[index] ? `${names[index]} (${value})` : String(value)));
}

/** @param {string[]} values */
function valuesText(values) {
  const named = values.slice(0, MAX_NAMED_VALUES);
  return [named.slice(0, -1).join(", "), named.at(-1)].filter(Boolean).join(" or ") + (values.length > MAX_NAMED_VALUES ? " …" : "");
}

/** @param {Schema} schema */
function listText({ prefixItems, items, uniqueItems }) {
  if (prefixItems) return `list: ${prefixItems.map(typeText).join(", ")}`;
  return `${uniqueItems ? "set" : "list"}${items ? ` of ${typeText(items)}` : ""}`;
}

/** @param {Schema} schema */
function objectText({ title, properties, additionalProperties }) {
  if (title) return title;
  if (properties) return `{${Object.entries(properties).map(([name, each]) => `${name}: ${typeText(/** @type {Schema} */ (each))}`).join(", ")}}`;
  return typeof additionalProperties === "object" ? `map of names to ${typeText(additionalProperties)}` : "map";
}

/**
 * What else a value must keep to: "16 to 4096", "at least 1 character".
 * @param {Schema} schema
 * @returns {string}
 */
export function limitsText(schema) {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems, multipleOf, pattern } = schema;
  return [
    rangeText(minimum, maximum, ""),
    exclusiveMinimum !== undefined && `more than ${exclusiveMinimum}`,
    exclusiveMaximum !== undefined && `less than ${exclusiveMaximum}`,
    rangeText(minLength, maxLength, "character"),
    !schema.prefixItems && rangeText(minItems, maxItems, "entry"),
    multipleOf !== undefined && multipleOf !== 1 && `a multiple of ${multipleOf}`,
    pattern && `matches ${pattern}`,
  ]
    .filter(Boolean)
    .join(", ");
}

/**
 * @param {number | undefined} low
 * @param {number | undefined} high
 * @param {string} noun  what is counted, if something is
 */
function rangeText(low, high, noun) {
  const unit = (/** @type {number} */ count) => (noun ? ` ${count === 1 ? noun : noun.replace(/y$/, "ie") + "s"}` : "");
  if (low !== undefined && high !== undefined) return low === high ? `exactly ${low}${unit(low)}` : `${low} to ${high}${unit(high)}`;
  if (low !== undefined) return `at least ${low}${unit(low)}`;
  return high !== undefined ? `at most ${high}${unit(high)}` : "";
}

/**
 * A value that the schema takes, to begin with: what is required, what has a default, and lists with nothing in them.
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @param {number} [depth]
 * @returns {unknown}
 */
export function exampleOf(schema, definitions, depth = 0) {
  if ("default" in schema) return schema.default;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.enum || "const" in schema) return (schema.enum ?? [schema.const])[0];
  if (depth > 6) return null;
  const target = typeof schema.$ref === "string" ? definitions[nameOf(schema.$ref)] : (schema.anyOf ?? schema.oneOf)?.[0];
  if (target) return exampleOf(target, definitions, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object") {
    const isShown = (/** @type {[string, Schema]} */ [name, each]) =>
      schema.required?.includes(name) || "default" in each || (each.type === "array" && !each.minItems);
    const entries = /** @type {[string, Schema][]} */ (Object.entries(schema.properties ?? {})).filter(isShown);
    return Object.fromEntries(entries.map(([name, each]) => [name, exampleOf(each, definitions, depth + 1)]));
  }
  if (type === "array") return (schema.prefixItems ?? []).map((/** @type {Schema} */ each) => exampleOf(each, definitions, depth + 1));
  if (type === "string") return EXAMPLE_TEXTS[schema.format ?? schema.contentEncoding ?? ""] ?? "…";
  return { boolean: false, integer: leastNumber(schema), number: leastNumber(schema) }[/** @type {string} */ (type)] ?? null;
}

const EXAMPLE_TEXTS = /** @type {Record<string, string>} */ ({
  "date-time": "2026-01-31T12:00:00Z",
  "date-time-local": "2026-01-31T12:00:00",
  date: "2026-01-31",
  time: "12:00:00Z",
  "time-local": "12:00:00",
  "partial-time": "12:00:00",
  duration: "PT1H30M",
  uuid: "01890000-0000-7000-8000-000000000000",
  decimal: "1.50",
  path: "/path/to/file",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  base64: "AAEC",
});

/** @param {Schema} schema */
function leastNumber({ minimum, exclusiveMinimum, exclusiveMaximum }) {
  if (minimum !== undefined) return minimum;
  if (exclusiveMinimum === undefined) return 1;
  return exclusiveMaximum === undefined ? exclusiveMinimum + 1 : (exclusiveMinimum + exclusiveMaximum) / 2;
}
