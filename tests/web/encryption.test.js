/** Envelopes in the page: what Python has encrypted comes out, what was moved or changed does not, and values keep their order. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { withoutCiphertext } from "../../web/taskbahn_web/static/client/ciphertext.js";
import { envelopeOf, KeyRing } from "../../web/taskbahn_web/static/client/keys.js";
import { withKeys } from "../../web/taskbahn_web/static/client/keyed-session.js";
import { keyOf, readable, revealed } from "../../web/taskbahn_web/static/client/revealing.js";
import { entryOf, sealedFlow } from "../../web/taskbahn_web/static/client/sealing.js";

const KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
const JOB = "0190a000-0000-7000-8000-000000000001";
const OTHER = "0190a000-0000-7000-8000-000000000002";
const ring = new KeyRing({ k1: KEY });
const view = { id: JOB, task: "a.task", state: "succeeded" };

test("arguments and results come out of a view, large integers and secrets as they are", async () => {
  const { packed } = await entryOf(ring, "a.task", JOB, [12345678901234567890n, { $secret: [1] }], { name: "ä\ud83d\ude00" }, { encrypt: true });
  const [args, kwargs] = JSON.parse(packed);
  const result = await ring.encrypt('{"number":12345678901234567890}', "result", JOB);
  const shown = await revealed(ring, { ...view, args, kwargs, result });
  assert.deepEqual(shown.args, [12345678901234567890n, { $$secret: [1] }]);
  assert.deepEqual(shown.kwargs, { name: "ä\ud83d\ude00" });
  assert.deepEqual(shown.result, { number: 12345678901234567890n });
  assert.equal(shown.encrypted_by, "k1");
  assert.equal(keyOf({ args }), "k1");
});

test("what belongs to another place stays encrypted", async () => {
  const result = await ring.encrypt("1", "result", OTHER);
  const moved = { $encrypted: result.$encrypted.replace(OTHER, JOB) };
  const otherKey = await new KeyRing({ k1: KEY.replace("q", "r") }).encrypt("1", "result", JOB);
  const log = { job: JOB, kind: "log", number: 1, data: { level: "INFO", message: JSON.stringify(await ring.encrypt('{"message":"m"}', "log", OTHER)) } };
  for (const one of [result, moved, otherKey, { $encrypted: `${result.$encrypted}A` }]) {
    assert.deepEqual((await revealed(ring, { ...view, result: one })).result, one);
  }
  assert.deepEqual(await revealed(ring, log), log);
  assert.throws(() => readable([result]), /encrypted with key k1, which this page lacks/);
});

test("a flow's members are encrypted with holes for what others give", async () => {
  const flow = { chain: [{ task: "a.task", args: [{ $output: "n1" }, [1, { $output: "n2" }], { $literal: { $output: 1 } }], kwargs: {}, options: { encrypt: true, queue: "q" } }, { task: "b.task", args: [1] }] };
  const made = await sealedFlow(ring, flow);
  const [first, second] = /** @type {any[]} */ (made.chain);
  assert.deepEqual(second, { task: "b.task", args: [1] });
  assert.deepEqual(first.options, { queue: "q" });
  const [[sealed, ...outer]] = JSON.parse(first.packed);
  assert.deepEqual(outer, [{ $output: "n1" }, { $output: "n2" }]);
  const envelope = envelopeOf(sealed, "arguments");
  assert.ok(envelope);
  assert.deepEqual(JSON.parse(await ring.decrypt(envelope, "a.task")), { holes: [[0], [1, 1]], packed: [[null, [1, null], { $output: 1 }], {}] });
});

test("values of one call keep their order, and its result comes last", async () => {
  const large = await ring.encrypt(JSON.stringify("x".repeat(500_000)), "chunk", JOB);
  const small = await ring.encrypt("2", "chunk", JOB);
  const event = (/** @type {number} */ number, /** @type {unknown} */ data) => ({ job: JOB, kind: "chunk", number, data });
  const session = /** @type {any} */ ({
    call(/** @type {string} */ _, /** @type {unknown[]} */ __, /** @type {object} */ ___, /** @type {(value: any) => void} */ onProgress) {
      onProgress({ events: [event(1, large)] });
      onProgress({ events: [event(2, small)] });
      onProgress({ events: [event(3, "plain")] });
      return { result: Promise.resolve({ ...view, result: null }), cancel() {} };
    },
  });
  const keyed = await withKeys(async () => session, ring)("", () => {});
  /** @type {any[]} */
  const seen = [];
  const end = await keyed.call("taskbahn.job.watch", [], {}, ({ events }) => seen.push(events[0].data));
  seen.push((await end.result).state);
  assert.deepEqual(seen.map((one) => (one.length > 10 ? one.length : one)), [500_000, 2, "plain", "succeeded"]);
});

test("a wrong key is refused without a word of it", () => {
  for (const keys of [{ k1: KEY.slice(4) }, { "a key": KEY }, { k1: "?" }, { k1: /** @type {any} */ (5) }]) {
    assert.throws(() => new KeyRing(keys), (/** @type {any} */ error) => error.uri === "taskbahn.error.invalid_option" && !error.message.includes(KEY.slice(4, 16)));
  }
});

test("texts name the key in the place of ciphertext, also of one that was cut", () => {
  const text = '{"$encrypted":"1.error.k1.0190a000-0000-7000-8000-000000000001.abcdef"}';
  assert.equal(withoutCiphertext(`ValueError: ${text}`), "ValueError: encrypted (key k1)");
  assert.equal(withoutCiphertext(text.slice(0, -4)), "encrypted (key k1)");
});

test("a session with keys says who it is, also after another token", async () => {
  const session = /** @type {any} */ ({ who: { name: "shop", role: "browser" } });
  const keyed = await withKeys(async () => session, ring)("", () => {});
  assert.equal(keyed.who?.name, "shop");
  keyed.who = { name: "shop", role: "browser", token: "b2" };
  assert.equal(session.who.token, "b2");
});
