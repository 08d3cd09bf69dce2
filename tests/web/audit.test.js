/** The audit in pages: its entries in words and links, and the client that reads them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { audit } from "../../web/taskbahn_web/static/client/audit.js";
import { effectText, fromText, objectLink, objectText, sinceOf, whoText } from "../../web/taskbahn_web/static/app/text/audit-text.js";

const JOB = "01a22dd7-c3a7-743d-82b8-14677ebbf2c4";

/** A connection whose router has pages, and the questions that it got. */
function connected(pages) {
  const asked = [];
  const session = { call: (uri, args, kwargs) => (asked.push([uri, args, kwargs]), { result: Promise.resolve(pages.shift()) }) };
  return { asked, connection: { session: async () => session, onSession: () => () => undefined } };
}

test("short pages lead to as many entries as are wanted", async () => {
  const entry = (id) => ({ id });
  const { asked, connection } = connected([{ entries: [], next: 40 }, { entries: [entry(39), entry(38)], next: 20 }, { entries: [entry(12)], next: 5 }]);
  assert.deepEqual(await audit(connection, { verb: "cancel", since: new Date(7000), who: "", limit: 3 }), { entries: [entry(39), entry(38), entry(12)], next: 5 });
  assert.deepEqual(asked.map(([, , words]) => words), [
    { verb: "cancel", since: 7, limit: 3 },
    { verb: "cancel", since: 7, limit: 3, before: 40 },
    { verb: "cancel", since: 7, limit: 1, before: 20 },
  ]);
});

test("a misspelt word of a question is an error", async () => {
  const { connection } = connected([]);
  await assert.rejects(audit(connection, { whom: "ada" }), /whom/);
});

test("an entry says who did it, without the random user of an anonymous session", () => {
  assert.equal(whoText({ name: "Ada", authid: "RA9A-5ES4", role: "anonymous" }), "Ada");
  assert.equal(whoText({ authid: "RA9A-5ES4", role: "anonymous" }), "unknown");
  assert.equal(whoText({ name: "Ada", authid: "ci", role: "operator" }), "ci (Ada)");
  assert.equal(whoText({ name: "ada", authid: "ada", role: "operator" }), "ada");
  assert.equal(fromText({ address: "::1", transport: "websocket, tls", role: "operator", session: 7 }), "::1, websocket, tls, role operator, session 7");
});

test("an object leads to its page, if it has one", () => {
  const at = (kind, object, jobs, verb = "pause") => objectLink({ kind, verb, object, jobs });
  assert.equal(at("job", JOB), `#/jobs/${JOB}`);
  assert.equal(at("job", "", [JOB]), `#/jobs/${JOB}`);
  assert.equal(at("job", "", [JOB, JOB]), null);
  assert.equal(at("queue", "it's slow"), "#/jobs?q=queue%3A%27it%27%27s+slow%27");
  assert.equal(at("key", 'stripe["acme"]'), "#/limits/stripe");
  assert.equal(at("key", "0f3a", [], "revoke"), null, "a key of a login is no key of a limit");
  assert.equal(at("schedule", "nightly"), "#/schedules/nightly");
  assert.equal(at("system", ""), null);
  assert.equal(at("user", "ada"), null);
});

test("an entry says what was done to how many", () => {
  assert.equal(objectText({ kind: "job", object: "", changed: 3, jobs: [JOB] }), "3 jobs");
  assert.equal(objectText({ kind: "system" }), "the system");
  assert.equal(objectText({ kind: "worker", object: "w1" }), "worker w1");
  assert.equal(effectText({ effect: "refused: wrong password", times: 27 }), "refused: wrong password (27 times)");
  assert.deepEqual(["1h", "7d", "", "x"].map((age) => sinceOf(age, 1e6)), [996_400, 395_200, undefined, undefined]);
});
