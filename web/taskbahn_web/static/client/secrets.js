/**
 * Secrets: what stands for one in what is shown, and the values that the one who started a job gets. They travel as in
 * `taskbahn/protocol/secrets.py`.
 */

import { TaskbahnError } from "./errors.js";
import { parse } from "./exact-json.js";

const KEY = "$secret";
const OWN_KEY = /^\$+secret$/;

/** Whether a value stands for a secret: it is shown nowhere. @param {unknown} value */
export function isHidden(value) {
  return isObject(value) && Object.keys(value).length === 1 && value[KEY] === true;
}

/** Whether there are secrets in a value, or data that looks like them. @param {unknown} value @returns {boolean} */
export function hasSecrets(value) {
  if (Array.isArray(value)) return value.some(hasSecrets);
  return isObject(value) && Object.entries(value).some(([key, part]) => OWN_KEY.test(key) || hasSecrets(part));
}

/** Whether something in a value stands for a secret. @param {unknown} value @returns {boolean} */
export function hasHidden(value) {
  if (Array.isArray(value)) return value.some(hasHidden);
  return isHidden(value) || (isObject(value) && Object.values(value).some(hasHidden));
}

/** What travels, with the values of its secrets and its own keys. @param {any} value @returns {any} */
export function opened(value) {
  if (Array.isArray(value)) return value.map(opened);
  if (!isObject(value)) return value;
  const secret = value[KEY];
  if (Array.isArray(secret)) return opened(secret[0]);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key.startsWith("$$") && OWN_KEY.test(key) ? key.slice(1) : key, opened(part)]));
}

/**
 * The result of a job with its secrets.
 * @param {[string, string, string | null, unknown]} outcome  id, state, result as JSON, error
 * @returns {any}  throws a `TaskbahnError` if they are those of another
 */
export function openedResult([id, , text]) {
  const result = parse(text ?? "null");
  if (!hasHidden(result)) return opened(result);
  throw new TaskbahnError(`the result of job ${id} is or has a Secret, which only the one who started the job gets`, "taskbahn.error.caller", { job: id });
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
