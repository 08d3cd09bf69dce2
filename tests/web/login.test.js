/** How a page logs in: what each session is opened with, and what becomes of requests when the node refuses it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { INVALID_TOKEN, loginOptions, loginRefusal, textOf } from "../../web/taskbahn_web/static/client/login.js";
import { Bahn, connect } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

test("a token is a text, or a function that is called for each session", async () => {
  let count = 0;
  assert.equal(await textOf(" abc\n"), "abc");
  const token = async () => `token ${++count}`;
  assert.deepEqual([await textOf(token), await textOf(token)], ["token 1", "token 2"]);
  for (const wrong of ["", "  ", () => undefined, async () => 3]) {
    await assert.rejects(textOf(wrong), { uri: INVALID_TOKEN, message: /no text/ });
  }
});

test("each session is opened with the token that the page gave", async () => {
  const router = new FakeRouter();
  const token = () => "abc";
  const bahn = await connect({ dial: router.dial, token });
  bahn.close();
  assert.deepEqual(await Promise.all(router.tokens.map((given) => given())), ["abc"]);
});

test("the node's login gets the token as a ticket, and one without login gets nothing", () => {
  const { authmethods, onChallenge } = loginOptions("abc");
  assert.deepEqual([authmethods, onChallenge()], [["ticket", "anonymous"], "abc"]);
});

test("a refused login is known from other ends, and says no more than that", () => {
  assert.equal(loginRefusal("wamp.close.normal"), null);
  for (const uri of ["wamp.error.no_auth_method", "wamp.error.authentication_failed", "wamp.error.no_such_role"]) {
    assert.equal(loginRefusal(uri).uri, INVALID_TOKEN);
  }
  const early = loginRefusal("taskbahn.error.too_many_logins", "try again in 8 s");
  assert.deepEqual([early.uri, early.message], [INVALID_TOKEN, "this node does not know the token; try again in 8 s"]);
});

test("what is asked is refused with the login, and asked again by a later one", async () => {
  const router = new FakeRouter();
  router.refusal = loginRefusal("wamp.error.authentication_failed");
  await assert.rejects(connect({ dial: router.dial, token: "old" }), { uri: INVALID_TOKEN });
  const bahn = new Bahn({ dial: router.dial, token: "old" });
  await assert.rejects(bahn.connection.session(), { uri: INVALID_TOKEN });
  assert.equal(bahn.state, "reconnecting");
  router.refusal = null;
  bahn.hurry();
  const asked = bahn.ask("taskbahn.view.status");
  (await router.call()).resolve("live");
  assert.equal(await asked, "live");
  bahn.close();
});

test("the page knows who it is by its session", async () => {
  const router = new FakeRouter();
  const open = async (...given) => Object.assign(await router.dial(...given), { who: { name: "ada", role: "operator" } });
  const bahn = await connect({ dial: open, token: "abc" });
  assert.deepEqual(bahn.who, { name: "ada", role: "operator" });
  bahn.close();
  const other = await connect({ dial: new FakeRouter().dial });
  assert.equal(other.who, null);
  other.close();
});
