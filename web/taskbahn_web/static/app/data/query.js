/**
 * The language of the query bar: words, all of which must hold, as `state:failed task:images.* tag:'nightly weird' since:1h`.
 * `query_language.py` is the same for the command line; tests/support/queries.json holds both to one meaning.
 */

import { STATES } from "../../client/states.js";
import { matchesPattern, patternOf, splitKey, splitWords } from "./query-words.js";

/**
 * @typedef {object} Wanted  arguments of `taskbahn.view.jobs`; or one job by its id
 * @property {string[]} [state]
 * @property {string} [task]
 * @property {string} [queue]
 * @property {string} [tag]
 * @property {string} [worker]
 * @property {string} [caller]
 * @property {string} [error]
 * @property {string} [parent]  the id of the job to which jobs belong
 * @property {string} [root]  the id of the job at the root of their tree
 * @property {number} [since]  seconds since the epoch
 * @property {number} [until]
 * @property {string} [id_part]  how ids begin or end
 * @property {string} [id]
 *
 * @typedef {import("./query-words.js").Word} Word
 *
 * @typedef {object} Query
 * @property {Wanted} wanted
 * @property {({text: string, start: number, why: string}) | null} problem  the first word that is wrong, and a sentence; then `wanted` is of no use
 */

export const KEYS = ["state", "task", "queue", "tag", "worker", "caller", "id", "parent", "root", "since", "until", "error"];
const KEYS_HELP = `Possible are ${KEYS.map((key) => `${key}:`).join(" ")} or a part of a task's name.`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID_PART = /^(?=(-*[0-9a-f]){4})[0-9a-f-]{4,36}$/;
const UNIT_SECONDS = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86400 });

/**
 * @param {string} text
 * @param {number} [now]  seconds since the epoch
 * @returns {Query}
 */
export function parseQuery(text, now = Date.now() / 1000) {
  /** @type {Wanted} */
  const wanted = {};
  const words = splitWords(text);
  for (const word of words) {
    try {
      addWord(wanted, word, now);
    } catch (error) {
      return { wanted, problem: { text: word.text, start: word.start, why: error instanceof Error ? error.message : String(error) } };
    }
  }
  return { wanted, problem: findConflict(wanted, words) };
}

/** Whether what a query asks for moves with the time, as `since:5m`. @param {string} text */
export function isSliding(text) {
  const ages = splitWords(text).map(splitKey).filter(({ key }) => ["since", "until"].includes(key?.toLowerCase() ?? ""));
  return ages.some(({ value }) => /^\d{1,9}[smhd]$/i.test(value.map((part) => part.text).join("")));
}

/**
 * What is wrong with words that are right by themselves.
 * @param {Wanted} wanted
 * @param {Word[]} words
 * @returns {Query["problem"]}
 */
function findConflict({ id, since = -Infinity, until = Infinity }, words) {
  if (since >= until) {
    const word = words.find(({ text }) => text.toLowerCase().startsWith("until:"));
    return { ...place(word), why: "Nothing lies before “until:”, because “since:” is not earlier." };
  }
  if (id === undefined || words.length === 1) return null;
  const other = words.find((word, index) => !UUID.test(word.text.toLowerCase().replace(/^id:/, "")) || index === words.length - 1);
  return { ...place(other), why: "A job's id is a query by itself; leave the other words out." };
}

/** @param {Word | undefined} word */
function place(word) {
  return { text: word?.text ?? "", start: word?.start ?? 0 };
}

/**
 * @param {Wanted} wanted  gets what the word says
 * @param {Word} word
 * @param {number} now
 */
function addWord(wanted, word, now) {
  if (word.isOpen) throw new Error("A quote is not closed. A quote within quotes is written twice.");
  const id = word.text.toLowerCase();
  if (UUID.test(id)) return void (wanted.id = id);
  const { key: said, value } = splitKey(word);
  const key = said?.toLowerCase() ?? "task";
  if (!KEYS.includes(key)) throw new Error(`There is no “${key}:”. ${KEYS_HELP}`);
  if (!value.length) throw new Error(`Nothing follows “${key}:”. ${EXAMPLES[key]}`);
  if (key === "id") return addId(wanted, value.map(({ text }) => text).join("").toLowerCase());
  if (key in wanted) throw new Error(`“${key}:” is already given, and only one may be.${key === "state" ? " Several states are state:failed,expired." : ""}`);
  Object.assign(wanted, { [key]: said === null ? partOfTask(value) : parseValue(key, value, now) });
}

/** @param {Wanted} wanted @param {string} id */
function addId(wanted, id) {
  if (!ID_PART.test(id)) throw new Error(`“${id}” is no part of an id. ${EXAMPLES.id}`);
  const key = UUID.test(id) ? "id" : "id_part";
  if (key in wanted) throw new Error("“id:” is already given, and only one may be.");
  wanted[key] = id;
}

/** A word without a key is a part of a task's name. @param {import("./query-words.js").Part[]} parts */
function partOfTask(parts) {
  const pattern = patternOf(parts).toLowerCase();
  return parts.some(({ text, isQuoted }) => !isQuoted && text.includes("*")) ? pattern : `*${pattern}*`;
}

