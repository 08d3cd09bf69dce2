// What a TypeScript program may write with the package, and what the types keep it from writing; package.test.js checks it.

import { chain, chord, connect, FINAL_STATES, group, output, s, si, TaskbahnError, type Bahn, type Job, type Question } from "taskbahn";
import { addTexts, JobProgress } from "taskbahn/elements.js";
import { useJob } from "taskbahn/react";

async function use(): Promise<number> {
  const bahn: Bahn = await connect({ url: "ws://127.0.0.1:8080/ws" });
  const stopState = bahn.onState((state) => console.log(state === "reconnecting" ? bahn.retryAt : state));
  const job: Job = await bahn.start("images.thumbnail", ["a.jpg"], { width: 64 }, { priority: 2, tags: ["user:7"], delay: 0.5, finish_by: Date.now() / 1000 + 60, id: crypto.randomUUID(), key: "order-17" });
  job.onPlace((place) => console.log(place?.why, place?.ahead, place?.starts_at, place?.paused?.until));
  job.onQuestion((question) => void question?.answer({ yes: true }, "ada").catch(({ message }) => console.log(message, question.until)));
  const open: Question[] = await bahn.questions({ job });
  const { words, times } = await bahn.schedules.preview({ kind: "cron", line: "0 3 * * *", zone: "Europe/Berlin" }, { count: 3 });
  const { id, spec, pause } = await bahn.schedules.create("nightly", "0 3 * * *", s("report.make", ["{@due}"]), { zone: "Europe/Berlin", overlap: "skip", start: new Date() });
  await bahn.schedules.edit(id, { when: { kind: "every", interval: 60 }, catch_up: 30 }, { who: "ada" });
  console.log(spec.when.kind, pause?.reason, (await bahn.schedules.list({ state: "paused" })).length, (await bahn.schedules.get(id)).last?.outcome);
  const made: Job[] = [await bahn.schedules.runNow(id), ...(await bahn.schedules.backfill(id, 1, new Date()))];
  console.log(made.length, (await bahn.schedules.history(id))[0]?.due_at, (await bahn.schedules.countDue(id, 1, 2)).count);
  await bahn.schedules.pause(id, { reason: "holidays", within: 3600 }).then(() => bahn.schedules.resume(id)).then(() => bahn.schedules.delete(id));
  console.log(words, times[0] + 1, (await bahn.schedules.preview("@daily")).local);
  const heard: Job[] = await bahn.publish("orders.created", [{ day: 5 }], { express: true }, { id: "order-17" });
  const trigger = await bahn.triggers.create("made", "orders.", "report.make", { match: "prefix", where: { country: "DE" }, who: "ada" });
  await bahn.triggers.edit(trigger.id, { topic: "orders.paid", match: "exact", start: s("report.make", ["{event.day}"]) });
  await bahn.triggers.edit(trigger.id, {}, { reset: ["where"] });
  await bahn.triggers.pause(trigger.id, { within: 60 }).then(({ id }) => bahn.triggers.resume(id)).then(({ id }) => bahn.triggers.delete(id));
  console.log(heard[0]?.id, trigger.words, trigger.spec.topic, (await bahn.triggers.list())[0]?.last_job, (await bahn.triggers.get("a")).pause?.reason);
  await job.answer(open[0].name, open[0].schema.default);
  const sent: number = await job.send({ text: "go on" });
  console.log(sent);
  const stop = job.onProgress(({ fraction, stages = [] }) => console.log(fraction, stages.at(0)?.name));
  for await (const { kind, data } of job.events()) if (kind === "log") console.log(data.message);
  const { state, typical, deadline } = await job.view();
  console.log(deadline && new Date(deadline * 1000));
  if (FINAL_STATES.has(state)) stop();
  const next: string = await job.retry();
  console.log(next, await job.skip());
  stopState();
  try {
    return await bahn.call("numbers.add", [1, 2], {}, { signal: AbortSignal.timeout(1000), onProgress: ({ message }) => console.log(message) });
  } catch (error) {
    if (error instanceof TaskbahnError) console.log(error.uri, error.fields.width, error.isConnectionLost);
  }
  const withdraw = await bahn.offer("browser.resize", async ([width], { kwargs, progress, signal, job, attempt }) => {
    progress(0.5);
    progress({ message: "half", fraction: 0.5 });
    const answer = await fetch(`/sizes/${job}`, { signal });
    return [width, kwargs.height, attempt + 1, answer.status];
  });
  withdraw();
  return typical ?? 0;
}

function show(job: Job): void {
  const bar = document.querySelector("job-progress");
  if (bar instanceof JobProgress) bar.job = job;
  const form = document.createElement("task-form");
  form.values = { width: 64 };
  form.options = { queue: "slow" };
  form.addEventListener("job", ({ detail }) => {
    document.querySelector("job-log")!.job = detail.id;
  });
}

