"""Without any SDK: the five ways to use Taskbahn, with wampy alone in a real browser.

wampy's `uriValidation: "loose"` is for topics: its strict rule refuses the hyphens of `taskbahn.job.<id>`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

OPEN = """
    const { Wampy } = await import("/vendor/wampy/wampy.js");
    const wampy = new Wampy(`ws://${location.host}/ws`, { realm: "taskbahn", uriValidation: "loose" });
    await wampy.connect();
    const first = ({ argsList }) => argsList?.[0];
    const until = async condition => { while (!condition()) await new Promise(resolve => setTimeout(resolve, 10)) };
"""


@pytest.fixture
def run(page: Page, evaluate: Any) -> Any:
    """Run JavaScript that has a connected `wampy`."""
    return lambda script: evaluate(page, OPEN + script)


def test_call_a_task_as_a_remote_procedure_with_progressive_results(run: Any) -> None:
    events, result = run("""
        const events = [];
        const progress_callback = payload => events.push(...first(payload).events);
        const answer = await wampy.call("numbers.count", { argsDict: { to: 5 } }, { progress_callback });
        return [events, first(answer)];
    """)
    assert result == 5
    assert [event["data"]["message"] for event in events if event["kind"] == "log"] == [f"line {n}" for n in range(5)]
    progress = [event["data"]["fraction"] for event in events if event["kind"] == "progress"]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert events[-1]["data"]["state"] == "succeeded"


def test_a_failing_task_is_a_wamp_error(run: Any) -> None:
    uri, text = run("""
        try { await wampy.call("pictures.broken", ["cat.gif"]) } catch (error) { return [error.errorUri, error.argsList[0]] }
    """)
    assert uri == "taskbahn.error.job_failed"
    assert "cat.gif is no picture" in text


def test_cancel_a_call(run: Any) -> None:
    uri, state = run("""
        let job;
        const answer = wampy.call("sleep.long", [60], { progress_callback: payload => { job = first(payload).job } });
        const { reqId } = wampy.getOpStatus();
        await until(() => job);
        wampy.cancel(reqId, { mode: "kill" });
        const uri = await answer.catch(error => error.errorUri);
        const view = first(await wampy.call("taskbahn.job.watch", [job], { progress_callback: () => {} }));
        return [uri, view.state];
    """)
    assert uri == "wamp.error.canceled"
    assert state == "cancelled"


def test_submit_and_watch(run: Any) -> None:
    snapshots, lines, outcome = run("""
        const [id] = first(await wampy.call("taskbahn.submit", [[{ task: "numbers.count", kwargs: { to: 5 } }]]));
        const messages = [];
        const outcome = await wampy.call("taskbahn.job.watch", [id], { progress_callback: payload => messages.push(first(payload)) });
        const events = messages.flatMap(({ events }) => events ?? []);
        const lines = events.filter(({ kind }) => kind === "log").map(({ data }) => data.message);
        return [messages.filter(({ snapshot }) => snapshot).length, lines, first(outcome)];
    """)
    assert snapshots == 1
    assert lines == [f"line {n}" for n in range(5)]
    assert (outcome["state"], outcome["result"]) == ("succeeded", 5)


@pytest.mark.parametrize("match", ["exact", "prefix"])
def test_subscribe_to_the_events_of_a_job(run: Any, match: str) -> None:
    kinds, lines = run(
        """
        const id = crypto.randomUUID();
        const events = [];
        const topic = MATCH === "exact" ? `taskbahn.job.${id}` : "taskbahn.job";
        const hear = payload => events.push(...first(payload).filter(({ job }) => job === id));
        await wampy.subscribe(topic, hear, { match: MATCH, get_retained: false });
        await wampy.call("taskbahn.submit", [[{ id, task: "numbers.count", kwargs: { to: 5 } }]]);
        await until(() => events.some(({ data }) => data.state === "succeeded"));
        return [events.map(({ kind }) => kind), events.filter(({ kind }) => kind === "log").map(({ data }) => data.message)];
    """.replace("MATCH", repr(match))
    )
    assert lines == [f"line {n}" for n in range(5)]
    assert set(kinds) == {"state", "log", "progress"}


def test_be_a_worker(run: Any) -> None:
    result, progress, again = run("""
        await wampy.register("taskbahn.offer.browser.double", async ({ argsList, argsDict, result_handler }) => {
            result_handler({ argsList: [0.5], options: { progress: true } });
            return { argsList: [argsList[0] * (argsDict?.times ?? 2)] };
        });
        const events = [];
        const call = () => wampy.call("browser.double", { argsList: [21], argsDict: {} }, {
            progress_callback: payload => events.push(...first(payload).events),
        });
        let answer;
        for (let tries = 0; !answer && tries < 100; tries++) {  // the dispatcher hears of the registration a moment later
            answer = await call().catch(() => new Promise(resolve => setTimeout(resolve, 20)));
        }
        const fractions = events.filter(({ kind }) => kind === "progress").map(({ data }) => data.fraction);
        const again = first(await wampy.call("browser.double", { argsList: [5], argsDict: { times: 3 } }));
        await wampy.unregister("taskbahn.offer.browser.double");
        return [first(answer), fractions, again];
    """)
    assert result == 42
    assert progress == [0.5]
    assert again == 15
