import assert from "node:assert/strict";
import { test } from "node:test";

import { docstringProse } from "../../web/taskbahn_web/static/app/text/docstring.js";
import { bytes, cores, share } from "../../web/taskbahn_web/static/app/text/measures.js";
import { slotSquares } from "../../web/taskbahn_web/static/app/text/slot-squares.js";
import { javascriptCall, pythonCall, pythonValue, shellCommand } from "../../web/taskbahn_web/static/app/text/call-snippets.js";
import { mergeColumns } from "../../web/taskbahn_web/static/app/charts/merge-columns.js";
import { optionFields, makeOptions } from "../../web/taskbahn_web/static/app/text/task-options.js";
import { exampleOf, limitsText, typeText } from "../../web/taskbahn_web/static/shared/schema-text.js";
import { fieldsOf, FURTHER_FIELD, kindText } from "../../web/taskbahn_web/static/shared/schema.js";
import { controlValue, makeArguments, placeholderText } from "../../web/taskbahn_web/static/shared/values.js";

const BOX = {
  title: "Box",
  type: "object",
  properties: { left: { type: "integer" }, size: { type: "integer", default: 1 }, tags: { type: "array" }, note: { type: "string" } },
  required: ["left"],
};

function field(schema, { required = true, definitions = { Box: BOX } } = {}) {
  return fieldsOf({ digest: "", parameters: { properties: { it: schema }, required: required ? ["it"] : [], $defs: definitions } })[0];
}

test("a type is said in a word or two", () => {
  const said = {
    text: { type: "string" },
    "integer or none": { anyOf: [{ type: "integer" }, { type: "null" }] },
    "integer or text": { type: ["integer", "string"] },
    "contain or cover": { enum: ["contain", "cover"] },
    3: { const: 3 },
    Box: { $ref: "#/$defs/Box" },
    "list of Box": { type: "array", items: { $ref: "#/$defs/Box" } },
    "set of text": { type: "array", items: { type: "string" }, uniqueItems: true },
    "list: integer, text": { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], items: false },
    "map of names to number": { type: "object", additionalProperties: { type: "number" } },
    "date and time": { type: "string", format: "date-time-local" },
    "time of day": { type: "string", format: "time-local" },
    bytes: { type: "string", contentEncoding: "base64" },
    "true or false": { type: "boolean" },
    anything: {},
  };
  for (const [words, schema] of Object.entries(said)) assert.equal(typeText(schema), words);
});

