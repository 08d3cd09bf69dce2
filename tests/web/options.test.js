import assert from "node:assert/strict";
import { test } from "node:test";

import { Bahn, connect } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

/** What a promise rejects with, or a function throws. */
async function why(action) {
  try {
    await action();
  } catch (error) {
    assert.equal(error.name, "TaskbahnError");
    return [error.uri.replace("taskbahn.error.", ""), error.message];
  }
  return assert.fail("it was taken");
}

test("an option of connect that does not exist is refused, with what may have been meant", async () => {
  const [uri, message] = await why(() => connect({ ulr: "ws://127.0.0.1:1/ws" }));
  assert.equal(uri, "invalid_option");
  assert.match(message, /connect has no option 'ulr' \(did you mean 'url'\?\); it has url/);
  assert.match((await why(() => connect({ ticket: 1 })))[1], /no option 'ticket'; it has url/);
  assert.match((await why(() => new Bahn({ password: "secret" })))[1], /no option 'password'/);
});

test("an address in place of the options, or one that is none, is refused", async () => {
  assert.match((await why(() => connect("ws://127.0.0.1:1/ws")))[1], /as an object, \{ url: … \}, and not "ws:/);
  assert.match((await why(() => connect({ url: "http://" })))[1], /'http:\/\/' is no address of a router/);
  assert.match((await why(() => connect({ url: "rs://127.0.0.1:8080" })))[1], /by ws: or wss:, not rs:/);
});

test("listeners with unknown names are refused, and a task's name that is none", async () => {
  const bahn = await connect({ dial: new FakeRouter().dial });
  assert.match((await why(() => bahn.call("a.task", [], {}, { onprogress() {} })))[1], /did you mean 'onProgress'/);
  assert.match((await why(() => bahn.watch("id", { onEvent() {} })))[1], /did you mean 'onEvents'/);
  assert.match((await why(() => bahn.offer("A-Task", () => {})))[1], /'A-Task' cannot name a task: use dotted words/);
  assert.match((await why(() => bahn.offer("a.task")))[1], /offer takes a function/);
  bahn.close();
});
