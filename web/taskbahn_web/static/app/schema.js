/** From a task's JSON Schema to the fields of a form, and from what was typed to arguments. Nothing here touches the page. */

/**
 * @typedef {import("../client/wire.js").Schema} Schema
 *
 * @typedef {"text" | "longtext" | "number" | "integer" | "boolean" | "choice" | "date" | "datetime" | "time" | "json"} FieldKind
 *
 * @typedef {object} Field  one argument as a form asks for it
 * @property {string} name
 * @property {FieldKind} kind
 * @property {boolean} isRequired
 * @property {boolean} isNullable  may be null
 * @property {boolean} isVariadic  `*args`: a list, given by position
 * @property {unknown} [initial]  the task's default
 * @property {string} description
 * @property {string} hint  what may be given, in words
 * @property {unknown[]} choices
 * @property {Schema} schema  with references resolved
 */

/**
 * @param {import("../client/wire.js").Signature} signature
 * @returns {Field[]}
 */
export function fieldsOf({ parameters, variadic }) {
  const required = new Set(parameters.required ?? []);
  return Object.entries(parameters.properties ?? {}).map(([name, schema]) =>
    fieldOf(name, /** @type {Schema} */ (schema), parameters.$defs ?? {}, required.has(name), name === variadic),
  );
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
  const { schema, isNullable } = withoutNull(resolved(given, definitions), definitions);
  const choices = schema.enum ?? ("const" in schema ? [schema.const] : []);
  return {
    name,
    kind: kindOf(schema, choices),
    isRequired,
    isNullable,
    isVariadic,
    ...("default" in given && { initial: given.default }),
    description: given.description ?? schema.description ?? "",
    hint: hintOf(schema),
    choices,
    schema,
  };
}

/**
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @returns {Schema}
 */
function resolved(schema, definitions, depth = 0) {
  const target = typeof schema.$ref === "string" ? definitions[schema.$ref.replace("#/$defs/", "")] : undefined;
  if (!target || depth > 10) return schema;
  const { $ref: _, ...own } = schema;
  return { ...resolved(target, definitions, depth + 1), ...own };
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
    return { schema: rest.length === 1 ? { ...own, ...resolved(rest[0], definitions) } : schema, isNullable };
  }
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const rest = schema.type.filter((/** @type {string} */ type) => type !== "null");
    return { schema: { ...schema, type: rest.length === 1 ? rest[0] : rest }, isNullable: true };
  }
  if (schema.enum?.includes(null)) {
    return { schema: { ...schema, enum: schema.enum.filter((/** @type {unknown} */ value) => value !== null) }, isNullable: true };
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
  if (schema.format === "date") return "date";
  if (schema.format === "date-time") return "datetime";
  if (schema.format === "time") return "time";
  return (schema.maxLength ?? 0) > 200 ? "longtext" : "text";
}

const FORMATS = /** @type {Record<string, string>} */ ({
  uuid: "a UUID",
  decimal: "a decimal number",
  duration: "a duration such as PT1H30M",
  path: "a path",
  byte: "bytes as base64",
});

/**
 * @param {Schema} schema
 * @returns {string}
 */
function hintOf(schema) {
  const { minimum = schema.exclusiveMinimum, maximum = schema.exclusiveMaximum, minLength, maxLength } = schema;
  if (schema.type === "array") return `a JSON list${schema.items?.type ? ` of ${schema.items.type}s` : ""}`;
  if (schema.type === "object") return "a JSON object";
  const format = FORMATS[schema.format ?? schema.contentEncoding ?? ""] ?? "";
  const [low, high] = [minimum ?? minLength, maximum ?? maxLength];
  const unit = minLength !== undefined || maxLength !== undefined ? " characters" : "";
  const range =
    low !== undefined && high !== undefined ? `${low} to ${high}${unit}`
    : low !== undefined ? `at least ${low}${unit}`
    : high !== undefined ? `at most ${high}${unit}`
    : "";
  return [format, range].filter(Boolean).join(", ");
}
