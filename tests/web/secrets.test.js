import assert from "node:assert/strict";
import { test } from "node:test";

import { callCode } from "../../web/taskbahn_web/static/app/text/schedule-fields.js";
import { hasSecrets, isHidden, opened, openedResult } from "../../web/taskbahn_web/static/client/secrets.js";
import { json } from "../../web/taskbahn_web/static/shared/format.js";
import { fieldsOf } from "../../web/taskbahn_web/static/shared/schema.js";
import { controlValue } from "../../web/taskbahn_web/static/shared/values.js";

const MARK = { $secret: true };

test("what travels is opened, and data that looks like a secret is data", () => {
  const travels = { card: { $secret: ["4711"] }, list: [{ $secret: [{ a: { $secret: [1] } }, "plain"] }], $$secret: [1], $$$secret: 2 };
  assert.deepEqual(opened(travels), { card: "4711", list: [{ a: 1 }], $secret: [1], $$secret: 2 });
  assert.deepEqual([1, "$secret", null, [{ secret: 1 }], { a: [MARK] }, { $$secret: 1 }].map(hasSecrets), [false, false, false, false, true, true]);
  assert.deepEqual([MARK, { $secret: false }, { ...MARK, b: 1 }, [MARK], null].map(isHidden), [true, false, false, false, false]);
});

test("the result of a job of another is refused, not taken for its mark", () => {
  assert.deepEqual(openedResult(["j", "succeeded", '[{"$secret":["a"]},{"$$secret":true}]', null]), ["a", { $secret: true }]);
  assert.throws(() => openedResult(["j", "succeeded", '[{"$secret":true}]', null]), { uri: "taskbahn.error.caller", message: /only the one who started/ });
});

test("a secret is shown as one, and a text of the same characters is not", () => {
  assert.equal(json(MARK), "hidden");
  assert.equal(json([MARK, '{"$secret": true}', "hidden"], "verborgen"), '[\n  verborgen,\n  "{\\"$secret\\": true}",\n  "hidden"\n]');
  assert.equal(callCode({ task: "a.b", packed: '[[{"$secret":true}],{"x":{"$secret":true}}]' }), "a.b(hidden, x=hidden)");
});

test("a form begins without the mark of a secret", () => {
  const [field] = fieldsOf({ digest: "", parameters: { properties: { card: { type: "string", writeOnly: true, format: "password" } }, required: ["card"] } });
  assert.equal(field.schema.writeOnly, true);
  assert.equal(controlValue(field, MARK), "");
});
