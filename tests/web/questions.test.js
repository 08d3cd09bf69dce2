/** What jobs ask people, as a page hears and answers it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connectionLost, TaskbahnError } from "../../web/taskbahn_web/static/client/errors.js";
import { countText, placeQuestions } from "../../web/taskbahn_web/static/app/data/open-questions.js";
import { readJob } from "../../web/taskbahn_web/static/elements/feed.js";
import { answerForm, answerProblems, isClosedQuestion, makeAnswer, questionFacts } from "../../web/taskbahn_web/static/shared/question.js";
import { applyEvent } from "../../web/taskbahn_web/static/shared/job-view.js";
import { connect } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

const ID = "01890000-0000-7000-8000-000000000000";
const asked = (name, asked_at = 10) => ({ job: ID, task: "books.publish", name, question: `${name}?`, schema: { type: "boolean" }, asked_at });
const event = (kind, data, number = 0) => ({ job: ID, number, kind, at: 20, data });
const opened = (...words) => event("question", asked(...words), 3);
const closed = (name) => event("question", { name });

async function asking() {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const job = bahn.job(ID);
  const heard = [];
  const stop = job.onQuestion((question) => heard.push(question));
  return { router, bahn, job, heard, stop, watch: await router.call() };
}

const names = (heard) => heard.map((question) => question?.name ?? null);

test("a listener hears the first open question, the next one, and null when none is open", async () => {
  const { bahn, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "waiting", questions: [asked("a"), asked("b")] } });
  watch.progress({ events: [opened("c"), closed("b")] });
  watch.progress({ events: [closed("a")] });
  watch.progress({ events: [closed("c")] });
  assert.deepEqual(names(heard), ["a", "c", null]);
  assert.deepEqual([heard[0].question, heard[0].schema, heard[0].to, heard[0].asked_at, heard[0].until], ["a?", { type: "boolean" }, "", 10, null]);
  bahn.close();
});

test("a listener hears a question once, however often the task says that it waits", async () => {
  const { router, bahn, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running" } });
  watch.progress({ events: [opened("a")] });
  watch.progress({ events: [opened("a")] });
  router.sessions[0].lose();
  watch.reject(connectionLost());
  const again = await router.call(2);
  again.progress({ snapshot: { id: ID, state: "waiting", questions: [asked("a")] } });
  assert.deepEqual(names(heard), ["a"]);
  again.progress({ events: [closed("a"), opened("a", 30)] }); // by the attempt after a retry
  assert.deepEqual(heard.map(({ asked_at }) => asked_at), [10, 30]);
  bahn.close();
});

test("what was answered while the connection was lost, or ends with its job, is open no more", async () => {
  const { router, bahn, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running", questions: [asked("a")] } });
  router.sessions[0].lose();
  watch.reject(connectionLost());
  const again = await router.call(2);
  again.progress({ snapshot: { id: ID, state: "running" } });
  again.progress({ events: [opened("b")] });
  again.progress({ events: [event("state", { state: "cancelled" }, 4)] });
  assert.deepEqual(names(heard), ["a", null, "b", null]);
  bahn.close();
});

test("a listener that comes later hears the open question, and none of an earlier watch", async () => {
  const { router, bahn, job, watch, stop } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running", questions: [asked("a")], place: { why: "It waits." } } });
  const late = [];
  const stopLate = job.onQuestion((question) => late.push(question));
  await Promise.resolve();
  assert.deepEqual(names(late), ["a"]);
  stop();
  assert.equal(watch.mode, undefined);
  stopLate();
  assert.equal(watch.mode, "killnowait");
  const heard = [];
  job.onQuestion((question) => heard.push(question));
  job.onPlace((place) => heard.push(place));
  (await router.call(2)).progress({ snapshot: { id: ID, state: "running" } });
  await Promise.resolve();
  assert.deepEqual(heard, []);
  bahn.close();
});

test("an answer is sent once, with who gives it; the router's refusal comes to the page", async () => {
  const { router, bahn, job, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running", questions: [asked("a")] } });
  const answered = heard[0].answer(true);
  const first = await router.call(2);
  assert.deepEqual([first.procedure, first.args, first.kwargs], ["taskbahn.job.answer", [ID, "a", true], {}]);
  first.resolve(null);
  await answered;
  const refused = job.answer("a", "perhaps", "ada");
  const second = await router.call(3);
  assert.deepEqual([second.args, second.kwargs], [[ID, "a", "perhaps"], { who: "ada" }]);
  second.reject(new TaskbahnError("it does not fit", "taskbahn.error.wrong_answer"));
  await assert.rejects(refused, { uri: "taskbahn.error.wrong_answer" });
  const lost = job.answer("a", true);
  (await router.call(4)).reject(connectionLost());
  await assert.rejects(lost, { isConnectionLost: true });
  assert.equal(router.calls.length, 4);
  bahn.close();
});

test("a message goes into the inbox once, and has a number", async () => {
  const { router, bahn, job } = await asking();
  const sent = job.send({ text: "go on" });
  const call = await router.call(2);
  assert.deepEqual([call.procedure, call.args], ["taskbahn.job.send", [ID, { text: "go on" }]]);
  call.resolve(3);
  assert.equal(await sent, 3);
  bahn.close();
});

test("all open questions are read page by page, or those of one job", async () => {
  const { router, bahn, job } = await asking();
  const all = bahn.questions();
  const first = await router.call(2);
  assert.deepEqual([first.procedure, first.kwargs], ["taskbahn.view.questions", { after: 0, limit: 500 }]);
  first.resolve({ questions: [asked("a")], next: 7 });
  const second = await router.call(3);
  assert.equal(second.kwargs.after, 7);
  second.resolve({ questions: [asked("b")], next: null });
  const found = await all;
  assert.deepEqual(names(found), ["a", "b"]);
  void found[1].answer(false);
  assert.deepEqual((await router.call(4)).args, [ID, "b", false]);
  const own = bahn.questions({ job });
  const third = await router.call(5);
  assert.equal(third.kwargs.job, ID);
  third.resolve({ questions: [], next: null });
  assert.deepEqual(await own, []);
  await assert.rejects(bahn.questions({ jobs: ID }), /did you mean 'job'/);
  bahn.close();
});

test("the view of a job keeps its open questions, in the page and in the elements", async () => {
  const job = { id: ID, task: "t", queue: "q", state: "running" };
  const open = [opened("a"), opened("b"), closed("a")].reduce(applyEvent, job);
  assert.deepEqual(names(open.questions), ["b"]);
  assert.deepEqual(applyEvent(open, event("state", { state: "failed" })).questions, []);
  const { router, bahn } = await asking();
  const { feed } = readJob(bahn, ID, { onChange: () => {} });
  const watch = await router.call(2);
  watch.progress({ snapshot: { ...job, number: 8, questions: [asked("a")] } });
  watch.progress({ events: [opened("b"), closed("a")] }); // their numbers are not above that of the snapshot
  assert.deepEqual(names(feed.job.questions), ["b"]);
  bahn.close();
});

const APPROVAL = { title: "Approval", type: "object", properties: { yes: { type: "boolean" }, note: { type: "string", default: "" } }, required: ["yes"] };
const form = (schema, $defs) => answerForm({ ...schema, ...($defs && { $defs }) });
const texts = ({ choices }) => choices.map(({ text }) => text);
const fieldNames = ({ fields }) => fields.map(({ name }) => name);

test("a yes or no answers the question itself, and another choice has its name", () => {
  const page = { type: "object", properties: { size: { enum: ["a4", "a5"] }, note: { type: "string", default: "" } }, required: ["size"] };
  assert.deepEqual([form(APPROVAL).isNamed, form({ type: "boolean" }).isNamed, form(page).isNamed, form(APPROVAL).isWhole], [false, false, true, false]);
});

test("a simple answer is a button", () => {
  const yesOrNo = form({ type: "boolean" });
  assert.deepEqual([texts(yesOrNo), fieldNames(yesOrNo), yesOrNo.isWhole], [["Yes", "No"], [], true]);
  assert.deepEqual(makeAnswer(yesOrNo, {}, yesOrNo.choices[1]), { value: false, problems: {} });
  assert.deepEqual(texts(form({ anyOf: [{ type: "boolean" }, { type: "null" }] })), ["Yes", "No", "None"]);
  const cover = form({ $ref: "#/$defs/Cover" }, { Cover: { enum: ["cloth", "paper", 3] } });
  assert.deepEqual(texts(cover), ["cloth", "paper", "3"]);
  assert.equal(makeAnswer(cover, {}, cover.choices[2]).value, 3);
  assert.deepEqual(texts(form({ const: "understood" })), ["understood"]);
});

test("many choices are a select, and long ones too", () => {
  for (const choices of [["a", "b", "c", "d", "e", "f"], ["a".repeat(40), "b".repeat(40)]]) {
    const select = form({ enum: choices });
    assert.deepEqual([select.decision, fieldNames(select), select.fields[0].kind], [null, ["answer"], "choice"]);
    assert.deepEqual(makeAnswer(select, { answer: "1" }), { value: choices[1], problems: {} });
  }
});

test("the one simple thing that an answer must have are its buttons, the rest is filled in", () => {
  const approval = form({ $ref: "#/$defs/Approval" }, { Approval: APPROVAL });
  assert.deepEqual([approval.decision.name, texts(approval), fieldNames(approval), approval.isWhole], ["yes", ["Yes", "No"], ["note"], false]);
  assert.deepEqual(makeAnswer(approval, { note: "at last" }, approval.choices[0]), { value: { yes: true, note: "at last" }, problems: {} });
  const two = form({ ...APPROVAL, required: ["yes", "really"], properties: { ...APPROVAL.properties, really: { type: "boolean" } } });
  assert.deepEqual([two.decision, fieldNames(two)], [null, ["yes", "note", "really"]]);
  const none = form({ type: "object", properties: { yes: { type: "boolean", default: true } } });
  assert.deepEqual([none.decision, fieldNames(none), makeAnswer(none, { yes: false }).value], [null, ["yes"], { yes: false }]);
});

test("other answers are one field; what is wrong in it is seen before it is sent", () => {
  const whole = form({ type: "integer" });
  assert.deepEqual([fieldNames(whole), whole.isWhole], [["answer"], true]);
  assert.deepEqual(makeAnswer(whole, { answer: "12" }), { value: 12, problems: {} });
  assert.deepEqual(makeAnswer(whole, { answer: "x" }).problems, { answer: "must be a whole number" });
  assert.deepEqual(makeAnswer(whole, { answer: "" }).problems, { answer: "is missing" });
  const list = form({ type: "array", items: { $ref: "#/$defs/Approval" } }, { Approval: APPROVAL });
  assert.deepEqual(makeAnswer(list, { answer: '[{"yes": true}]' }).value, [{ yes: true }]);
  const anything = form({});
  assert.equal(makeAnswer(anything, { answer: "as you like" }).value, "as you like");
  assert.equal(makeAnswer(form({ anyOf: [{ type: "string" }, { type: "null" }] }), { answer: "" }).value, null);
});

test("a refusal of the dispatcher comes to its field, if it belongs to one", () => {
  const refused = (why, uri = "wrong_answer") => new TaskbahnError("the answer does not fit", `taskbahn.error.${uri}`, { name: "a", why });
  const order = form({ type: "object", properties: { copies: { type: "integer" }, lines: { type: "array" } }, required: ["copies", "lines"] });
  assert.deepEqual(answerProblems(refused("copies: 0 is less than the minimum of 1"), order), { copies: "0 is less than the minimum of 1" });
  assert.deepEqual(answerProblems(refused("lines.0.left: 1: no"), order), { lines: "is wrong at 0.left: 1: no" });
  assert.deepEqual(answerProblems(refused('"lines" is a required property'), order), { lines: "is missing" });
  assert.deepEqual(answerProblems(refused("Additional properties are not allowed"), order), {});
  assert.deepEqual(answerProblems(refused("3 is not a multiple of 2"), form({ type: "integer" })), { answer: "3 is not a multiple of 2" });
  assert.deepEqual(answerProblems(refused("no"), form({ type: "boolean" })), {});
  assert.deepEqual(answerProblems(refused("copies: no", "too_large"), order), {});
  assert.deepEqual([refused("", "no_question"), refused(""), null].map(isClosedQuestion), [true, false, false]);
});

test("beside a question is who answers, since when it is open and when it closes", () => {
  const question = { ...asked("a", 1000), to: "role:editor" };
  assert.deepEqual(questionFacts(question, 1300), ["for role:editor", "asked 5 min ago"]);
  assert.deepEqual(questionFacts({ ...question, to: "", until: 1330 }, 1300), ["asked 5 min ago", "closes in 30 s"]);
  assert.deepEqual(questionFacts({ ...question, to: "", until: 1000 }, 990), ["asked just now", "closes in 10 s"]);
  assert.deepEqual(questionFacts({ ...question, until: 1100 }, 1300).at(-1), "its time is over");
});

test("a question keeps its place when it is closed, and a new one comes last", () => {
  const shown = placeQuestions([], [asked("a"), asked("b")]);
  const later = placeQuestions(shown, [asked("new"), asked("b")]);
  assert.deepEqual(later.map(({ question, isOpen }) => [question.name, isOpen]), [["a", false], ["b", true], ["new", true]]);
  assert.deepEqual(placeQuestions(later, [asked("a", 30), asked("b")]).map(({ isOpen }) => isOpen), [false, true, false, true]);
  assert.deepEqual(placeQuestions(later, []), []);
});

test("a count says if there are more", () => {
  assert.equal(countText({ questions: [asked("a")], next: null }), "1");
  assert.equal(countText({ questions: [asked("a"), asked("b")], next: 7 }), "2+");
});
