/**
 * What the router says of encrypted jobs, decrypted: views, events, questions, outcomes. What cannot be decrypted stays `{ $encrypted }`. As
 * in `taskbahn/encryption/reading.py`.
 */

import { parse, stringify } from "./exact-json.js";
import { envelopeIn, envelopeOf, missing } from "./keys.js";
import { FINAL_STATES } from "./states.js";

const MARK = "$encrypted";
const FLOWS = /^taskbahn\./; // their results are those of other jobs

/** @typedef {import("./keys.js").KeyRing} Ring */

/** The name of the key of a job; "" if it is not encrypted. @param {{args?: unknown[] | null, calls?: unknown[] | null, encrypted_by?: string}} job */
export function keyOf({ args, calls, encrypted_by = "" }) {
  if (encrypted_by) return encrypted_by;
  for (const given of [args, ...(calls ?? []).map((call) => /** @type {any} */ (call)?.[0])]) {
    for (const value of Array.isArray(given) ? given : []) {
      const found = envelopeOf(value, "arguments");
      if (found) return found.key;
    }
  }
  return "";
}

/** A result that can be read; throws a `TaskbahnError` that names the key of one that cannot. @template R @param {R} result @returns {R} */
export function readable(result) {
  const found = envelopeOf(result, "result");
  if (found) throw missing(found.key);
  if (Array.isArray(result)) result.forEach(readable);
  return result;
}

/**
 * What a router has said, decrypted.
 * @param {Ring} ring
 * @param {any} value
 * @returns {Promise<any>}
 */
export async function revealed(ring, value) {
  if (typeof value !== "object" || value === null || !mentions(value)) return value;
  if (Array.isArray(value)) return isOutcome(value) ? revealedOutcome(ring, value) : Promise.all(value.map((item) => revealed(ring, item)));
  if (typeof value.id === "string" && typeof value.task === "string" && typeof value.state === "string") return revealedView(ring, value);
  if (typeof value.job === "string" && typeof value.kind === "string" && "data" in value) return { ...value, data: await revealedData(ring, value.kind, value.data, value.job) };
  if (typeof value.job === "string" && typeof value.question === "string") return revealedQuestion(ring, value, value.job);
  if (typeof value.message === "string") return revealedError(ring, value);
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, part]) => [name, await revealed(ring, part)])));
}

/** Whether there is something encrypted in a value. @param {any} value @returns {boolean} */
function mentions(value) {
  if (typeof value === "string") return value.includes(`"${MARK}"`);
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) ? value.some(mentions) : MARK in value || Object.values(value).some(mentions);
}

/** @param {unknown[]} value */
function isOutcome([id, state, text]) {
  return typeof id === "string" && FINAL_STATES.has(/** @type {any} */ (state)) && (text === null || typeof text === "string");
}

/** @param {Ring} ring @param {any[]} outcome */
async function revealedOutcome(ring, [id, state, text, error]) {
  const result = text && text.includes(`"${MARK}"`) ? stringify(await revealedResult(ring, parse(text), null, (/** @type {any} */ value) => value)) : text;
  return [id, state, result, error && (await revealedError(ring, error))];
}

/** @param {Ring} ring @param {any} view */
async function revealedView(ring, view) {
  const { id, task } = view;
  const made = { ...view, encrypted_by: keyOf(view) };
  if (view.args) Object.assign(made, await revealedArguments(ring, view));
  if (view.calls) {
    made.calls = await Promise.all(
      view.calls.map(async (/** @type {any} */ [args, kwargs]) => {
        const inner = await revealedArguments(ring, { id, task, args, kwargs });
        return [inner.args ?? args, inner.kwargs ?? kwargs];
      }),
    );
  }
  if (view.result !== undefined && view.result !== null) made.result = await revealedResult(ring, view.result, FLOWS.test(task) ? null : id);
  for (const name of ["error", "last_error"]) if (view[name]) made[name] = await revealedError(ring, view[name]);
  if (view.progress) made.progress = await revealedData(ring, "progress", view.progress, id);
  if (view.questions) made.questions = await Promise.all(view.questions.map((/** @type {any} */ one) => revealedQuestion(ring, one, id)));
  if (view.attempts) {
    made.attempts = await Promise.all(
      view.attempts.map(async (/** @type {any} */ one) => (one.error ? { ...one, error: await revealedError(ring, one.error) } : one)),
    );
  }
  return made;
}