async function flow(bahn: Bahn): Promise<number> {
  const pages = [s("images.resize", ["a"]), s("images.resize", ["b"], {}, { queue: "slow" })];
  const job: Job = await bahn.start(chord(pages, s("report.make")), { tags: ["user:7"], finish_within: 3600 });
  await bahn.call(chain(group(...pages), si("report.make", [output(job)])), { priority: 2, onProgress: ({ fraction }) => console.log(fraction) });
  await bahn.start({ chain: [{ ...s("images.resize", ["a"]), name: "small", if_fails: "none" }, si("x.y", [[1, output("small")]])] });
  return bahn.call({ group: [{ task: "x.y", args: [output("small")], immutable: true, after: [job.id] }], on_failure: [s("tell")] });
}

declare module "taskbahn" {
  interface Tasks {
    "images.resize": { args: [photo: string, width?: number]; result: string };
    "report.make": { args: [pages: string[]]; kwargs: { title?: string; of?: string }; result: number };
    "images.named": { args: [photo: string, width?: number]; kwargs: { photo: string; width?: number }; result: string };
    "pure.position": { args: [photo: string]; kwargs: {}; result: string };
  }
}

/** What the program says of its tasks holds for calls, jobs and flows. */
async function typed(bahn: Bahn): Promise<void> {
  const job = await bahn.start("images.resize", ["a.jpg", 64], {}, { key: "a", finish_within: 3600 });
  const text: string = await job.result();
  const made: number = await (await bahn.start(chord([s("images.resize", ["a"]), s("images.resize", ["b"])], s("report.make")))).result();
  const list: string[] = await bahn.call(group(s("images.resize", ["a"]), s("images.resize", ["b"])));
  const same: number = await bahn.call(chain(group(s("images.resize", ["a"])), s("report.make")));
  const known: number = await bahn.job<number>("0199").result();
  si("report.make", [[text, output("a")]]);
  si("images.resize", [output("a"), 3]);
  console.log(made, list, same, known);
  chain(s("images.resize", ["a"]), s("report.make", [], { title: "A", of: output("a") }));
  chain(s("x.y"), s("images.resize", [64]), s("z.y", [1, 2, 3], { any: "name" })); // what comes before is the first argument
  await bahn.call("report.make", [["a"]], { title: "A" });
  await bahn.start("images.named", ["a"]);
  await bahn.start("images.named", [], { photo: "a", width: 3 });
  await bahn.call("images.resize", [], { photo: "a" }); // it says nothing of names
  await bahn.call("images.resize", ["a"], {}, { onProgress: ({ fraction = 0 }) => fraction.toFixed() });
  await bahn.start("pure.position", ["a"], {}, { priority: 1 });
  // @ts-expect-error: a required argument is missing
  await bahn.call("images.resize", []);
  // @ts-expect-error: a required argument is missing, which has no name
  await bahn.call("report.make", [], { title: "A" });
  // @ts-expect-error: there is no such level
  document.createElement("job-log").level = "loud";
  // @ts-expect-error: all are missing
  await bahn.call("report.make");
  // @ts-expect-error: it takes no named arguments
  await bahn.start("pure.position", ["a"], { x: 3 });
  // @ts-expect-error: listeners are options, and come after named arguments
  await bahn.call("images.resize", ["a"], { onProgress() {} });
  // @ts-expect-error: likewise of a task of which nothing is known
  await bahn.call("x.y", ["a"], { onProgress() {} });
  // @ts-expect-error: a required argument is missing among the named ones
  await bahn.start("images.named", [], { width: 3 });
  // @ts-expect-error: neither all arguments nor those after the first
  s("images.resize", [true]);
  // @ts-expect-error: too many
  s("images.resize", ["a", 3, 4]);
  // @ts-expect-error: there is no such argument
  s("report.make", [["a"]], { titel: "A" });
  // @ts-expect-error: a named argument of the wrong type
  si("report.make", [["a"]], { title: 7 });
  // @ts-expect-error: there is no such argument
  await bahn.start("report.make", [["a"]], { titel: "A" });
  // @ts-expect-error: a named argument of the wrong type
  await bahn.call("report.make", [["a"]], { title: 7 });
  // @ts-expect-error: there is no such option
  await bahn.start("images.resize", ["a"], {}, { priorty: 2 });
  // @ts-expect-error: a flow has options, and no arguments
  await bahn.start(s("images.resize", ["a"]), [], {});
  // @ts-expect-error: an argument of the wrong type
  await bahn.start("images.resize", [3]);
  // @ts-expect-error: the result is a text
  const wrong: number = await bahn.call("images.resize", ["a"]);
  // @ts-expect-error: a group gives a list
  const one: string = await bahn.call(group(s("images.resize", ["a"])));
  // @ts-expect-error: an argument of the wrong type
  si("images.resize", [1]);
  console.log(wrong, one);
}

