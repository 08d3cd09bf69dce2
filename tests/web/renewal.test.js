/** How the kit keeps a session open over the end of its browser token, and what it does when that fails. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sentence } from "../../web/taskbahn_web/static/client/errors.js";
import { INVALID_TOKEN, textOf } from "../../web/taskbahn_web/static/client/login.js";
import { renewalTime } from "../../web/taskbahn_web/static/client/renewal.js";
import { readToken, scopeOf } from "../../web/taskbahn_web/static/client/token-source.js";
import { borrowConnection } from "../../web/taskbahn_web/static/elements/connections.js";
import { readJob } from "../../web/taskbahn_web/static/elements/feed.js";
import { Bahn, connect, TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

const RENEW = "taskbahn.token.renew";

/** A token as the node makes it; only the signature is wrong. */
function token(number, seconds = 0.4, tags = []) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part({ sub: "shöp", jti: `b${number}`, tags, iat: 1000, exp: 1000 + seconds })}.c2ln`;
}

/** A router whose sessions are those of browser tokens; they keep those that renewed them. */
function browserRouter() {
  const router = new FakeRouter();
  const open = async (url, onClose, given) => {
    const session = await router.dial(url, onClose, given);
    const { jti } = JSON.parse(Buffer.from((await given()).split(".")[1], "base64url").toString());
    return Object.assign(session, { who: { name: "shop", role: "browser", token: jti }, close: () => (session.isClosed = true) });
  };
  return { router, open };
}

test("a token says how long it lives, whatever the page's clock says", () => {
  assert.deepEqual(readToken(token(7, 900)), { id: "b7", seconds: 900 });
  for (const wrong of ["", "a.b.c", "taskbahn_abc", "a.b", "..", `${token(1)}.x`, token(1, -5), token(1, 0)]) assert.equal(readToken(wrong), null, wrong);
});

/** A token as another issuer makes it, with or without an id. */
function foreignToken(left, lifetime, more = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Date.now() / 1000 + left;
  return `${part({ alg: "RS256" })}.${part({ iss: "https://login.example/", sub: "ada", iat: exp - lifetime, exp, ...more })}.c2ln`;
}

test("a token of another issuer may have no id, and may be old already", () => {
  const seconds = (...words) => Math.round(readToken(foreignToken(...words))?.seconds);
  assert.deepEqual([seconds(60, 86_400), seconds(900, 900, { jti: "x" }), seconds(-50, 900), seconds(90_000, 900)], [60, 900, 900, 900]);
  assert.equal(readToken(foreignToken(60, -5)), null);
  assert.equal(readToken(foreignToken(60, 900))?.isForeign, true);
  assert.equal(readToken(token(7))?.isForeign, undefined);
});

test("a library that keeps its token until just before the end is asked again without a warning", async () => {
  const router = new FakeRouter();
  const open = async (url, onClose, given) => {
    await given();
    return Object.assign(await router.dial(url, onClose, given), { who: { name: "shop", role: "browser", token: "u1" } });
  };
  const [first, second] = [foreignToken(1.2, 900), foreignToken(900, 900)];
  const answers = [first, first, second];
  const { warn } = console;
  const warned = [];
  console.warn = (...words) => warned.push(words.join(" "));
  try {
    const bahn = await connect({ dial: open, token: async () => answers.shift() ?? second });
    const call = await router.call(1);
    assert.deepEqual([call.procedure, call.kwargs], [RENEW, { token: second }]);
    call.resolve({});
    await new Promise(setImmediate);
    assert.equal(bahn.who.token, "u1"); // the user, who stays the same
    bahn.close();
    assert.deepEqual([warned, answers], [[], []]);
  } finally {
    console.warn = warn;
  }
});

test("pages renew a token at times of their own, and in time", () => {
  assert.deepEqual([renewalTime(900, 0), renewalTime(900, 1)], [720, 540]);
  assert.deepEqual([renewalTime(10, 0), renewalTime(2, 0)], [5, 1]); // five seconds before the end, or half its life
  for (const lifetime of [0.1, 1, 10, 60, 900, 30 * 86_400]) {
    for (const chance of [0, 0.5, 1]) assert.ok(renewalTime(lifetime, chance) > 0 && renewalTime(lifetime, chance) <= lifetime * 0.8);
  }
  const seconds = Array.from({ length: 10_000 }, (_, number) => Math.floor(renewalTime(900, number / 10_000)));
  const most = Math.max(...Map.groupBy ? [...Map.groupBy(seconds, (each) => each).values()].map(({ length }) => length) : [seconds.filter((each) => each === 600).length]);
  assert.ok(most < 100, `${most} of 10,000 pages in one second`);
});

test("a session goes on with other tokens, and is opened once", async () => {
  const { router, open } = browserRouter();
  let count = 0;
  const bahn = await connect({ dial: open, token: async () => token(++count) });
  for (const number of [1, 2]) {
    const call = await router.call(number);
    assert.deepEqual([call.procedure, call.kwargs], [RENEW, { token: token(number + 1) }]);
    call.resolve({});
    await new Promise(setImmediate);
    assert.equal(bahn.who.token, `b${number + 1}`);
  }
  bahn.close();
  assert.equal(router.sessions.length, 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(count, 3); // a page that left asks for none
});

test("a function that fails is asked again while the old token is good", async () => {
  const { router, open } = browserRouter();
  const answers = [token(1), new Error("away"), "an API token", token(1), new Response("", { status: 503 }), token(2)];
  const warn = console.warn;
  const warned = [];
  console.warn = (...words) => warned.push(words.join(" "));
  try {
    const bahn = await connect({
      dial: open,
      token: () => {
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
    const call = await router.call();
    assert.equal(call.kwargs.token, token(2));
    assert.equal(bahn.state, "live");
    bahn.close();
    assert.deepEqual(warned.map((words) => words.match(/away|no token of a browser|the same one again|503/)[0]), ["away", "no token of a browser", "the same one again", "503"]);
  } finally {
    console.warn = warn;
  }
});

test("a token that is a text ends, and is never sent again and again", async () => {
  const { router, open } = browserRouter();
  const bahn = await connect({ dial: open, token: token(1, 0.1) });
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(router.calls.length, 0);
  router.refusal = new TaskbahnError("over", INVALID_TOKEN);
  router.sessions[0].lose();
  while (!bahn.failure?.uri?.endsWith("invalid_token")) await new Promise((resolve) => bahn.onState(resolve));
  await assert.rejects(bahn.ask("taskbahn.view.tasks"), { uri: INVALID_TOKEN, message: "over" }); // at once
  assert.ok(bahn.retryAt > Date.now() / 1000 + 1);
  bahn.close();
});

test("another token renews the session, and one of another program opens another session", async () => {
  const { router, open } = browserRouter();
  const bahn = await connect({ dial: open, token: token(1) });
  bahn.setToken(token(2));
  (await router.call(1)).resolve({});
  await new Promise(setImmediate);
  assert.equal(bahn.who.token, "b2");
  bahn.setToken(token(3));
  (await router.call(2)).reject(new TaskbahnError("of another program", INVALID_TOKEN));
  while (bahn.who.token !== "b3") await new Promise((resolve) => bahn.onState(resolve));
  assert.deepEqual([router.sessions.length, router.sessions[0].isClosed, bahn.state], [2, true, "live"]);
  bahn.close();
});

test("another token in the same session shows the job that the one before did not", async () => {
  const { router, open } = browserRouter();
  const bahn = await connect({ dial: open, token: token(1) });
  const { feed } = readJob(bahn, "a", { onChange: () => {} });
  (await router.call(1)).reject(new TaskbahnError("there is no job", "taskbahn.error.unknown_job"));
  while (!feed.problem) await new Promise(setImmediate);
  bahn.setToken(token(2));
  (await router.call(2)).resolve({});
  const again = await router.call(3);
  assert.deepEqual([again.procedure, router.sessions.length], ["taskbahn.job.watch", 1]);
  again.progress({ snapshot: { id: "a", state: "running" } });
  assert.deepEqual([feed.problem, feed.job.state], [null, "running"]);
  bahn.close();
});

test("a refused page goes on with the token that it then gets", async () => {
  const { router, open } = browserRouter();
  router.refusal = new TaskbahnError("over", INVALID_TOKEN);
  const bahn = new Bahn({ dial: open, token: token(1) });
  await assert.rejects(bahn.connection.session(), { uri: INVALID_TOKEN });
  router.refusal = null;
  bahn.setToken(token(2));
  await bahn.connection.session();
  assert.equal(bahn.who.token, "b2");
  bahn.close();
});

test("a function may return what fetch does; what is no token says why", async () => {
  const answered = (body, status = 200) => async () => new Response(body, { status });
  assert.equal(await textOf(answered(" abc\n")), "abc");
  const named = async () => Object.defineProperty(new Response("", { status: 401 }), "url", { value: "http://127.0.0.1:1/token" });
  await assert.rejects(textOf(named), (error) => sentence(error).startsWith("The backend gave no token at http://127.0.0.1:1/token, but answered 401: "));
  await assert.rejects(textOf(answered("", 401)), { uri: INVALID_TOKEN, message: /answered 401.*log in/ });
  await assert.rejects(textOf(answered("", 502)), { uri: "taskbahn.error.no_token", message: /answered 502.*asks again/ });
  await assert.rejects(textOf(answered("", 405)), { uri: INVALID_TOKEN, message: /answered 405: this route takes no GET/, detail: { status: 405 } });
  for (const page of ["<!DOCTYPE html><p>Log in", "<html>", '{"token": "abc"}', "x".repeat(9000)]) {
    await assert.rejects(textOf(answered(page)), { uri: INVALID_TOKEN, message: /returned something else/ });
  }
  await assert.rejects(textOf(() => new Promise(() => {}), 0.01), { message: /did not answer in 0.01 seconds/ });
});

test("a page with a browser token calls a task as a job that it follows", async () => {
  const { router, open } = browserRouter();
  const bahn = await connect({ dial: open, token: token(1, 900) });
  const called = bahn.call("images.resize", [3]);
  const submitted = await router.call(1);
  assert.equal(submitted.procedure, "taskbahn.submit");
  submitted.resolve([submitted.args[0][0].id]);
  const watched = await router.call(2);
  assert.equal(watched.procedure, "taskbahn.job.watch");
  watched.resolve({ id: watched.args[0], state: "succeeded", result: 6 });
  assert.equal(await called, 6);
  bahn.close();
});

test("elements with one address and token share a connection, over renewals", () => {
  const url = "ws://127.0.0.1:1/ws";
  const [one, other, foreign] = [token(1), token(1), token(9)].map((text) => borrowConnection(url, { token: text }));
  assert.equal(one.bahn, other.bahn);
  assert.notEqual(one.bahn, foreign.bahn);
  assert.ok(one.renew(token(2)) && other.renew(token(2))); // the same rights: one renewal for both
  const late = borrowConnection(url, { token: token(2) });
  assert.equal(late.bahn, one.bahn);
  assert.equal(one.renew(token(3, 900, ["user:7"])), false); // other rights, and another element goes on with these
  assert.ok(foreign.renew(token(3, 900, ["user:7"]))); // it is alone
  assert.equal(foreign.renew(token(2)), false); // there is a connection with it
  assert.equal(borrowConnection(url, { tokenUrl: "/token", token: token(1) }).bahn, borrowConnection(url, { tokenUrl: "/token", token: token(5) }).bahn);
  assert.deepEqual([scopeOf(token(1)) === scopeOf(token(2, 9)), scopeOf("a"), scopeOf("b")], [true, "a", "b"]);
  for (const { bahn } of [one, foreign, borrowConnection(url, { tokenUrl: "/token" })]) bahn.close();
});

test("a backend makes tokens of jobs, their ids and words", async () => {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const made = bahn.token({ watch: [bahn.job("a"), "b"], cancel: true, retry: [bahn.job("a")], send: false, start: ["images.*"], tags: ["user:1"], expires: 60, once: true });
  const call = await router.call(1);
  assert.equal(call.procedure, "taskbahn.token");
  assert.deepEqual(call.kwargs, { watch: ["a", "b"], cancel: true, retry: ["a"], start: ["images.*"], tags: ["user:1"], expires: 60, once: true });
  call.resolve({ token: "x.y.z", id: "b1", expires_at: 1 });
  assert.equal(await made, "x.y.z");
  const usual = bahn.job("a").token({ cancel: true, expires: 60 });
  const asked = await router.call(2);
  assert.deepEqual([asked.procedure, asked.kwargs], ["taskbahn.token", { cancel: ["a"], expires: 60, watch: ["a"] }]);
  asked.resolve({ token: "a.b.c", id: "b2", expires_at: 1 });
  assert.equal(await usual, "a.b.c");
  await assert.rejects(bahn.token({ wacth: ["a"] }), { uri: "taskbahn.error.invalid_option" });
  bahn.close();
});
