import assert from "node:assert/strict";
import { test } from "node:test";

import { Invocations } from "../../web/taskbahn_web/static/client/invocations.js";

const never = () => new Promise(() => {});

test("what a run returns or throws is what it answers", async () => {
  const invocations = new Invocations();
  assert.equal(await invocations.run(1, "a", () => 7), 7);
  const fails = () => {
    throw new RangeError("no");
  };
  await assert.rejects(invocations.run(2, "a", fails), RangeError);
});

test("an interrupted run is answered at once, and one that has ended is not interrupted", async () => {
  const invocations = new Invocations();
  let first;
  await invocations.run(1, "a", (signal) => (first = signal));
  const second = invocations.run(2, "a", never);
  invocations.interrupt(1);
  invocations.interrupt(2);
  await assert.rejects(second, { uri: "wamp.error.canceled", message: /was cancelled, or ran longer/ });
  assert.equal(first.aborted, false);
});

test("what it throws after it was aborted is not reported", async () => {
  const invocations = new Invocations();
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const run = invocations.run(1, "a", (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => setTimeout(() => reject(new Error("late")), 5))));
  invocations.interrupt(1);
  await assert.rejects(run);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

test("withdrawing ends the runs of one offer, losing the connection all of them", async () => {
  const invocations = new Invocations();
  const [first, second] = [invocations.run(1, "a", never), invocations.run(2, "b", never)];
  invocations.withdraw("a");
  await assert.rejects(first, { message: "the offer was withdrawn" });
  invocations.lose();
  await assert.rejects(second, { isConnectionLost: true });
});
