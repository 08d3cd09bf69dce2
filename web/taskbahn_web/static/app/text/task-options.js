/** The options of a call as a form asks for them; what is left empty is as the task has it. */

import { JOB_OPTIONS } from "../../shared/job-options.js";
import { fieldsOf } from "../../shared/schema.js";
import { makeArguments } from "../../shared/values.js";

/**
 * @typedef {import("../../shared/schema.js").Field} Field
 * @typedef {import("../../shared/values.js").Typed} Typed
 */

const FORM_OPTIONS = /** @type {const} */ (["queue", "priority", "delay", "run_within", "retries"]);
const TAGS_SCHEMA = { type: "string", description: "words to find it by, with blanks between", otherwise: "none" };
const OPTION_SCHEMAS = { ...Object.fromEntries(FORM_OPTIONS.map((name) => [name, JOB_OPTIONS[name]])), tags: TAGS_SCHEMA };

/**
 * @param {import("../../client/wire.js").TaskView} task
 * @returns {Field[]}
 */
export function optionFields({ options = {} }) {
  return fieldsOf({ digest: "", parameters: { properties: OPTION_SCHEMAS } }).map((field) => {
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
export function makeOptions(fields, typed) {
  const { kwargs, problems } = makeArguments(fields, typed);
  const tags = String(kwargs.tags ?? "").split(/[\s,]+/).filter(Boolean);
  return { options: { ...kwargs, ...(tags.length && { tags }) }, problems };
}