/** A hook knows what its job returns. */
async function followed(bahn: Bahn): Promise<void> {
  const job = await bahn.start("images.resize", ["a.jpg"]);
  const { state, progress, place, question, result, error, isEnded, connection, view } = useJob(job, { bahn });
  const text: string | undefined = result;
  console.log(state === "running", progress?.fraction?.toFixed(1), place?.ahead, await question?.answer(true), text, error?.uri, isEnded, view?.task);
  console.log(connection === "idle", useJob<number>("0199").result?.toFixed(), useJob(null, { url: "ws://127.0.0.1:8080/ws" }).job);
  // @ts-expect-error: the result is a text
  const wrong: number | undefined = useJob(job).result;
  // @ts-expect-error: there is no such state
  console.log(wrong, state === "done");
}

/** Events are a union: their kind says what their data are. */
async function hear(job: Job): Promise<void> {
  for await (const event of job.events()) {
    switch (event.kind) {
      case "snapshot":
      case "outcome":
        console.log(event.data.state, event.data.attempts?.length);
        break;
      case "state":
        console.log(event.data.state, event.data.error?.message);
        break;
      case "progress":
        console.log(event.data.fraction, event.data.stages?.[0]?.weight);
        break;
      case "log":
        console.log(event.data.level.toLowerCase(), event.data.message);
        break;
      case "question":
        console.log("question" in event.data ? event.data.question : `${event.data.name} is closed`);
        break;
      case "pause":
        console.log(event.data?.reason);
        break;
      case "chunk":
        console.log(event.data);
        break;
      default: {
        const none: never = event;
        console.log(none);
      }
    }
    // @ts-expect-error: there is no such kind
    if (event.kind === "done") return;
    // @ts-expect-error: a log line has no fraction
    if (event.kind === "log") console.log(event.data.fraction);
  }
}

/** Elements have typed events of their own beside those of the page. */
function listen(bar: JobProgress): void {
  bar.addEventListener("progress", ({ detail }) => console.log(detail.fraction));
  bar.addEventListener("done", ({ detail: { job, result } }) => console.log(job.task, result), { once: true });
  bar.addEventListener("cancelled", ({ detail: { reason } }) => console.log(reason.length));
  bar.addEventListener("failed", ({ detail: { job, error } }) => console.log(job?.task, error.message));
  bar.addEventListener("click", (event) => console.log(event.clientX));
  document.createElement("job-question").addEventListener("question", ({ detail }) => console.log(detail?.question));
  document.createElement("job-result").traceback = true;
  document.querySelector("task-form")?.addEventListener("job", ({ detail }) => (bar.job = detail));
  addTexts("de", { Cancel: "Halt" });
  document.querySelector("ul")!.addEventListener("done", (event) => {
    const { detail } = event as TaskbahnEvents["done"];
    console.log(detail.job.id);
  });
  // @ts-expect-error: a result is no number
  bar.addEventListener("cancelled", ({ detail: { reason } }) => console.log(reason * 2));
  // @ts-expect-error: the form accepts jobs, it does not do them
  document.createElement("task-form").addEventListener("job", ({ detail }) => detail.result.toFixed());
}

async function wrong(bahn: Bahn, job: Job): Promise<void> {
  // @ts-expect-error: a task is named by a text
  await bahn.start(7);
  // @ts-expect-error: arguments by position are a list
  await bahn.call("images.thumbnail", { width: 64 });
  // @ts-expect-error: there is no such option
  await bahn.start("images.thumbnail", [], {}, { urgent: true });
  // @ts-expect-error: there is no such option of connect
  await connect({ tokn: "secret" });
  // @ts-expect-error: there is no such policy
  await bahn.start({ task: "x.y", if_fails: "ignore" });
  // @ts-expect-error: a flow has no arguments beside it
  await bahn.start(chain(s("x.y")), [1], {});
  // @ts-expect-error: a chain is made of flows
  chain("x.y");
  // @ts-expect-error: a state that does not exist
  if (bahn.state === "open") bahn.close();
  // @ts-expect-error: an attribute of the wrong type
  document.createElement("job-progress").cancellable = "yes";
  // @ts-expect-error: there may be no question
  job.onQuestion(({ answer }) => answer(true));
  // @ts-expect-error: a place may be none
  job.onPlace(({ why }) => console.log(why));
}

void [use, show, flow, typed, followed, hear, listen, wrong];
