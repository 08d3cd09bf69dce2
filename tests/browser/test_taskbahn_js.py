"""taskbahn.js, in a real browser against a real node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from pathlib import Path


OPEN = """
    const { Bahn, chain, connect, s, TaskbahnError } = await import("/taskbahn.js");
    const bahn = await connect();
    const until = async condition => { while (!condition()) await new Promise(resolve => setTimeout(resolve, 10)) };
"""


@pytest.fixture
def run(page: Page, evaluate: Any) -> Any:
    """Run JavaScript that has a connected `bahn`."""
    return lambda script: evaluate(page, OPEN + script)


def test_start_a_job_and_follow_its_events(run: Any) -> None:
    kinds, numbers, result = run("""
        const job = await bahn.start("numbers.count", [], { to: 5 });
        const events = [];
        for await (const event of job.events()) events.push(event);
        const numbers = events.filter(({ kind }) => kind === "log").map(({ number }) => number);
        return [events.map(({ kind }) => kind), numbers, await job.result()];
    """)
    assert (kinds[0], kinds[-1], kinds.count("log")) == ("snapshot", "outcome", 5)
    assert numbers == sorted(set(numbers))
    assert result == 5


def test_progress_and_result(run: Any) -> None:
    fractions, result = run("""
        const job = await bahn.start("pictures.thumbnail", ["cat.jpg"], { width: 64 });
        const stages = [];
        job.onProgress(progress => stages.push(progress.stages.length));
        return [stages, await job.result()];
    """)
    assert result == "cat.jpg@64"
    assert fractions[-1] == 3


def test_cancelling_a_job_rejects_its_result(run: Any) -> None:
    state, uri = run("""
        const job = await bahn.start("sleep.long", [60]);
        const result = job.result().catch(error => error.uri);
        return [await job.cancel("enough"), await result];
    """)
    assert (state, uri) == ("cancelled", "taskbahn.error.job_cancelled")


def test_a_job_that_misses_its_deadline_rejects_its_result(run: Any) -> None:
    left, missed, refused = run("""
        const by = Date.now() / 1000 + 3600;
        const job = await bahn.start("sleep.long", [], {}, { finish_by: by });
        const { deadline } = await job.view();
        await job.cancel();
        const late = await bahn.start(chain(s("numbers.add", [1]), s("sleep.long")), { finish_within: 0.3 });
        const missed = await late.result().catch(({ uri, detail }) => [uri, detail.type]);
        const past = bahn.start("sleep.long", [], {}, { finish_by: Date.now() / 1000 - 1 });
        return [deadline - by, missed, await past.catch(({ uri, message }) => [uri, message])];
    """)
    assert abs(left) < 0.001
    assert missed == ["taskbahn.error.job_failed", "DeadlineExceeded"]
    assert refused[0] == "taskbahn.error.invalid_option"
    assert "that moment has passed" in refused[1]


def test_wrong_arguments_name_their_fields(run: Any) -> None:
    fields, unknown = run("""
        const wrong = await bahn.start("pictures.thumbnail", [], { width: 1 }).catch(error => error.fields);
        const unknown = await bahn.start("numbers.ad").catch(error => error.message);
        return [wrong, unknown];
    """)
    assert set(fields) >= {"path"} or set(fields) >= {"width"}
    assert re.search("did you mean 'numbers.add'", unknown)


def test_call_and_abort(run: Any) -> None:
    result, progress, uri = run("""
        const progress = [];
        const result = await bahn.call("numbers.count", [], { to: 3 }, { onProgress: ({ fraction }) => progress.push(fraction) });
        const stopper = new AbortController();
        let job;
        const aborted = bahn.call("sleep.long", [60], {}, { signal: stopper.signal, onEvent: event => (job = event.job) });
        await until(() => job);
        stopper.abort();
        return [result, progress, await aborted.catch(error => error.uri)];
    """)
    assert result == 3
    assert progress[-1] == 1.0
    assert uri == "wamp.error.canceled"


def test_offer_a_task(run: Any) -> None:
    result, progress, failure = run("""
        const withdraw = await bahn.offer("browser.triple", ([number], { kwargs, progress }) => {
            if (number < 0) throw new RangeError("must not be negative");
            progress({ message: "half way", fraction: 0.5 });
            return number * 3 + (kwargs.plus ?? 0);
        });
        const other = await connect();
        const events = [];
        let result;
        while (result === undefined) {  // the dispatcher hears of the registration a moment later
            const onProgress = ({ message }) => events.push(message);
            result = await other.call("browser.triple", [13], { plus: 3 }, { onProgress }).catch(() => {});
        }
        const failure = await other.call("browser.triple", [-1]).catch(error => [error.uri, error.message]);
        withdraw();
        other.close();
        return [result, events, failure];
    """)
    assert result == 42
    assert progress == ["half way"]
    assert failure[0] == "taskbahn.error.job_failed"
    assert "must not be negative" in failure[1]


def test_a_page_takes_over_when_another_with_the_same_task_goes(run: Any) -> None:
    shared, after, shown = run("""
        const pages = [await connect(), await connect()];
        const began = [];
        const go = [];
        for (const [number, page] of pages.entries()) {
            await page.offer("browser.shared", ([job]) => new Promise((resolve) => {
                began.push(number);
                go[number] = () => resolve([number, job]);
            }), { name: `tab-${number}` });
        }
        const offering = async () => (await bahn.ask("taskbahn.view.workers")).map(({ id }) => id).filter((id) => id.includes("browser.shared"));
        while ((await offering()).length < 2);  // the dispatcher hears of the offers a moment later
        const jobs = [await bahn.start("browser.shared", ["a"]), await bahn.start("browser.shared", ["b"])];
        await until(() => began.length === 2);
        const shown = await offering();
        pages[0].close();
        go[1]();
        await until(() => began.length === 3);
        go[1]();
        const after = await Promise.all(jobs.map((job) => job.result()));
        pages[1].close();
        return [began, after, shown];
    """)
    assert sorted(shared[:2]) == [0, 1]
    assert shared[2] == 1
    assert [result[0] for result in after] == [1, 1]
    assert sorted(shown) == ["offer-tab-0.browser.shared", "offer-tab-1.browser.shared"]


OFFER = """
    const begun = [];
    const withdraw = await bahn.offer("browser.forever", async ([name], { signal, job, attempt, progress }) => {
        begun.push({ name, job, attempt, signal });
        if (name === "short") return name;
        await new Promise(resolve => signal.addEventListener("abort", resolve));
        progress(1);  // no listener hears that
        begun.at(-1).why = [signal.reason.uri, signal.reason.message];
    });
    const started = async (...call) => {
        for (;;) {  // the dispatcher hears of the offer a moment later
            const job = await bahn.start("browser.forever", ...call).catch(() => {});
            if (job) return job;
        }
    };
