/** What jobs ask people: the open questions of a job, and an answer to one. */

import { stringifyStrict } from "./exact-json.js";
import { envelopeOf, missing } from "./keys.js";
import { JOB_ANSWER } from "./wire.js";

/**
 * @typedef {object} QuestionView  an open question of a job
 * @property {string} job
 * @property {string} [task]
 * @property {string} name
 * @property {string} question
 * @property {import("./wire.js").Schema} [schema]  of the answer
 * @property {string} [to]  who is to answer
 * @property {number} asked_at
 * @property {number | null} [until]  when it closes
 * @property {string} [encrypted_by]  the name of the key that has encrypted it, and by which its answer is
 */

/** What tells a question from all others, also from one that the job asks by the same name after a retry. @param {QuestionView} question */
export function questionKey({ job, name, asked_at }) {
  return `${job} ${asked_at} ${name}`;
}

/** An open question of a job. */
export class Question {
  #connection;
  #ring;
  #key;

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {QuestionView} view
   * @param {import("./keys.js").KeyRing} [ring]
   */
  constructor(connection, { job, task = "", name, question, schema = {}, to = "", asked_at, until = null, encrypted_by }, ring = undefined) {
    this.#connection = connection;
    this.#ring = ring;
    this.#key = encrypted_by ?? envelopeOf(schema, "question")?.key;
    /** The id of the job that asks. */
    this.job = job;
    this.task = task;
    this.name = name;
    this.question = question;
    /** What an answer must be. */
    this.schema = schema;
    /** Who is to answer; "" if the task does not say. */
    this.to = to;
    this.asked_at = asked_at;
    /** When it closes, seconds since the epoch. */
    this.until = until;
  }

  /**
   * Answer it: the first answer that fits counts.
   * @param {unknown} value
   * @param {string} [who]  who answers
   * @returns {Promise<void>}  rejects if the answer does not fit, or if the question is open no more
   */
  async answer(value, who) {
    if (this.#key && !this.#ring) throw missing(this.#key);
    const sealed = this.#key && this.#ring ? await this.#ring.encrypt(stringifyStrict(value), "answer", this.job, this.name, this.#key) : value;
    return answerQuestion(this.#connection, this.job, this.name, sealed, who);
  }
}

/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} job
 * @param {string} name  of the question
 * @param {unknown} value
 * @param {string} [who]
 */
export async function answerQuestion(connection, job, name, value, who) {
  const session = await connection.session(); // not again and again: it may have counted the first time
  await session.call(JOB_ANSWER, [job, name, value], who ? { who } : {}).result;
}

/**
 * The open questions of a job after an event. One that is asked again keeps its place.
 * @param {QuestionView[]} open
 * @param {QuestionView | {name: string}} data  of the event: a question, or the name of one that is closed
 * @returns {QuestionView[]}
 */
export function applyQuestion(open, data) {
  if (!("question" in data)) return open.filter(({ name }) => name !== data.name);
  const isKnown = open.some(({ name }) => name === data.name);
  return isKnown ? open.map((one) => (one.name === data.name ? data : one)) : [...open, data];
}
