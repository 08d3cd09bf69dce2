/** What the elements say in other words, and in another language. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { footText } from "../../web/taskbahn_web/static/elements/job-words.js";
import { TaskbahnError } from "../../web/taskbahn_web/static/client/errors.js";
import { OWN_TEXTS } from "../../web/taskbahn_web/static/elements/own-texts.js";
import { problemSentence } from "../../web/taskbahn_web/static/elements/problem-words.js";
import { GERMAN } from "../../web/taskbahn_web/static/elements/german.js";
import { GERMAN_REASONS } from "../../web/taskbahn_web/static/elements/german-reasons.js";
import { checkValue } from "../../web/taskbahn_web/static/shared/schema-check.js";
import { addTexts, wordsAround } from "../../web/taskbahn_web/static/elements/words.js";

const FOLDER = fileURLToPath(new URL("../../web/taskbahn_web/static/elements/", import.meta.url));

const SENTENCES = JSON.parse(readFileSync(new URL("../support/dispatcher_sentences.json", import.meta.url), "utf8"));

/** An element with a language around it. */
const within = (lang) => ({ closest: () => lang && { getAttribute: () => lang }, getRootNode: () => ({}) });
globalThis.ShadowRoot ??= class {};
const german = wordsAround(within("de-CH"));

test("every text of the elements has a German one", () => {
  const used = new Set();
  for (const file of readdirSync(FOLDER).filter((name) => name !== "words.js")) {
    const source = readFileSync(FOLDER + file, "utf8");
    for (const [, text] of source.matchAll(/words\.say\("((?:[^"\\]|\\.)*)"/g)) used.add(text);
    for (const [, one, more] of source.matchAll(/words\.count\([^,]+, "([^"]*)", "([^"]*)"/g)) used.add(one).add(more);
  }
  assert.ok(used.size > 40);
  assert.deepEqual([...used].filter((text) => !(text in GERMAN)), []);
});

test("a job in German words, with German numbers and units", () => {
  const stage = { id: 1, name: "Bilder", total: 100, done: 25, started_at: 100 };
  const job = { id: "x", state: "running", started_at: 100, attempt: 2, progress: { fraction: 0.25, stages: [stage] } };
  assert.deepEqual(footText(german, job, 110, null), { facts: "10 s · 2,5/s · Versuch 2", left: "noch etwa 30 s" });
  const waiting = { id: "x", state: "ready", place: { why: "", ahead: 1234 } };
  assert.equal(footText(german, { ...waiting, place: { ...waiting.place, why: "No worker is attached" } }, 0, null).facts, "Kein Worker ist verbunden · 1.234 Aufträge davor");
  assert.equal(footText(german, { id: "x", state: "succeeded", started_at: 0.5, finished_at: 2 }, 9, null).facts, "dauerte 1,5 s");
  assert.equal(german.wholeDuration(90_000), "1 T 1 Std.");
});

test("sentences that come from elsewhere are found, also with values, and stay as they are where none is known", () => {
  assert.equal(german.own("asked 5 s ago"), "gestellt vor 5 s");
  assert.equal(german.own("16 to 4096"), "16 bis 4096");
  assert.equal(german.own("list of integer, optional"), "Liste von ganze Zahl, freiwillig");
  assert.equal(german.own("JSON: list of text"), "JSON: Liste von Text");
  assert.equal(german.phrase('1 is not of type "string"'), "1 ist kein Text");
  assert.equal(german.phrase("I went to Rome"), "I went to Rome"); // no number, no range
  assert.equal(german.phrase("All 2 slots of the worker that can run it are busy."), "Alle 2 Plätze sind belegt.");
  assert.equal(german.phrase("must be at least 16"), "muss mindestens 16 sein");
});

test("a sentence from elsewhere is put into other words as a whole, or stays as it is", () => {
  const sentences = [
    "There is no job 'x': the id is wrong, or the job is finished and was removed; `taskbahn jobs` lists those that are kept.",
    "for example this", "It went away 5 s ago", "usually it works", "took long", "list of names", "cats or dogs", "closes in Paris",
    "No attached worker offers shop.pay, and none is expected", "is wrong at pages.0: nothing is printed there",
    "All 2 slots of the machine; it is old, so a third one are busy",
  ];
  assert.deepEqual(sentences.map((english) => german.phrase(english)), sentences);
  assert.equal(german.phrase("is wrong at pages.0: must be a number"), "ist falsch bei pages.0: muss eine Zahl sein");
  assert.equal(german.phrase("must be JSON: Unexpected token"), "muss JSON sein"); // what the browser says of it is English
});

test("each text with places is one of the elements', or one that is looked for in sentences from elsewhere", () => {
  const others = Object.keys(GERMAN).filter((english) => english.includes("{") && !OWN_TEXTS.has(english));
  assert.deepEqual(others.filter((english) => !(english in GERMAN_REASONS)), []);
  assert.deepEqual([...OWN_TEXTS].filter((english) => !(english in GERMAN)), []);
});

test("every sentence that the dispatcher makes is put into German as a whole", () => {
  const said = SENTENCES.map((english) => [english, german.phrase(english)]);
  assert.ok(said.length > 200);
  assert.deepEqual(said.filter(([english, text]) => english === text).map(([english]) => english), []);
  const names = /w\.slow|the night's|gpu|user:7|ada|lunch: back soon|May it go on[,:] or not\?|answer:may it|01890000[-\w]*|w-1/g;
  for (const [english, text] of said) {
    assert.deepEqual(text.match(names)?.sort(), english.match(names)?.sort(), text); // what people have called things
    const rest = text.replaceAll(names, "").replaceAll(/"[^"]*"|start_within/g, "");
    assert.doesNotMatch(rest, /\b(the|it|is|has|job|jobs|for|which|that|waits|by|not|must|of|or)\b/, text);
  }
});

test("what people have written in a sentence stays as it is", () => {
  assert.equal(german.phrase("It is paused since 2026-11-30 15:41:34 UTC: Cancel"), "Er ist angehalten seit 2026-11-30 15:41:34 UTC: Cancel");
  assert.equal(german.phrase("No attached worker offers none"), "Kein verbundener Worker bietet none an");
  assert.equal(german.phrase("The limit gpu holds it: 1,200 of 1,200 permits are in use"), "Die Grenze gpu hält ihn zurück: 1.200 von 1.200 Plätzen sind belegt");
});

test("what a form finds wrong is put into German, whatever the value should be", () => {
  const types = ["string", "integer", "number", "boolean", "null", "array", "object"];
  const several = types.flatMap((one) => types.map((other) => ({ anyOf: [{ type: one }, { type: other }] })));
  const formats = ["duration", "uuid", "decimal"].flatMap((format) => [{ format }, { anyOf: [{ type: "string", format }, { type: "null" }] }]);
  const schemas = [
    ...types.map((type) => ({ type })), ...types.flatMap((one) => types.map((other) => ({ type: [one, other] }))), ...several, ...formats, false,
    { contentEncoding: "base64" }, { enum: ["a", "b or c", 3, null] }, { const: "a" }, { minimum: 16 }, { maximum: 0.5 }, { exclusiveMinimum: 16 }, { exclusiveMaximum: 0 },
    { multipleOf: 3 }, { minLength: 1 }, { minLength: 9 }, { maxLength: 1 }, { maxLength: 0 }, { pattern: "^a+$" }, { minItems: 1 }, { minItems: 5 }, { maxItems: 1 }, { maxItems: 0 },
    { uniqueItems: true }, { required: ["name"] }, { items: { properties: { name: { type: "string" } } } }, { anyOf: [{ minimum: 50 }, { type: "null" }] },
  ];
  const found = new Set();
  for (const schema of schemas) {
    for (const value of ["", "x!", 10.5, 10, true, null, [1, 1], [{ name: 5 }], { a: 1 }]) {
      try {
        checkValue(value, schema);
      } catch ({ message }) {
        found.add(message);
      }
    }
  }
  assert.ok(found.size > 60, String(found.size));
  assert.deepEqual([...found].filter((english) => german.phrase(english) === english), []);
  assert.equal(german.phrase("is wrong at 0.name: must be text"), "ist falsch bei 0.name: muss Text sein");
  assert.equal(german.phrase('must be "a" or null'), 'muss "a" oder null sein');
  assert.equal(german.phrase("must be tidy or sorry"), "must be tidy or sorry"); // a task says it
});

test("what cannot be watched is said for those who use the page, and wholly on the console", (context) => {
  const warned = context.mock.method(console, "warn", () => {});
  const error = new TaskbahnError("there is no job 'x': `taskbahn jobs` lists those that are kept", "taskbahn.error.unknown_job");
  const english = wordsAround(within(null));
  assert.deepEqual([english, german].map((words) => problemSentence(words, error)), ["This job does not exist (any more).", "Diesen Auftrag gibt es nicht (mehr)."]);
  assert.deepEqual(warned.mock.calls.map(({ arguments: said }) => said), [["There is no job 'x': `taskbahn jobs` lists those that are kept."]]);
  const withLogin = "This page may not show this job (any more), or it does not exist."; // the node does not say which
  assert.equal(problemSentence(english, error, { hasLogin: true }), withLogin);
  const refused = new TaskbahnError("over", "taskbahn.error.invalid_token");
  const sentences = [true, false].map((wasShown) => problemSentence(english, refused, { wasShown }));
  assert.deepEqual(sentences, ["This page may not show this any more; load it again, or log in again.", "This page may not show this; load it again, or log in again."]);
  const lost = "This page cannot log in; its console says why.";
  assert.equal(problemSentence(english, new TaskbahnError("it takes no GET", "taskbahn.error.invalid_token", { status: 405 })), lost);
  for (const text of [withLogin, lost, ...sentences]) assert.notEqual(german.phrase(text), text);
  assert.equal(problemSentence(english, new TaskbahnError("the pictures are gone")), "The pictures are gone.");
  addTexts("en", { "There is no job {id}": "Gone: {id}" });
  assert.equal(problemSentence(english, new TaskbahnError("there is no job 7", "taskbahn.error.unknown_job")), "Gone: 7."); // the page's own counts more
});

test("a page replaces texts, of English too, and what is no text is refused", () => {
  const english = wordsAround(within(null));
  assert.equal(english.say("Cancel"), "Cancel");
  addTexts("en", { Cancel: "Stop it", "{count} jobs ahead": "{count} before you", "no more paper in tray {number}": "Refill tray {number}" });
  assert.equal(english.say("Cancel"), "Stop it");
  assert.equal(english.count(5, "1 job ahead", "{count} jobs ahead"), "5 before you");
  assert.equal(english.phrase("no more paper in tray 3"), "Refill tray 3");
  assert.equal(wordsAround(within("fr")).say("Cancel"), "Stop it"); // of French nothing is known
  assert.equal(wordsAround(within("DE")).say("Cancel"), "Abbrechen");
  assert.throws(() => addTexts("en", { Cancel: 7 }), /the text for "Cancel" must be a string, not number/);
  assert.throws(() => addTexts("en", { "{count} jobs ahead": "{jobs} before" }), /has a place \{jobs\}/);
});
