/** The options of a call as a form asks for them; what is left empty is as the task has it. */

import { fieldsOf } from "../shared/schema.js";
import { argumentsOf } from "../shared/values.js";

/**
 * @typedef {import("../shared/schema.js").Field} Field
 * @typedef {import("../shared/values.js").Typed} Typed
 */

const OPTIONS = {
  queue: { type: "string", description: "the line in which it waits", otherwise: "default" },
  priority: { type: "integer", minimum: -1000, maximum: 1000, description: "higher goes first", otherwise: 0 },
  delay: { type: "number", description: "seconds until it may start", otherwise: 0 },
  run_within: { type: "number", description: "seconds that an attempt may run", otherwise: "no limit" },
  retries: { type: "integer", minimum: 0, description: "attempts after the first that may fail", otherwise: 0 },
  tags: { type: "string", description: "words to find it by, with blanks between", otherwise: "none" },
};

/**
 * @param {import("../client/wire.js").TaskView} task
 * @returns {Field[]}
 */
export function optionFields({ options = {} }) {
  return fieldsOf({ digest: "", parameters: { properties: OPTIONS } }).map((field) => {
    const own = options[field.name];
    const { otherwise } = field.schema;
    return { ...field, placeholder: String(own === undefined ? otherwise : Array.isArray(own) ? own.join(" ") : own) };
  });
}

/**
 * @param {Field[]} fields
 * @param {Record<string, Typed>} typed
 * @returns {{options: Record<string, unknown>, problems: Record<string, string>}}
 */
export function optionsOf(fields, typed) {
  const { kwargs, problems } = argumentsOf(fields, typed);
  const tags = String(kwargs.tags ?? "").split(/[\s,]+/).filter(Boolean);
  return { options: { ...kwargs, ...(tags.length && { tags }) }, problems };
}
