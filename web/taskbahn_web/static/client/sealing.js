/** Encrypted calls as they leave a page: the arguments of a task, and those of the members of a flow. As in `taskbahn/encryption/arguments.py`. */

import { TaskbahnError } from "./errors.js";
import { stringifyStrict } from "./exact-json.js";

const ANY_JOB = "*";
const OWN_KEY = /^\$+secret$/;
const NESTED = ["chain", "group", "with", "on_success", "on_failure", "on_end"];

/**
 * The entry of a submission.
 * @param {import("./keys.js").KeyRing} ring
 * @param {string} task
 * @param {string} id
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 * @param {import("./wire.js").Options} given
 */
export async function entryOf(ring, task, id, args, kwargs, { encrypt, ...options }) {
  return encrypt ? { task, id, packed: await sealedCall(ring, task, id, args, kwargs), options } : { task, id, args, kwargs, options };
}

/** @param {import("./keys.js").KeyRing} ring @param {string} task @param {string} id @param {unknown[]} args @param {Record<string, unknown>} kwargs */
async function sealedCall(ring, task, id, args, kwargs) {
  checkKeys(ring, task);
  const sealed = await ring.encrypt(stringifyStrict([args, kwargs].map(escaped)), "arguments", id, task);
  return JSON.stringify([[sealed], {}]);
}

/**
 * A flow whose members with the option `encrypt` are encrypted.
 * @template {object} F
 * @param {import("./keys.js").KeyRing} ring
 * @param {F} flow
 * @returns {Promise<F>}
 */
export async function sealedFlow(ring, flow) {
  /** @type {Record<string, any>} */
  const made = { ...flow };
  for (const name of NESTED) if (Array.isArray(made[name])) made[name] = await Promise.all(made[name].map((/** @type {object} */ part) => sealedFlow(ring, part)));
  if (made.task && made.options?.encrypt !== undefined) {
    const { encrypt, ...options } = made.options;
    made.options = options;
    if (encrypt) {
      checkKeys(ring, made.task);
      made.packed = await sealedMember(ring, made.task, made.args ?? [], made.kwargs ?? {});
      delete made.args;
      delete made.kwargs;
    }
  }
  return /** @type {F} */ (made);
}

/** Whether a flow has a member with the option `encrypt`. @param {Record<string, any>} flow @returns {boolean} */
export function asksForKeys(flow) {
  return flow.options?.encrypt !== undefined || NESTED.some((name) => Array.isArray(flow[name]) && flow[name].some(asksForKeys));
}

/** @param {import("./keys.js").KeyRing} ring @param {string} task @param {unknown[]} args @param {Record<string, unknown>} kwargs */
async function sealedMember(ring, task, args, kwargs) {
  /** @type {(number | string)[][]} */
  const holes = [];
  /** @type {unknown[]} */
  const outer = [];
  /** @type {(value: any, place: (number | string)[], isWhole?: boolean) => any} */
  const without = (value, place, isWhole = true) => {
    const mark = markOf(value);
    if (mark === "$output") {
      holes.push(place);
      outer.push(value);
      return null;
    }
    if (isWhole && Array.isArray(value)) return value.map((item, index) => without(item, [...place, index], false));
    return escaped(mark === "$literal" ? value.$literal : value);
  };
  const inner = [args.map((value, index) => without(value, [index])), Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, without(value, [name])]))];
  const text = stringifyStrict(holes.length ? { holes, packed: inner } : inner);
  return JSON.stringify([[await ring.encrypt(text, "arguments", ANY_JOB, task), ...outer], {}]);
}

/** @param {any} value */
function markOf(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
  const [name, ...others] = Object.keys(value);
  return others.length ? "" : name;
}

/** Data of which no part is taken for a secret. @param {any} value @returns {any} */
function escaped(value) {
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null || typeof value.toJSON === "function") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [OWN_KEY.test(key) ? `$${key}` : key, escaped(part)]));
}

/** @param {import("./keys.js").KeyRing} ring @param {string} task */
function checkKeys(ring, task) {
  if (!ring.isEmpty) return;
  const sentence = `there are no keys to encrypt ${task} with: give them as connect({ keys: { k1: "…" } })`;
  throw new TaskbahnError(sentence, "taskbahn.error.invalid_option", { option: "encrypt" });
}
