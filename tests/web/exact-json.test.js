/** Integers of any size, there and back; and numbers that JSON has no word for. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, parseMarked, stringify, stringifyStrict } from "../../web/taskbahn_web/static/client/exact-json.js";
import { FixedWampy } from "../../web/taskbahn_web/static/client/wampy-fixes.js";
import { pythonValue, javascriptCall } from "../../web/taskbahn_web/static/app/text/call-snippets.js";
import { makeArguments, controlValue } from "../../web/taskbahn_web/static/shared/values.js";
import { stageLook } from "../../web/taskbahn_web/static/shared/stages.js";
import { json } from "../../web/taskbahn_web/static/shared/format.js";

const BIG = 2n ** 70n;
const VALUES = [0, -1, 2 ** 53 - 1, 2n ** 53n, -(2n ** 53n), BIG, -BIG, 10n ** 400n, 0.1234567890123456789, 1e300, "1180591620717411303424", '"\\"1180591620717411303424', "\\", "é\u0000", null, true];

for (const [name, read] of Object.entries({ parse, parseMarked })) {
  test(`${name}: every value arrives as it was`, () => {
    const nested = { list: VALUES, [`${BIG}`]: { deep: [[BIG]] }, "a\\": BIG, ['"']: [BIG, "x", BIG] };
    assert.deepEqual(read(stringify(nested)), nested);
    assert.deepEqual(read(stringify(nested, 2)), nested);
    for (const value of VALUES) assert.deepEqual(read(stringify(value)), value);
  });

  test(`${name}: only integers become BigInt`, () => {
    assert.deepEqual(read("[1180591620717411303424, 1180591620717411303424.5, 1e30, 9007199254740991, 9007199254740993]"), [BIG, 2 ** 70, 1e30, 2 ** 53 - 1, 2n ** 53n + 1n]);
    assert.throws(() => read('{"a": 1180591620717411303424'), SyntaxError);
  });
}

test("what is small is as with JSON, and what is a BigInt within it a plain integer", () => {
  assert.equal(stringify({ a: [1, "b"] }), '{"a":[1,"b"]}');
  assert.equal(stringify([1n, -(2n ** 64n)]), "[1,-18446744073709551616]");
  assert.equal(stringify(undefined), undefined);
});

test("a message keeps integers, and numbers that are not finite are refused, not written as null", () => {
  assert.equal(stringifyStrict([48, 1, {}, "a.task", [BIG, null]]), `[48,1,{},"a.task",[${BIG},null]]`);
  for (const number of [NaN, Infinity, -Infinity]) {
    assert.throws(() => stringifyStrict([{ x: [number] }]), /is no JSON; pass null or a text/);
    assert.throws(() => stringifyStrict([{ x: number, y: BIG }]), /is no JSON/);
  }
  const loop = [];
  loop.push(loop);
  assert.throws(() => stringifyStrict(loop), TypeError);
});

test("a session reads and writes them", () => {
  const wampy = Object.create(FixedWampy.prototype);
  assert.deepEqual(wampy._decode(`[50,1,{},[${BIG}]]`), [50, 1, {}, [BIG]]);
  assert.equal(wampy._encode([48, 1, {}, "a", [BIG]]), `[48,1,{},"a",[${BIG}]]`);
  assert.throws(() => wampy._encode([NaN]), { uri: "taskbahn.error.invalid_request" });
});

test("pages show them exactly, and forms take them", () => {
  assert.equal(json({ a: BIG }), `{\n  "a": ${BIG}\n}`);
  assert.equal(pythonValue([BIG]), `[${BIG}]`);
  assert.match(javascriptCall({ task: "a.b", args: [BIG], kwargs: {}, url: "ws://a/ws" }), new RegExp(`\\[${BIG}n\\]`));
  const field = { name: "n", kind: "integer", schema: { type: "integer" }, choices: [], isRequired: true };
  assert.deepEqual(makeArguments([field], { n: ` +${BIG} ` }).kwargs, { n: BIG });
  assert.deepEqual(makeArguments([field], { n: "12" }).kwargs, { n: 12 });
  assert.equal(makeArguments([field], { n: "1.5" }).problems.n, "must be a whole number");
  assert.equal(controlValue(field, BIG), String(BIG));
  assert.deepEqual(makeArguments([{ ...field, kind: "json", schema: {} }], { n: `[${BIG}]` }).kwargs, { n: [BIG] });
});

test("a stage with a huge total has a share", () => {
  assert.equal(stageLook({ id: 1, name: "s", total: 2n ** 60n, done: 2n ** 59n }, "running", null, 0).share, 0.5);
});