"""


def test_a_page_learns_when_its_job_is_no_longer_wanted(run: Any) -> None:
    cancelled, limited, withdrawn, next_result, connection = run(
        OFFER
        + """
        const cancelled = await started(["long"]);
        await until(() => begun.length === 1);
        const state = await cancelled.cancel();
        await until(() => begun[0].why);

        const next = await (await started(["short"])).result();  // the place is free again

        const limited = await started(["long"], {}, { run_within: 0.3 });
        const failure = await limited.result().catch(({ message }) => message);
        await until(() => begun[2].why);

        const withdrawn = await started(["long"], {}, { crash_attempts: 1 });
        await until(() => begun.length === 4);
        withdraw();
        await until(() => begun[3].why);
        const lost = await withdrawn.result().catch(({ message }) => message);
        const known = job => begun.filter(({ job: id }) => id === job.id).map(({ attempt, why }) => [attempt, ...why]);
        return [[state, ...known(cancelled)], [failure, ...known(limited)], [lost, ...known(withdrawn)], next, bahn.state];
    """
    )
    state, (attempt, uri, message) = cancelled
    assert (state, attempt, uri) == ("cancelled", 1, "wamp.error.canceled")
    assert "was cancelled" in message
    failure, (attempt, uri, _) = limited
    assert (attempt, uri) == (1, "wamp.error.canceled")
    assert "run_within" in failure
    assert withdrawn[1][2] == "the offer was withdrawn"
    assert (next_result, connection) == ("short", "live")


def open_workers(page: Page, relay: Any) -> None:
    """Open that page through a relay, with all that it loads: a cut shall not meet one of its modules."""
    page.goto(f"{relay.origin}/#/workers")
    expect(page.locator(".worker").first).to_be_visible()


def test_a_page_that_runs_a_job_learns_of_its_lost_connection(page: Page, relay: Any, evaluate: Any) -> None:
    open_workers(page, relay)
    evaluate(
        page,
        OPEN
        + OFFER
        + """
        Object.assign(globalThis, { begun, until });
        globalThis.job = await started(["long"]);
        await until(() => begun.length);
    """,
    )
    relay.cut()
    evaluate(page, "await until(() => begun[0].why?.[0] === 'taskbahn.error.connection_lost')")
    relay.mend()
    evaluate(page, "await until(() => begun.length > 1)")  # the job comes back to the page as its second attempt
    assert page.evaluate("[begun[1].attempt, begun[1].job === job.id]") == [2, True]
    assert evaluate(page, "return job.cancel()") == "cancelled"
    evaluate(page, "await until(() => begun[1].why)")


def test_what_cannot_travel_or_be_offered_is_said_and_harms_nothing(run: Any) -> None:
    argument, large, result, name, state = run("""
        const why = promise => promise.then(() => "taken", ({ uri, message }) => [uri, message]);
        const circle = {};
        circle.circle = circle;
        const argument = await why(bahn.start("numbers.add", [circle]));
        const large = await why(bahn.start("numbers.add", ["x".repeat(17 * 1024 * 1024)]));
        const withdraw = await bahn.offer("browser.big", () => circle);
        let result;
        do result = await why(bahn.call("browser.big"));
        while (result[0] === "wamp.error.no_such_procedure");  // the dispatcher hears of the offer a moment later
        withdraw();
        const name = await why(bahn.offer("Browser-Big", () => 1));
        return [argument, large, result, name, [await bahn.call("numbers.add", [1, 2]), bahn.state]];
    """)
    assert argument[0] == "taskbahn.error.invalid_request"
    assert "cannot travel as JSON" in argument[1]
    assert large[0] == "taskbahn.error.too_large"
    assert result[0] == "taskbahn.error.job_failed"
    assert "cannot travel as JSON" in result[1]
    assert name[0] == "taskbahn.error.invalid_name"
    assert state == [3, "live"]


def test_integers_of_any_size_are_exact_in_both_directions(run: Any) -> None:
    small, large, shown = run("""
        const small = await bahn.call("numbers.add", [1, 2]);
        const job = await bahn.start("numbers.add", [2n ** 70n, 2 ** 53, 1]);
        const large = await job.result();
        const { result } = await job.view();
        return [typeof small, [typeof large, String(large)], String(result)];
    """)
    assert small == "number"
    assert large == ["bigint", str(2**70 + 2**53 + 1)]
    assert shown == str(2**70 + 2**53 + 1)


def test_a_waiting_job_shows_its_place_and_its_estimate(run: Any) -> None:
    places, view, again = run("""
        const job = await bahn.start("sleep.long", [60], {}, { delay: 30 });
        const places = [];
        const stop = job.onPlace(place => places.push(place));
        await until(() => places.length);
        const view = await job.view();
        await job.cancel();
        await until(() => places.at(-1) === null);
        stop();
        const other = await connect({ url: "/ws" });  // from where the module came
        const again = await other.job(job.id).view();
        other.close();
        return [places, view, [again.state, other.state]];
    """)
    assert places[0]["why"]
    assert places[-1] is None
    assert (view["state"], view["kwargs"], view["args"]) == ("waiting", {}, [60])
    assert again == ["cancelled", "closed"]


def test_subscriptions_to_one_topic_end_one_by_one(run: Any) -> None:
    counts, refused = run("""
        const heard = { first: 0, second: 0, third: 0, all: 0 };
        const id = crypto.randomUUID();
        const topic = `taskbahn.job.${id}`;
        const [first, second] = await Promise.all(["first", "second"].map(name => bahn.subscribe(topic, () => heard[name]++)));
        const all = await bahn.subscribe("taskbahn.job", () => heard.all++, "prefix");
        const job = await bahn.start("sleep.long", [60], {}, { id });
        await until(() => heard.first && heard.second && heard.all);
        for (const end of [first, second, all]) end();
        await bahn.subscribe(topic, () => heard.third++);
        const before = [heard.first, heard.second];
        await job.cancel();
        await until(() => heard.third);
        const refused = await bahn.subscribe("not a topic", () => {}).catch(error => error.message);
        return [[heard.first, heard.second].map((count, index) => count - before[index]), refused];
    """)
    assert counts == [0, 0]
    assert refused


def test_a_watch_and_a_subscription_survive_a_cut(page: Page, relay: Any, evaluate: Any, gate: Path) -> None:
    open_workers(page, relay)
    evaluate(
        page,
        OPEN
        + """
        const job = await bahn.start("numbers.count", [], { to: 60, held: "GATE" });
        Object.assign(globalThis, { bahn, until });
        globalThis.seen = [];
        globalThis.states = [bahn.state];
        globalThis.topic = 0;
        bahn.onState(state => states.push(state));
        bahn.subscribe(`taskbahn.job.${job.id}`, () => topic++);
        globalThis.over = (async () => {
            for await (const { kind, data } of job.events()) if (kind === "log") seen.push(data.message);
            return job.result();
        })();
        await until(() => seen.length > 4);
    """.replace("GATE", str(gate)),
    )
    relay.cut()
    page.wait_for_function("states.includes('reconnecting')")
    before = page.evaluate("topic")
    relay.mend()
    # the answer comes after the subscription was made again
    evaluate(page, "await until(() => states.at(-1) === 'live'); await bahn.ask('taskbahn.view.workers')")
    gate.touch()
    assert evaluate(page, "return over") == 60
    assert page.evaluate("seen") == [f"line {n}" for n in range(60)]
    assert page.evaluate("[states[0], states.at(-1)]") == ["live", "live"]
    assert page.evaluate("topic") > before


def test_a_router_that_cannot_be_reached_is_said_at_once(run: Any, heard: Any) -> None:
    heard.allowed = ["WebSocket connection to", "127.0.0.1:1/", "Content.Security.Policy"]
    text = run("""
        return connect({ url: "ws://127.0.0.1:1/ws" }).catch(error => error.message);
    """)
    assert "connection" in text


def test_a_page_makes_a_schedule_runs_it_and_deletes_it(run: Any) -> None:
    found = run("""
        const id = `page-${crypto.randomUUID()}`;
        const { schedules } = bahn;
        const made = await schedules.create(id, "0 3 * * *", s("numbers.count", [], { to: 2 }), { zone: "Europe/Berlin", who: "ada" });
        const ran = await (await schedules.runNow(id)).result();
        const [first, second] = await schedules.backfill(id, new Date("2026-01-01T00:00Z"), new Date("2026-01-03T00:00Z"));
        const counted = await schedules.countDue(id, new Date("2026-01-01T00:00Z"), new Date("2026-01-03T00:00Z"));
        const past = [await first.result(), await second.result(), counted.count];
        const paused = await schedules.pause(id, { reason: "holidays", within: 3600 });
        const among = (await schedules.list({ state: "paused", text: id })).length;
        await schedules.resume(id);
        const edited = await schedules.edit(id, { when: { kind: "every", interval: 86400 }, note: "daily" });
        const refused = await schedules.edit(id, { when: "0 25 * * *" }).catch((error) => [error.message, error.detail]);
        const now = await schedules.get(id, { times: 3 });
        await schedules.delete(id);
        const gone = await schedules.get(id).catch((error) => error.uri);
        return { made, ran, past, paused, among, edited, refused, now, gone, history: await schedules.history(id) };
    """)
    assert (found["made"]["words"], found["made"]["changed_by"]) == ("at 03:00 every day, Europe/Berlin", "ada")
    assert (found["ran"], found["past"]) == (2, [2, 2, 2])
    assert (found["paused"]["pause"]["reason"], found["among"]) == ("holidays", 1)
    assert (found["edited"]["words"], found["now"]["spec"]["note"]) == ("every day", "daily")
    assert len(found["now"]["times"]) == 3
    assert "position 3" in found["refused"][0]
    assert found["refused"][1] == {"position": 3}
    assert (found["gone"], found["history"]) == ("taskbahn.error.invalid_schedule", [])


def test_a_page_publishes_an_event_that_starts_a_task(run: Any) -> None:
    found = run("""
        const topic = `page.${crypto.randomUUID().replaceAll("-", "")}`;
        await bahn.triggers.create(topic, topic, s("numbers.count", [], { to: "{event.to}" }));
        const [job] = await bahn.publish(topic, [{ to: 2 }], {}, { id: "e1" });
        const [again] = await bahn.publish(topic, [{ to: 2 }], {}, { id: "e1" });
        await bahn.triggers.pause(topic, { reason: "holidays" });
        const none = await bahn.publish(topic);
        const refused = await bahn.publish("wamp.x").catch((error) => error.message);
        const view = await bahn.triggers.get(topic).finally(() => bahn.triggers.delete(topic));
        return { result: await job.result(), isSame: job.id === again.id, none, refused, view };
    """)
    assert (found["result"], found["isSame"], found["none"], "one of the node's own" in found["refused"]) == (2, True, [], True)
    assert (found["view"]["started"], found["view"]["pause"]["reason"]) == (1, "holidays")
