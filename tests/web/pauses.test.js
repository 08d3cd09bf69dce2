import assert from "node:assert/strict";
import { test } from "node:test";

import {
  endText, inOrder, keyPauses, keyQuery, PAUSE_LENGTHS, pauseArguments, pauseDetails, pausedText, resumedText, subjectOf, subjectText,
} from "../../web/taskbahn_web/static/app/text/pause-text.js";

const MAIL = { query: "queue:mail", reason: "the provider is down", paused_by: "ann", paused_at: 700, until: 8200 };
const ALL = { query: "", paused_at: 900 };
const ACME = 'key:stripe["acme","eu west"]';

test("what is paused is named, and leads to the page that shows it", () => {
  const named = ["", "queue:mail", "task:shop.send", ACME, "key:gpu", "queue:a:b", 'key:"x"["[1]"]'].map((query) => [subjectText(query), subjectOf(query).where]);
  assert.deepEqual(named, [
    ["the whole system", "#/"],
    ["the queue mail", "#/queues"],
    ["the task shop.send", "#/tasks/shop.send"],
    ["the key acme · eu west of the limit stripe", "#/limits/stripe"],
    ["the limit gpu", "#/limits/gpu"],
    ["the queue a:b", "#/queues"],
    ['the key [1] of the limit "x"', "#/limits/%22x%22"],
  ]);
});

test("a pause says by whom, since when, until when and why, as far as that is known", () => {
  assert.equal(pauseDetails(MAIL, 1000), "by ann 5 min ago, ends in 2 h 00 min: the provider is down");
  assert.equal(pauseDetails(ALL, 1000), "1 min ago, until it is resumed");
  assert.deepEqual([endText(MAIL, 8190), endText(MAIL, 8200), endText(MAIL, 9000), endText({ ...MAIL, until: null }, 1000)], [
    "ends in 10 s", "ends now", "ends now", "until it is resumed",
  ]);
});

test("what was done is said in a sentence", () => {
  assert.match(pausedText(MAIL), /^The queue mail is paused until 1 Jan, \d\d:\d\d\.$/);
  assert.equal(pausedText(ALL), "The whole system is paused.");
  assert.equal(resumedText({ ...ALL, query: ACME }), "The key acme · eu west of the limit stripe is resumed.");
});

test("a pause is asked for without what is empty", () => {
  assert.deepEqual(pauseArguments({ query: "", reason: " ", seconds: null, who: "" }), { query: "" });
  assert.deepEqual(pauseArguments({ query: "task:a", reason: " tests ", seconds: 600, who: " Ada " }), { query: "task:a", reason: "tests", within: 600, who: "Ada" });
  assert.deepEqual(PAUSE_LENGTHS.map(({ seconds }) => seconds), [null, 600, 3600, 28_800, 86_400]);
});

test("the system's pause comes first, then the oldest", () => {
  const young = { ...MAIL, query: "task:a", paused_at: 800 };
  assert.deepEqual(inOrder([young, MAIL, ALL]).map(({ query }) => query), ["", "queue:mail", "task:a"]);
});

test("the pauses of a limit are those of its keys, and none of a limit whose name begins alike", () => {
  const queries = ['key:stripe["acme"]', "key:stripe", 'key:stripes["acme"]', 'key:stripe["bolt"]', "queue:stripe", ""];
  const all = queries.map((query) => ({ query, paused_at: 1 }));
  assert.deepEqual(keyPauses(all, "stripe").map(({ query }) => query), ['key:stripe["acme"]', "key:stripe", 'key:stripe["bolt"]']);
  assert.deepEqual(keyPauses(all, "stripe", ['["acme"]', undefined]).map(({ query }) => query), ['key:stripe["bolt"]']);
  assert.deepEqual([keyQuery("gpu"), keyQuery("stripe", '["acme"]')], ["key:gpu", 'key:stripe["acme"]']);
});