/** @param {Ring} ring @param {{id: string, task: string, args: any[], kwargs: any}} view */
async function revealedArguments(ring, { id, task, args }) {
  const place = args.findIndex((value) => envelopeOf(value, "arguments"));
  const found = place < 0 ? null : envelopeOf(args[place], "arguments");
  if (!found || (found.scope !== "*" && found.scope !== id)) return {};
  const text = await opened(ring, found, task);
  if (text === null) return {};
  const said = parse(text);
  if (said.calls) return { args: null, kwargs: null, calls: masked(said.calls) };
  const [inner, kwargs] = masked(said.packed ?? said);
  for (const [index, [name, item]] of (said.holes ?? []).entries()) {
    const whole = typeof name === "string" ? kwargs : inner;
    if (item === undefined) whole[name] = args[place + 1 + index];
    else whole[name][item] = args[place + 1 + index];
  }
  return { args: [...args.slice(0, place), ...inner], kwargs };
}

/**
 * @param {Ring} ring
 * @param {any} value
 * @param {string | null} job  whose result it has to be; null: results of any jobs may be in it
 * @param {(value: any) => any} shown
 * @returns {Promise<any>}
 */
async function revealedResult(ring, value, job, shown = masked) {
  if (Array.isArray(value)) return Promise.all(value.map((item) => revealedResult(ring, item, job, shown)));
  const found = envelopeOf(value, "result");
  if (!found || (job !== null && found.scope !== job)) return value;
  const text = await opened(ring, found);
  return text === null ? value : shown(parse(text));
}

/** @param {Ring} ring @param {any} error */
async function revealedError(ring, error) {
  for (const [name, more] of [["traceback", ""], ["message", "brief"]]) {
    const found = envelopeIn(error[name], "error");
    const text = found && (await opened(ring, found, more));
    if (text) return { ...error, ...parse(text) };
  }
  return error;
}

/** @param {Ring} ring @param {string} kind @param {any} data @param {string} job */
async function revealedData(ring, kind, data, job) {
  if (typeof data !== "object" || data === null) return data;
  if (kind === "question") return revealedQuestion(ring, data, job);
  if (kind === "state") return data.error ? { ...data, error: await revealedError(ring, data.error) } : data;
  const found = kind === "chunk" ? envelopeOf(data, "chunk") : kind === "log" ? envelopeIn(data.message, "log") : kind === "progress" ? envelopeOf(data.data, "progress") : null;
  const text = found && found.scope === job ? await opened(ring, found) : null;
  if (text === null) return data;
  if (kind === "chunk") return parse(text);
  return kind === "log" ? { ...data, ...parse(text) } : { ...data, data: undefined, ...parse(text) };
}

/** @param {Ring} ring @param {any} question @param {string} job */
async function revealedQuestion(ring, question, job) {
  const found = envelopeOf(question.schema, "question");
  const text = found && found.scope === job ? await opened(ring, found, question.name) : null;
  return text === null ? question : { ...question, schema: {}, ...parse(text), encrypted_by: found?.key };
}

/** @param {Ring} ring @param {import("./keys.js").Envelope} found @param {string} [more] */
function opened(ring, found, more = "") {
  return ring.has(found.key) ? ring.decrypt(found, more).catch(() => null) : Promise.resolve(null);
}

/** Data as it is shown: its secrets are not. @param {any} value @returns {any} */
function masked(value) {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  if ("$secret" in value) return { $secret: true };
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, masked(part)]));
}
