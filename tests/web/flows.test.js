import assert from "node:assert/strict";
import { test } from "node:test";

import { connectionLost } from "../../web/taskbahn_web/static/client/errors.js";
import { chain, chord, connect, group, output, s, si, TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

async function connected() {
  const router = new FakeRouter();
  return { router, bahn: await connect({ dial: router.dial }) };
}

test("flows are plain data", () => {
  const a = { task: "a", args: [1], kwargs: { x: 2 } };
  assert.deepEqual(s("a", [1], { x: 2 }), a);
  assert.deepEqual(si("a", [1], { x: 2 }, { queue: "slow" }), { ...a, options: { queue: "slow" }, immutable: true });
  assert.deepEqual(chain(s("a"), s("b")), { chain: [s("a"), s("b")] });
  assert.deepEqual(group(s("a")), { group: [s("a")] });
  assert.deepEqual(chord([s("a"), s("a")], s("b")), chain(group(s("a"), s("a")), s("b")));
  assert.deepEqual([chain(), group()], [{ chain: [] }, { group: [] }]);
  assert.deepEqual(JSON.parse(JSON.stringify(chain(s("a"), si("b", [output("n")])))), chain(s("a"), si("b", [output("n")])));
});

test("an output is a whole argument or an item of a list, of a name or of a job", async () => {
  const { bahn } = await connected();
  const job = bahn.job("01890000-0000-7000-8000-000000000000");
  assert.deepEqual(si("a", [output("n"), [1, output(job)]], { x: output("n") }), {
    task: "a",
    args: [{ $output: "n" }, [1, { $output: job.id }]],
    kwargs: { x: { $output: "n" } },
    immutable: true,
  });
  bahn.close();
});

test("data that looks like a reference is escaped, where the router looks for references", () => {
  const [output, literal, both, deep] = [{ $output: "x" }, { $literal: 1 }, { $output: 1, b: 2 }, { a: { $output: 1 } }];
  assert.deepEqual(s("a", [output, literal, both, deep, [output, [output], null]], { output }), {
    task: "a",
    args: [{ $literal: output }, { $literal: literal }, both, deep, [{ $literal: output }, [output], null]],
    kwargs: { output: { $literal: output } },
  });
});

test("a flow is one entry of a submission, and is sent again with the same id", async () => {
  const { router, bahn } = await connected();
  const flow = chord([s("a"), s("b")], s("c"));
  const job = bahn.start(flow, { tags: ["user:7"] });
  const first = await router.call();
  router.sessions[0].lose();
  first.reject(connectionLost());
  const second = await router.call(2);
  assert.deepEqual(second.args, first.args);
  const [{ id, ...entry }] = second.args[0];
  assert.deepEqual(entry, { flow, options: { tags: ["user:7"] } });
  second.resolve([id]);
  assert.equal((await job).id, id);
  bahn.close();
});

test("a flow with a key is the one that the router has already, and members have keys", async () => {
  const { router, bahn } = await connected();
  const flow = chain(s("a"), s("b", [], {}, { key: "order-17" }));
  const job = bahn.start(flow, { key: "order-18" });
  const call = await router.call();
  const [{ id, ...entry }] = call.args[0];
  assert.deepEqual(flow.chain[1].options, { key: "order-17" });
  assert.deepEqual(entry, { flow, options: { key: "order-18" } });
  const other = "01890000-0000-7000-8000-000000000009";
  assert.notEqual(id, other);
  call.resolve([other]);
  assert.equal((await job).id, other);
  bahn.close();
});

test("calling a flow waits for its result and hears of its progress", async () => {
  const { router, bahn } = await connected();
  const heard = [];
  const result = bahn.call(chain(s("a")), { priority: 2, onProgress: ({ fraction }) => heard.push(fraction) });
  const submitted = await router.call();
  const [{ id, options }] = submitted.args[0];
  assert.deepEqual(options, { priority: 2 });
  submitted.resolve([id]);
  const watch = await router.call(2);
  watch.progress({ events: [{ kind: "progress", number: 1, data: { fraction: 0.5 } }] });
  watch.resolve({ id, state: "succeeded", result: [4] });
  assert.deepEqual(await result, [4]);
  assert.deepEqual(heard, [0.5]);
  bahn.close();
});

test("aborting the call of a flow cancels its job, and the call rejects as that ends", async () => {
  const { router, bahn } = await connected();
  const controller = new AbortController();
  const result = bahn.call(chain(s("a")), { signal: controller.signal });
  const submitted = await router.call();
  const [{ id }] = submitted.args[0];
  submitted.resolve([id]);
  const watch = await router.call(2);
  controller.abort();
  const cancel = await router.call(3);
  assert.deepEqual([cancel.procedure, cancel.args], ["taskbahn.job.cancel", [[id]]]);
  cancel.resolve(["cancelled"]);
  watch.resolve({ id, state: "cancelled" });
  await assert.rejects(result, (error) => error instanceof TaskbahnError && error.uri === "taskbahn.error.job_cancelled");
  bahn.close();
});

test("callbacks of a call make a flow of it, with the options of the call", async () => {
  const { router, bahn } = await connected();
  const job = bahn.start("a", [{ $output: 1 }], {}, { priority: 2, on_failure: [s("tell", ["#ops"])], on_end: undefined });
  const submitted = await router.call();
  const [{ id, ...entry }] = submitted.args[0];
  const flow = { ...s("a", [{ $output: 1 }]), on_failure: [s("tell", ["#ops"])] };
  assert.deepEqual(entry, { flow, options: { priority: 2 } });
  submitted.resolve([id]);
  assert.equal((await job).id, id);
  bahn.close();
});

test("those that a job holds are let go by the page or by the job", async () => {
  const { router, bahn } = await connected();
  const both = bahn.skip(["a", "b"]);
  const asked = await router.call();
  assert.deepEqual([asked.procedure, asked.args], ["taskbahn.job.skip", [["a", "b"]]]);
  asked.resolve(["failed", { error: "taskbahn.error.wrong_state", message: "no" }]);
  const [state, error] = await both;
  assert.deepEqual([state, error.message], ["failed", "no"]);
  const one = bahn.job("a").skip();
  (await router.call(2)).resolve([{ error: "taskbahn.error.wrong_state", message: "no" }]);
  await assert.rejects(one, /no/);
  bahn.close();
});
