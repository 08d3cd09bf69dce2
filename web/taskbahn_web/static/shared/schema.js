/** From a task's JSON Schema to the fields of a form, and from what was typed to arguments. Nothing here touches the page. */

import { ENUM_NAMES, choiceLabels, exampleOf, limitsText, typeText } from "./schema-text.js";

/**
 * @typedef {import("../client/wire.js").Schema} Schema
 *
 * @typedef {"text" | "longtext" | "number" | "integer" | "boolean" | "choice" | "date" | "datetime" | "time" | "bytes" | "json"} FieldKind
 *
 * @typedef {object} Field  one argument as a form asks for it
 * @property {string} name
 * @property {FieldKind} kind
 * @property {boolean} isRequired
 * @property {boolean} isNullable  may be null
 * @property {boolean} isVariadic  `*args`: a list, given by position
 * @property {boolean} takesText  what is no JSON is text: a union with text, or anything
 * @property {unknown} [initial]  the task's default
 * @property {string} description
 * @property {string} hint  what may be given, in words
 * @property {string} type  the same in a word or two
 * @property {unknown} example
 * @property {unknown[]} choices
 * @property {string[]} labels  of the choices: a name beside a value that does not say what it means
 * @property {Schema} schema  with references resolved
 * @property {Record<string, Schema>} [definitions]  to which references in it lead
 * @property {string} [placeholder]  what holds where nothing is given
 */

/** Of text with a date and a time that needs no zone. */
export const LOCAL_DATETIME = "date-time-local";

/** Of text with a time of day that needs no zone. */
const LOCAL_TIMES = new Set(["time-local", "partial-time"]);

/** The name of the field for arguments beyond those that have names. */
export const FURTHER_FIELD = "**";

/** For tasks that published no schema: the arguments as JSON. @type {import("../client/wire.js").Signature} */
export const ANY_SIGNATURE = {
  digest: "",
  parameters: {
    properties: {
      args: { type: "array", default: [], description: "arguments by position" },
      kwargs: { type: "object", default: {}, description: "arguments by name" },
    },
  },
};

/**
 * @param {import("../client/wire.js").Signature} signature
 * @returns {Field[]}
 */
export function fieldsOf({ parameters, variadic }) {
  const required = new Set(parameters.required ?? []);
  const definitions = parameters.$defs ?? {};
  const fields = Object.entries(parameters.properties ?? {}).map(([name, schema]) =>
    fieldOf(name, /** @type {Schema} */ (schema), definitions, required.has(name), name === variadic),
  );
  const further = parameters.additionalProperties;
  if (!further) return fields;
  const values = typeof further === "object" ? further : {};
  const description = "arguments beyond these, by name";
  return [...fields, fieldOf(FURTHER_FIELD, { type: "object", additionalProperties: values, default: {}, description }, definitions, false, false)];
}

/**
 * @param {string} name
 * @param {Schema} given
 * @param {Record<string, Schema>} definitions
 * @param {boolean} isRequired
 * @param {boolean} isVariadic
 * @returns {Field}
 */
function fieldOf(name, given, definitions, isRequired, isVariadic) {
  const { schema, isNullable } = withoutNull(resolveReference(given, definitions), definitions);
  const choices = schema.enum ?? ("const" in schema ? [schema.const] : []);
  const kind = kindOf(schema, choices);
  const { default: initial, ...plain } = schema;
  return {
    name,
    kind,
    isRequired,
    isNullable,
    isVariadic,
    takesText: kind === "json" && takesText(schema, definitions),
    ...("default" in given && { initial: given.default }),
    description: given.description ?? schema.description ?? "",
    hint: hintOf(schema, kind),
    type: typeText(schema),
    example: initial ?? exampleOf(plain, definitions),
    choices,
    labels: choiceLabels(schema, choices),
    schema,
    definitions,
  };
}

/**
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @returns {Schema}
 */
export function resolveReference(schema, definitions, depth = 0) {
  const target = typeof schema.$ref === "string" ? definitions[schema.$ref.replace("#/$defs/", "")] : undefined;
  if (!target || depth > 10) return schema;
  const { $ref: _, ...own } = schema;
  return { ...resolveReference(target, definitions, depth + 1), ...own };
}

/**
 * Take null out of what a value may be: `X | None` is a field that may be left empty.
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @returns {{schema: Schema, isNullable: boolean}}
 */
function withoutNull(schema, definitions) {
  const { anyOf, oneOf, ...own } = schema;
  /** @type {Schema[] | undefined} */
  const ways = anyOf ?? oneOf;
  if (ways) {
    const rest = ways.filter(({ type }) => type !== "null");
    const isNullable = rest.length < ways.length;
    return { schema: rest.length === 1 ? { ...own, ...resolveReference(rest[0], definitions) } : { ...own, anyOf: rest }, isNullable };
  }
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const rest = schema.type.filter((/** @type {string} */ type) => type !== "null");
    return { schema: { ...schema, type: rest.length === 1 ? rest[0] : rest }, isNullable: true };
  }
  if (schema.enum?.includes(null)) {
    const isKept = (/** @type {unknown} */ _, /** @type {number} */ index) => schema.enum[index] !== null;
    const names = schema[ENUM_NAMES]?.filter(isKept);
    return { schema: { ...schema, enum: schema.enum.filter(isKept), ...(names && { [ENUM_NAMES]: names }) }, isNullable: true };
  }
  return { schema, isNullable: schema.type === "null" };
}

/**
 * @param {Schema} schema
 * @param {unknown[]} choices
 * @returns {FieldKind}
 */
function kindOf(schema, choices) {
  if (choices.length) return "choice";
  if (schema.type === "boolean" || schema.type === "integer" || schema.type === "number") return schema.type;
  if (schema.type !== "string") return "json";
  if (schema.contentEncoding === "base64" || schema.format === "byte") return "bytes";
  if (schema.format === "date") return "date";
  if (schema.format === "date-time" || schema.format === LOCAL_DATETIME) return "datetime";
  if (LOCAL_TIMES.has(schema.format)) return "time"; // one with a zone is text: no control of a browser asks for zones
  return (schema.maxLength ?? 0) > 200 ? "longtext" : "text";
}

/**
 * Whether text is one of the things that it may be.
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @returns {boolean}
 */
function takesText(schema, definitions) {
  const { type, anyOf, oneOf } = resolveReference(schema, definitions);
  const ways = anyOf ?? oneOf;
  if (ways) return ways.some((/** @type {Schema} */ way) => takesText(way, definitions));
  return type === undefined || type === "string" || (Array.isArray(type) && type.includes("string"));
}

const HINTS = /** @type {Record<string, string>} */ ({
  uuid: "a UUID",
  decimal: "a decimal number",
  duration: "a duration such as 1h30m or PT1H30M",
  time: "a time of day with its zone, such as 12:00:00Z",
  path: "a path",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
});

/**
 * @param {Schema} schema
 * @param {FieldKind} kind
 * @returns {string}
 */
function hintOf(schema, kind) {
  const json = kind === "json" && (schema.type === "array" || schema.type === "object") ? `JSON: ${typeText(schema)}` : "";
  const bytes = kind === "bytes" ? "bytes as base64, or a file" : "";
  return [json, bytes, HINTS[schema.format ?? ""], limitsText(schema)].filter(Boolean).join(", ");
}

/** What a field takes, in a word or two. @param {Field} field */
export function kindText({ kind, type, choices, isRequired, isVariadic }) {
  const text = kind === "choice" && choices.length > 2 ? "choice" : type;
  return `${isVariadic ? "any number" : text}${isRequired ? "" : ", optional"}`;
}
