/** What a docstring says beside what the form says at its fields. */

const ARGUMENTS_HEAD = /^(args|arguments|parameters|params):?$/i;

/**
 * The text without its lines about single arguments, if the schema has them.
 * @param {string} [doc]
 * @param {import("../../client/wire.js").Signature | null} [signature]
 * @returns {string}
 */
export function docstringProse(doc = "", signature) {
  const properties = Object.values(signature?.parameters.properties ?? {});
  if (!properties.some((schema) => schema.description)) return doc.trim();
  const lines = doc.split("\n");
  const head = lines.findIndex((line) => ARGUMENTS_HEAD.test(line.trim()));
  if (head === -1) return lines.filter((line) => !/^\s*:param\b/.test(line)).join("\n").trim();
  const isInside = (/** @type {string} */ line) => line.trim() === "" || /^\s/.test(line);
  const rest = lines.slice(head + 1);
  const end = rest.findIndex((line) => !isInside(line));
  return [...lines.slice(0, head), ...(end === -1 ? [] : rest.slice(end))].join("\n").trim();
}