const EXAMPLES = /** @type {Record<string, string>} */ ({
  state: `It takes one or more of ${STATES.join(", ")}, with commas between.`,
  task: "It takes a task's name, as task:images.*",
  queue: "It takes a queue's name, as queue:slow",
  tag: "It takes a tag, as tag:user:42 or tag:'with blanks'.",
  worker: "It takes a worker's id, as worker:web-*",
  caller: "It takes who asked for the job, as an authid, or as caller:schedule:nightly",
  id: "It takes the beginning or the end of a job's id, 4 of its letters and digits or more.",
  parent: "It takes a job's whole id, and finds the jobs that belong to it.",
  root: "It takes a job's whole id, and finds the jobs of its tree.",
  since: "It takes a time ago, as 30s 5m 1h 2d, or a date, as 2026-11-21 or 2026-11-21T10:00",
  until: "It takes a time ago, as 30s 5m 1h 2d, or a date, as 2026-11-21 or 2026-11-21T10:00",
  error: "It takes the 12 letters and digits by which the Errors page names a kind of error.",
});

/**
 * @param {string} key
 * @param {import("./query-words.js").Part[]} parts
 * @param {number} now
 * @returns {string | string[] | number}
 */
function parseValue(key, parts, now) {
  if (key === "task") return patternOf(parts).toLowerCase(); // names of tasks are lower-case
  if (key === "queue" || key === "tag" || key === "worker" || key === "caller") return patternOf(parts);
  const value = parts.map(({ text }) => text).join("");
  const lower = value.toLowerCase();
  if (key === "state") return parseStates(lower);
  if (key === "since" || key === "until") return parseTime(key, lower, now);
  if (key === "parent" || key === "root") return parseId(key, lower);
  if (!/^[0-9a-f]{12}$/.test(lower)) throw new Error(`“${value}” is no fingerprint of an error. ${EXAMPLES.error}`);
  return lower;
}

/** @param {string} key @param {string} text */
function parseId(key, text) {
  if (!UUID.test(text)) throw new Error(`“${text}” is no job's id. ${EXAMPLES[key]}`);
  return text;
}

/** @param {string} text */
function parseStates(text) {
  const states = [...new Set(text.split(","))];
  const wrong = states.find((state) => !(/** @type {readonly string[]} */ (STATES).includes(state)));
  if (wrong !== undefined) throw new Error(`${wrong ? `There is no state “${wrong}”.` : "A state is missing at a comma."} ${EXAMPLES.state}`);
  return states;
}

/**
 * @param {string} key  a date alone means the whole day: since its beginning, until its end
 * @param {string} text
 * @param {number} now
 */
function parseTime(key, text, now) {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago) return now - Number(ago[1]) * UNIT_SECONDS[ago[2]];
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?:t(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text);
  const [year, month, day, hour = 0, minute = 0, second = 0] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  const isTime = parts && month >= 1 && month <= 12 && day >= 1 && day <= new Date(year, month, 0).getDate() && hour < 24 && minute < 60 && second < 60;
  if (!isTime) throw new Error(`“${text}” is no time. ${EXAMPLES[key]}`);
  const isWholeDay = parts[4] === undefined && key === "until";
  return new Date(year, month - 1, day + (isWholeDay ? 1 : 0), hour, minute, second).getTime() / 1000;
}

/**
 * Whether a job matches what is wanted.
 * @param {Partial<import("../../client/wire.js").JobView>} job
 * @param {Wanted} wanted
 * @returns {boolean | null}  null: what is known of the job does not tell
 */
export function matches({ id = "", state, task, queue, worker, caller, tags, created_at, parent, root }, wanted) {
  const each = [
    wanted.state && (state === undefined ? null : wanted.state.includes(state)),
    wanted.task && matchesPattern(task, wanted.task),
    wanted.queue && matchesPattern(queue, wanted.queue),
    wanted.worker && (worker === undefined ? null : worker !== null && matchesPattern(worker, wanted.worker)),
    wanted.caller && (caller === undefined ? null : caller !== null && matchesPattern(caller, wanted.caller)),
    wanted.tag && (tags === undefined ? null : tags.some((tag) => matchesPattern(tag, /** @type {string} */ (wanted.tag)))),
    wanted.id_part && hasPart(id, wanted.id_part),
    wanted.parent && (parent === undefined ? null : parent === wanted.parent),
    wanted.root && (root === undefined ? null : root === wanted.root),
    wanted.since && (created_at === undefined ? null : created_at >= wanted.since),
    wanted.until && (created_at === undefined ? null : created_at < wanted.until),
    wanted.error && (state === "failed" ? null : false),
  ];
  return each.includes(false) ? false : each.includes(null) ? null : true;
}

/** @param {string} id @param {string} part  of it, with or without dashes */
function hasPart(id, part) {
  const [all, some] = [id.replaceAll("-", ""), part.replaceAll("-", "")];
  return all.startsWith(some) || all.endsWith(some);
}
