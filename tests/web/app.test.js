import { readdir, readFile } from "node:fs/promises";
import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "../../web/taskbahn_web/static/shared/format.js";
import { barShare, shownFraction, summarizeProgress } from "../../web/taskbahn_web/static/shared/how-far.js";
import { stageLook, stagesEnd } from "../../web/taskbahn_web/static/shared/stages.js";
import { fieldsOf } from "../../web/taskbahn_web/static/shared/schema.js";
import { makeArguments, controlValue } from "../../web/taskbahn_web/static/shared/values.js";

const SIGNATURE = {
  digest: "",
  order: ["path", "width"],
  variadic: "rest",
  parameters: {
    properties: {
      path: { type: "string", description: "where it is" },
      width: { type: "integer", minimum: 16, maximum: 4096, default: 256 },
      fit: { $ref: "#/$defs/Fit", default: "cover" },
      crop: { anyOf: [{ $ref: "#/$defs/Box" }, { type: "null" }], default: null },
      taken: { anyOf: [{ type: "string", format: "date" }, { type: "null" }], default: null },
      due: { type: ["string", "null"], format: "date-time" },
      sharpen: { type: "boolean", default: true },
      rest: { type: "array", items: { type: "integer" } },
    },
    required: ["path"],
    $defs: { Fit: { enum: ["contain", "cover"] }, Box: { type: "object", properties: { left: { type: "integer" } } } },
  },
};
const FIELDS = fieldsOf(SIGNATURE);

function typed(changes) {
  return { ...Object.fromEntries(FIELDS.map((field) => [field.name, controlValue(field)])), ...changes };
}

test("a field is made of each property, with references and null resolved", () => {
  assert.deepEqual(
    FIELDS.map(({ name, kind, isNullable, hint }) => [name, kind, isNullable, hint]),
    [
      ["path", "text", false, ""],
      ["width", "integer", false, "16 to 4096"],
      ["fit", "choice", false, ""],
      ["crop", "json", true, "JSON: {left: integer}"],
      ["taken", "date", true, ""],
      ["due", "datetime", true, ""],
      ["sharpen", "boolean", false, ""],
      ["rest", "json", false, "JSON: list of integer"],
    ],
  );
});

test("a time that needs no zone stays as it was typed, but for the seconds that Python wants", () => {
  const time = (format, more) => ({ type: "string", format, ...more });
  const properties = {
    begin: time("date-time-local"),
    end: time("date-time-local", { default: "2026-01-31T12:00:00Z" }),
    at: time("date-time"),
    alarm: time("time-local", { default: "07:15:00" }),
    strict: time("partial-time"),
    zoned: time("time"),
  };
  const fields = fieldsOf({ digest: "", parameters: { properties } });
  assert.deepEqual(fields.map(({ kind }) => kind), ["datetime", "datetime", "datetime", "time", "time", "text"]);
  assert.equal(controlValue(fields[0], "2026-01-31T12:00:05"), "2026-01-31T12:00:05");
  assert.equal(controlValue(fields[3]), "07:15:00");
  const moment = "2026-01-31T12:00";
  const { kwargs } = makeArguments(fields, { begin: moment, end: moment, at: moment, alarm: "07:15", strict: "07:15:30", zoned: "07:15:00Z" });
  const zoned = new Date(moment).toISOString();
  assert.deepEqual(kwargs, { begin: `${moment}:00`, end: zoned, at: zoned, alarm: "07:15:00", strict: "07:15:30", zoned: "07:15:00Z" });
});

test("a form begins with the defaults", () => {
  assert.deepEqual(typed(), { path: "", width: "256", fit: "1", crop: "", taken: "", due: "", sharpen: true, rest: "" });
});

test("what is left empty is left out, and what is required is missed", () => {
  const { kwargs, problems } = makeArguments(FIELDS, typed({}), SIGNATURE.order);
  assert.deepEqual(kwargs, { width: 256, fit: "cover", sharpen: true });
  assert.deepEqual(problems, { path: "is missing" });
});

test("text becomes values of the schema's types", () => {
  const form = typed({ path: " a.jpg", width: "64", fit: "0", crop: '{"left": 1}', due: "2024-02-29T12:00", sharpen: false });
  const { args, kwargs, problems } = makeArguments(FIELDS, form, SIGNATURE.order);
  assert.deepEqual(problems, {});
  assert.deepEqual(args, []);
  const due = new Date("2024-02-29T12:00").toISOString();
  assert.deepEqual(kwargs, { path: " a.jpg", width: 64, fit: "contain", crop: { left: 1 }, due, sharpen: false });
});

test("what cannot be a value is said at its field", () => {
  const { problems } = makeArguments(FIELDS, typed({ path: "a", width: "6.5", crop: "{", rest: "3" }), SIGNATURE.order);
  assert.equal(problems.width, "must be a whole number");
  assert.match(problems.crop, /^must be JSON: /);
  assert.equal(problems.rest, "must be a JSON list");
});

test("surplus arguments go by position, after those that have a place", () => {
  const { args, kwargs } = makeArguments(FIELDS, typed({ path: "a", rest: "[1, 2]" }), SIGNATURE.order);
  assert.deepEqual(args, ["a", 256, 1, 2]);
  assert.deepEqual(kwargs, { fit: "cover", sharpen: true });
});