test("limits are said in words", () => {
  assert.equal(limitsText({ minimum: 16, maximum: 4096 }), "16 to 4096");
  assert.equal(limitsText({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), "more than 0, less than 1");
  assert.equal(limitsText({ minLength: 1, pattern: "^a" }), "at least 1 character, matches ^a");
  assert.equal(limitsText({ minItems: 2, multipleOf: 5 }), "at least 2 entries, a multiple of 5");
  assert.equal(limitsText({ type: "string" }), "");
});

test("an example has what is required, what has a default, and empty lists", () => {
  assert.deepEqual(exampleOf({ $ref: "#/$defs/Box" }, { Box: BOX }), { left: 1, size: 1, tags: [] });
  assert.equal(exampleOf({ type: "integer", minimum: 16 }, {}), 16);
  assert.equal(exampleOf({ type: "string", format: "date" }, {}), "2026-01-31");
  const endless = { title: "Node", type: "object", properties: { next: { $ref: "#/$defs/Node" } }, required: ["next"] };
  assert.match(JSON.stringify(exampleOf({ $ref: "#/$defs/Node" }, { Node: endless })), /^\{"next":/);
});

test("an example is shown in an empty field, and is no value", () => {
  const kinds = [{ $ref: "#/$defs/Box" }, { type: "object", properties: { a: { type: "string" } }, required: ["a"] }, { type: "array" }, { type: "string" }, { type: "integer" }, {}];
  for (const schema of [...kinds, ...["date", "time", "date-time", "uuid", "decimal", "duration"].map((format) => ({ type: "string", format })), { enum: [3, 1] }]) {
    const required = field(schema);
    assert.equal(controlValue(required), "", JSON.stringify(schema));
    assert.deepEqual(makeArguments([required], { it: controlValue(required) }), { args: [], kwargs: {}, problems: { it: "is missing" } });
  }
  assert.equal(placeholderText(field({ $ref: "#/$defs/Box" })), '{"left":1,"size":1,"tags":[]}');
  assert.equal(placeholderText(field({ anyOf: [{ $ref: "#/$defs/Box" }, { type: "null" }] })), 'none, or {"left":1,"size":1,"tags":[]}');
  assert.equal(placeholderText(field({ type: "string" })), "");
  assert.equal(controlValue(field({ anyOf: [{ $ref: "#/$defs/Box" }, { type: "null" }] })), "");
});

test("what may be text is text unless it is JSON, and goes back and forth unchanged", () => {
  const any = field({});
  const union = field({ anyOf: [{ type: "integer" }, { type: "string" }] });
  for (const value of ["abc", "5", "", 5, null, true, "true", { a: [1] }, ["x"]]) {
    const { kwargs } = makeArguments([any], { it: controlValue(any, value) });
    assert.deepEqual(kwargs.it ?? null, value, JSON.stringify(value));
  }
  assert.deepEqual(makeArguments([union], { it: "abc" }).kwargs, { it: "abc" });
  assert.deepEqual(makeArguments([union], { it: "5" }).kwargs, { it: 5 });
  const list = field({ type: "array", items: { type: "string" } });
  assert.match(makeArguments([list], { it: "abc" }).problems.it, /^must be JSON: /);
});

test("a whole number that a browser would round is taken as a BigInt", () => {
  const { kwargs, problems } = makeArguments([field({ type: "integer" })], { it: "12345678901234567890" });
  assert.deepEqual([kwargs, problems], [{ it: 12345678901234567890n }, {}]);
});

test("arguments beyond the named ones have a field where the task takes some", () => {
  const parameters = { properties: { a: { type: "integer" } }, required: ["a"], additionalProperties: { type: "number" } };
  const fields = fieldsOf({ digest: "", parameters });
  assert.deepEqual(fields.map(({ name }) => name), ["a", FURTHER_FIELD]);
  assert.equal(controlValue(fields[1]), "");
  assert.deepEqual(makeArguments(fields, { a: "1", [FURTHER_FIELD]: '{"x": 2}' }).kwargs, { a: 1, x: 2 });
  assert.deepEqual(makeArguments(fields, { a: "1", [FURTHER_FIELD]: "" }).kwargs, { a: 1 });
  assert.equal(makeArguments(fields, { a: "1", [FURTHER_FIELD]: "[]" }).problems[FURTHER_FIELD], "must be a JSON object");
  assert.equal(fieldsOf({ digest: "", parameters: { ...parameters, additionalProperties: false } }).length, 1);
});

test("a field says what it takes", () => {
  assert.equal(kindText(field({ type: "array", items: { $ref: "#/$defs/Box" } })), "list of Box");
  assert.equal(kindText(field({ enum: ["a", "b", "c"] }, { required: false })), "choice, optional");
  assert.equal(field({ type: "string", contentEncoding: "base64" }).kind, "bytes");
});

test("options are as the task has them where nothing is given", () => {
  const fields = optionFields({ name: "t", options: { queue: "mail", tags: ["a", "b"] } });
  assert.deepEqual(fields.map(({ name, placeholder }) => [name, placeholder]), [
    ["queue", "mail"],
    ["priority", "0"],
    ["delay", "0"],
    ["run_within", "no limit"],
    ["retries", "0"],
    ["tags", "a b"],
  ]);
  assert.deepEqual(makeOptions(fields, {}), { options: {}, problems: {} });
  assert.deepEqual(makeOptions(fields, { queue: "slow", delay: "1.5", tags: "x, y" }).options, { queue: "slow", delay: 1.5, tags: ["x", "y"] });
  assert.equal(makeOptions(fields, { priority: "high" }).problems.priority, "must be a whole number");
});

const CALL = { task: "images.crop", args: [1], kwargs: { path: "a b.jpg", box: { left: 1 }, sharp: true, "odd-name": null }, url: "ws://node:8080/ws" };

test("a call is written in Python, JavaScript and for a shell", () => {
  assert.equal(
    pythonCall({ ...CALL, options: { priority: 5 } }),
    'from taskbahn import Taskbahn\n\napp = Taskbahn("ws://node:8080/ws")\ntask = app.get("images.crop").options(priority=5)\n' +
      'job = task.start(1, path="a b.jpg", box={"left": 1}, sharp=True, **{"odd-name": None})\nprint(job.result())',
  );
  assert.match(javascriptCall(CALL), /bahn\.start\("images\.crop", \[1\], \{ path: "a b\.jpg", box: \{ left: 1 \}, sharp: true, "odd-name": null \}\);/);
  assert.match(javascriptCall(CALL), /^import \{ connect \} from "http:\/\/node:8080\/taskbahn\.js";/);
  assert.match(javascriptCall({ ...CALL, args: [], kwargs: {} }), /bahn\.start\("images\.crop"\);/);
  assert.equal(
    shellCommand({ ...CALL, kwargs: { path: "a'b.jpg", digits: "5", box: { left: 1 } }, options: { tags: ["x"] } }),
    `taskbahn call images.crop 1 'path=a'\\''b.jpg' 'digits="5"' 'box={"left":1}' -o 'tags=["x"]' --url ws://node:8080/ws --follow`,
  );
  assert.equal(pythonValue([null, false, { a: "é\n" }]), '[None, False, {"a": "é\\n"}]');
});

test("a history becomes columns that end now, and loses no job", () => {
  const succeeded = Array.from({ length: 288 }, (_, index) => (index % 7 ? index : null));
  const failed = succeeded.map(() => 1);
  const columns = mergeColumns({ start: 1000, step: 300, succeeded, failed }, 48);
  assert.equal(columns.length, 48);
  assert.equal(columns.at(-1).at, 1000 + 282 * 300);
  const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);
  assert.equal(sum(columns.map((column) => column.succeeded)), sum(succeeded));
  assert.equal(sum(columns.map((column) => column.failed)), 288);
  const uneven = mergeColumns({ start: 0, step: 1, succeeded: [1, 1, 1, 1, 1], failed: [0, 0, 0, 0, 0] }, 2);
  assert.deepEqual(uneven.map((column) => column.succeeded), [2, 3]);
});

test("a docstring is shown without the lines that the fields show", () => {
  const signature = { digest: "", parameters: { properties: { path: { type: "string", description: "where" } } } };
  const doc = "Make it small.\n\nIt is cut.\n\nArgs:\n    path: where\n    more: of it\n\nReturns:\n    the new path";
  assert.equal(docstringProse(doc, signature), "Make it small.\n\nIt is cut.\n\nReturns:\n    the new path");
  assert.equal(docstringProse("Do it.\n\n:param path: where\n:returns: it", signature), "Do it.\n\n:returns: it");
  assert.equal(docstringProse(doc, { digest: "", parameters: { properties: { path: { type: "string" } } } }), doc);
  assert.equal(docstringProse(undefined, null), "");
});

test("what machines are measured in is short, and a share never says all or none when it is not", () => {
  assert.deepEqual([0, 999, 48_300_000, 512_000_000, 3_200_000_000].map(bytes), ["0 bytes", "999 bytes", "48.3 MB", "512 MB", "3.2 GB"]);
  assert.deepEqual([0, 1, 2.46, 12.4].map(cores), ["0 cores", "1.0 core", "2.5 cores", "12 cores"]);
  assert.deepEqual(
    [[0, 10], [1, 10_000], [1, 300], [1, 3], [9999, 10_000], [10, 10], [0, 0]].map(([part, whole]) => share(part, whole)),
    ["0 %", "< 0.1 %", "0.3 %", "33 %", "99.9 %", "100 %", ""],
  );
});

test("each slot is a square, unless there are very many", () => {
  assert.deepEqual(slotSquares(3, 1), [true, false, false]);
  assert.deepEqual(slotSquares(1, 2), [true, true]);
  assert.deepEqual(slotSquares(1000, 1), []);
});

const said = (schema, typed, definitions) => {
  const made = field(schema, { definitions });
  return makeArguments([made], { it: typed }).problems.it ?? "";
};

test("durations are typed as options take them, and sent as ISO 8601", () => {
  const span = field({ type: "string", format: "duration" });
  const sent = (typed) => makeArguments([span], { it: typed }).kwargs.it;
  assert.deepEqual(["1h30m", "2d", "1d 2h", "90s", "250ms", "0s", "PT1H30M", "1:30:00"].map(sent), ["PT1H30M", "P2D", undefined, "PT90S", "PT0.25S", "PT0S", "PT1H30M", "1:30:00"]);
  for (const wrong of ["1h30", "soon", "PT", "P1H", "90"]) assert.equal(said({ type: "string", format: "duration" }, wrong), "must be a duration such as 1h30m or PT1H30M");
});

test("texts of a format are checked while they are typed", () => {
  const bytes = { type: "string", contentEncoding: "base64" };
  for (const right of ["AAEC", "AA==", "AAE="]) assert.equal(said(bytes, right), "");
  for (const wrong of ["???", "AAE", "AA EC", "A==="]) assert.equal(said(bytes, wrong), "must be bytes as base64, such as AAEC");
  assert.equal(said({ type: "string", format: "uuid" }, "abc"), "must be a UUID");
  assert.equal(said({ type: "string", format: "decimal" }, "1,5"), "must be a decimal number");
  for (const right of ["1.50", "-.5", "1e-9", "Infinity"]) assert.equal(said({ type: "string", format: "decimal" }, right), "");
  assert.equal(said({ type: "string", format: "email" }, "anything"), "");
});

test("values are held to the whole schema, with the place of what is wrong", () => {
  const counts = { type: "object", additionalProperties: { type: "integer" } };
  assert.equal(said(counts, '{"a": "x"}'), "is wrong at a: must be a whole number");
  assert.equal(said(counts, '{"a": 1}'), "");
  assert.equal(said({ type: "array", items: counts }, '[{}, {"b": 1.5}]'), "is wrong at 1.b: must be a whole number");
  assert.equal(said({ type: "integer", minimum: 16, maximum: 20 }, "9"), "must be at least 16");
  assert.equal(said({ type: "string", minLength: 3 }, "ab"), "must have at least 3 characters");
  assert.equal(said({ type: "string", pattern: "^[a-z]+$" }, "A"), "must match ^[a-z]+$");
  assert.equal(said({ type: "string", pattern: "(?P<a>x)" }, "A"), ""); // one of Python's alone
  assert.equal(said({ anyOf: [{ type: "integer" }, { type: "array", items: { type: "integer" } }] }, "true"), "must be a whole number or a JSON list");
  assert.equal(said({ anyOf: [{ type: "integer" }, { type: "array", items: { type: "integer" } }] }, '["a"]'), "is wrong at 0: must be a whole number");
  assert.equal(said({ anyOf: [counts, { type: "null" }] }, "null"), "");
  const tree = { type: "object", properties: { kids: { type: "array", items: { $ref: "#/$defs/Tree" } } }, required: ["kids"], additionalProperties: false };
  assert.equal(said({ $ref: "#/$defs/Tree" }, '{"kids": [{"kids": []}]}', { Tree: tree }), "");
  assert.equal(said({ $ref: "#/$defs/Tree" }, '{"kids": [{}]}', { Tree: tree }), "is wrong at kids.0.kids: is missing");
  assert.equal(said({ $ref: "#/$defs/Tree" }, '{"kids": [], "x": 1}', { Tree: tree }), "is wrong at x: is not taken here");
});

test("a required choice begins empty, unless there is only one", () => {
  assert.equal(controlValue(field({ enum: ["a", "b"] })), "");
  assert.equal(controlValue(field({ enum: ["a", "b"], default: "b" })), "1");
  assert.equal(controlValue(field({ enum: ["a"] })), "0");
  assert.equal(said({ enum: ["a", "b"] }, ""), "is missing");
});

test("the members of an enum of numbers are called by their names", () => {
  const $defs = { Level: { title: "Level", enum: [3, 1, null], "x-enum-varnames": ["HIGH", "LOW", "NONE"] } };
  const [level] = fieldsOf({ digest: "", parameters: { properties: { level: { $ref: "#/$defs/Level" } }, required: ["level"], $defs } });
  assert.deepEqual([level.choices, level.labels, level.isNullable], [[3, 1], ["HIGH (3)", "LOW (1)"], true]);
  assert.equal(level.type, "HIGH (3) or LOW (1)");
  const [plain] = fieldsOf({ digest: "", parameters: { properties: { size: { enum: ["s", "m"] } }, required: [], $defs } });
  assert.deepEqual(plain.labels, ["s", "m"]);
});
