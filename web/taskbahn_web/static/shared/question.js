/** A question of a job: the form that its JSON Schema makes, the answer of what was filled in, and what is said beside it. Nothing here touches the page. */

import { TaskbahnError } from "../client/errors.js";
import { roughDuration } from "./expected.js";
import { ago } from "./format.js";
import { fieldsOf, resolveReference } from "./schema.js";
import { makeArguments, problemsByField } from "./values.js";

/**
 * @typedef {import("../client/questions.js").QuestionView} QuestionView
 * @typedef {import("./schema.js").Field} Field
 *
 * @typedef {object} Choice  a button that sends the form
 * @property {string} text
 * @property {unknown} value
 *
 * @typedef {object} AnswerForm
 * @property {Field[]} fields  to fill in
 * @property {Field | null} decision  what has buttons in place of a field
 * @property {Choice[]} choices  its buttons; without a decision there are none
 * @property {boolean} isWhole  the one field is the answer; else each is a property of it
 * @property {boolean} isNamed  the decision's name is above its buttons; a yes or no answers the question itself, whatever its field is called
 */

const WHOLE = "answer"; // the name of the field that is the answer
const MAX_BUTTONS = 5;
const MAX_BUTTONS_LENGTH = 60; // characters on all of them
/** In its first moment a form takes no answer: a press was meant for what was in its place before, or is the second of a double one. Milliseconds. */
export const SETTLING_MS = 400;

const WRONG_ANSWER = "taskbahn.error.wrong_answer";
const NO_QUESTION = "taskbahn.error.no_question";
const MISSING = /^"(.+)" is a required property$/;

/**
 * Make the form of a question. A simple answer is one button; so is the one thing that an answer of several must have, if that is simple.
 * @param {import("../client/wire.js").Schema} [schema]
 * @returns {AnswerForm}
 */
export function answerForm(schema = {}) {
  const definitions = schema.$defs ?? {};
  const resolved = resolveReference(schema, definitions);
  const isWhole = !resolved.properties;
  const parameters = isWhole ? { properties: { [WHOLE]: schema }, required: [WHOLE] } : resolved;
  const all = fieldsOf({ digest: "", parameters: { ...parameters, $defs: definitions } });
  const simple = all.filter((field) => field.isRequired && choicesOf(field).length > 0);
  const decision = simple.length === 1 ? simple[0] : null;
  const isNamed = decision !== null && !isWhole && decision.kind !== "boolean";
  return { fields: all.filter((field) => field !== decision), decision, choices: decision ? choicesOf(decision) : [], isWhole, isNamed };
}

/**
 * The buttons of a field; none if nothing is chosen in it, or if they would be too many.
 * @param {Field} field
 * @returns {Choice[]}
 */
function choicesOf({ kind, choices, labels, isNullable }) {
  const named = kind === "boolean" ? [{ text: "Yes", value: true }, { text: "No", value: false }] : choices.map((value, index) => ({ text: labels[index], value }));
  const buttons = named.length && isNullable ? [...named, { text: "None", value: null }] : named;
  const length = buttons.reduce((sum, { text }) => sum + text.length, 0);
  return buttons.length <= MAX_BUTTONS && length <= MAX_BUTTONS_LENGTH ? buttons : [];
}

/**
 * @param {AnswerForm} form
 * @param {Record<string, import("./values.js").Typed>} typed
 * @param {Choice} [choice]  of its decision
 * @returns {{value: unknown, problems: Record<string, string>}}  value: of use only without problems, which are by field
 */
export function makeAnswer({ fields, decision, isWhole }, typed, choice) {
  const { kwargs, problems } = makeArguments(fields, typed);
  if (decision && choice) kwargs[decision.name] = choice.value;
  return { value: isWhole ? kwargs[WHOLE] : kwargs, problems };
}

/**
 * Bring what the dispatcher finds wrong with an answer to its field.
 * @param {unknown} error
 * @param {AnswerForm} form
 * @returns {Record<string, string>}  by field; empty if it belongs to none
 */
export function answerProblems(error, { fields, isWhole }) {
  if (!(error instanceof TaskbahnError) || error.uri !== WRONG_ANSWER) return {};
  const why = String(error.detail.why ?? error.message);
  if (isWhole) return problemsByField({ [WHOLE]: why }, fields);
  const [, missing] = MISSING.exec(why) ?? [];
  if (missing) return problemsByField({ [missing]: "is missing" }, fields);
  const [place, ...rest] = why.split(": ");
  return problemsByField({ [place]: rest.join(": ") }, fields);
}

/** Whether an answer was refused because the question is open no more. @param {unknown} error */
export function isClosedQuestion(error) {
  return error instanceof TaskbahnError && error.uri === NO_QUESTION;
}

/**
 * Who is to answer, since when it is open, when it closes.
 * @param {QuestionView} question
 * @param {number} now  seconds since the epoch
 * @returns {string[]}
 */
export function questionFacts({ to, asked_at, until }, now) {
  const end = until ? [until > now ? `closes in ${roughDuration(until - now)}` : "its time is over"] : [];
  return [...(to ? [`for ${to}`] : []), `asked ${ago(Math.min(asked_at, now), now)}`, ...end];
}
