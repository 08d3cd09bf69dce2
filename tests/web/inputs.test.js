import assert from "node:assert/strict";
import { test } from "node:test";

import { originText, shownArgument } from "../../web/taskbahn_web/static/app/text/input-text.js";

const ID = "01890000-0000-7000-8000-000000000001";

/** @param {number} position @param {object} [more] */
function input(position, more) {
  return { position, job: ID, task: "a.count", state: /** @type {const} */ ("running"), ...more };
}

test("an argument from another job is its value when that is known, and else whose result it is", () => {
  const inputs = [input(0), input(1, { value: '{"n":1}' }), input(2, { label: "sum", value: '"xx', is_cut: true }), input(3, { value: "null" })];
  const origin = originText(inputs[0]);
  assert.match(origin, /^← result of a\.count \(.+\)$/);
  assert.deepEqual(shownArgument({ $input: 0 }, inputs), origin);
  assert.deepEqual(shownArgument([{ $input: 1 }, { $input: 3 }, 5], inputs), [{ n: 1 }, null, 5]);
  assert.match(String(shownArgument({ $input: 2 }, inputs)), /^← result of sum /);
  assert.equal(shownArgument({ $input: 9 }, inputs), "← result of another job");
});

test("what only looks like a reference is shown as it is", () => {
  assert.deepEqual(shownArgument({ $literal: { $input: 0 } }, [input(0)]), { $input: 0 });
  assert.deepEqual(shownArgument({ a: { $input: 0 } }, [input(0)]), { a: { $input: 0 } });
});