test("the fraction of progress is that of the worker, and the text names the innermost open stage", () => {
  const [first, second] = [{ id: 1, name: "Read", ended_at: 5 }, { id: 2, name: "Write", started_at: 5, total: 2, done: 1 }];
  const coming = { id: 3, name: "Tell", started_at: 0, weight: 0.5 };
  assert.deepEqual(summarizeProgress({ stages: [first, second, coming] }), { fraction: null, text: "Write" });
  assert.deepEqual(summarizeProgress({ fraction: 0.9, message: "nearly", stages: [first, second] }), { fraction: 0.9, text: "nearly" });
  assert.deepEqual(summarizeProgress({ fraction: 7 }), { fraction: 1, text: "" });
  assert.deepEqual(summarizeProgress(null), { fraction: null, text: "" });
});

test("a bar is full only of what is done", () => {
  assert.deepEqual(["failed", "cancelled", "expired", "waiting", "ready"].map((state) => barShare(state, null)), [0, 0, 0, 0, 0]);
  assert.deepEqual(["failed", "running", "succeeded"].map((state) => barShare(state, 0.4)), [0.4, 0.4, 1]);
  assert.deepEqual([barShare("running", null), barShare("succeeded", null)], [null, 1]);
  for (const state of ["failed", "cancelled", "expired", "waiting"]) {
    assert.deepEqual([barShare(state, 1), shownFraction(state, 1), shownFraction(state, null)], [0.99, 0.99, null]); // it said so, and was wrong
  }
  assert.deepEqual(["running", "succeeded"].map((state) => [barShare(state, 1), shownFraction(state, 0.5)]), [[1, 0.5], [1, 1]]);
});

test("a stage is drawn by its own state, and its clock stops with its attempt", () => {
  const look = (stage, job) => stageLook({ id: 1, name: "x", started_at: 10, ...stage }, job.state, stagesEnd(job), 100);
  const running = { state: "running" };
  assert.deepEqual(look({}, running), { look: "running", share: null, done: 0, total: 0, seconds: 90, isMoving: true });
  assert.deepEqual(look({ ended_at: 12 }, running), { look: "succeeded", share: 1, done: 0, total: 0, seconds: 2, isMoving: false });
  assert.deepEqual(look({ ended_at: 12, failed: true }, running), { look: "failed", share: 0, done: 0, total: 0, seconds: 2, isMoving: false });
  assert.equal(look({ ended_at: 12, failed: true }, { state: "cancelled", finished_at: 12 }).look, "cancelled");
  assert.deepEqual(look({ started_at: 0, weight: 0.5 }, running), { look: "ready", share: 0, done: 0, total: 0, seconds: 0, isMoving: false });
  // its attempt failed at 30 and the next one comes at 200; the job runs no more
  const dead = { state: "waiting", due_at: 200, started_at: 9, attempts: [{ attempt: 1, ended_at: 30 }] };
  assert.deepEqual(look({ total: 4, done: 1 }, dead), { look: "waiting", share: 0.25, done: 1, total: 4, seconds: 20, isMoving: false });
  assert.equal(look({}, { state: "failed", finished_at: 40 }).seconds, 30);
  const broken = { total: 5, done: 5, ended_at: 12, failed: true };
  assert.deepEqual([look(broken, running).share, look({ total: 5, done: 5 }, { state: "failed", finished_at: 40 }).share], [0.99, 0.99]);
  assert.deepEqual([look({ total: 5, done: 5 }, running).share, look({ total: 5, done: 5, ended_at: 12 }, dead).share], [1, 1]);
});

test("durations and times are short", () => {
  assert.deepEqual([0.0123, 0.9999, 9.96, 61, 3600, 90_000].map(format.duration), ["12 ms", "1.0 s", "9 s", "1 min 01 s", "1 h 00 min", "1 d 1 h"]);
  assert.deepEqual([100, 70, 40, -20].map((time) => format.ago(time, 100)), ["just now", "30 s ago", "1 min ago", "2 min ago"]);
  assert.equal(format.ago(100, 40), "in 1 min 00 s");
  assert.equal(format.percent(0.999), "99 %");
});

test("each page of the dashboard is in one table, with a word, a key and an icon of its own", async () => {
  const { PAGES } = await import("../../web/taskbahn_web/static/app/shell/page-table.js");
  for (const what of ["page", "name", "key", "icon"]) assert.equal(new Set(PAGES.map((row) => row[what])).size, PAGES.length);
  const files = (await readdir(new URL("../../web/taskbahn_web/static/app/pages/", import.meta.url))).map((file) => file.replace(".js", ""));
  for (const { page, load, loadOne } of PAGES) {
    assert.ok(files.includes(page));
    assert.match(String(load), new RegExp(`/${page}\\.js"`));
    if (loadOne) assert.match(String(loadOne), new RegExp(`/${page.replace(/s$/, "")}\\.js"`));
  }
});

test("each page of the dashboard is documented, and tests look at all of them", async () => {
  const { PAGES } = await import("../../web/taskbahn_web/static/app/shell/page-table.js");
  const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const [docs, overview, accessibility] = await Promise.all(
    ["docs/dashboard.md", "tests/browser/test_overview.py", "tests/browser/test_accessibility.py"].map(read),
  );
  for (const { page, name, key } of PAGES) {
    const word = page === "overview" ? "" : page;
    assert.ok(docs.includes(`\n## ${name}\n`), `docs/dashboard.md needs a section ${name}`);
    assert.match(docs, new RegExp(`\`g ${key}\`\\s${name}`, "i"), `docs/dashboard.md needs the key of ${name}`);
    assert.match(overview, new RegExp(`^PAGES = .*"${word}"`, "m"), `PAGES in tests/browser/test_overview.py needs "${word}"`);
    assert.ok(accessibility.includes(`"#/${word}":`), `PAGES in tests/browser/test_accessibility.py needs "#/${word}"`);
  }
});
