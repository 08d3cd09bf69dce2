"""`taskbahn.testing` without a node: `attempt`, `eager` and `recorded`."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import InvalidArguments, JobFailed, NotAnswered, Retry, Taskbahn, chain, chord, current
from taskbahn.attempt.stops import Cancelled
from taskbahn.errors import InvalidRequest, OutsideJob, ResultNotSerialisable, UnknownTask
from taskbahn.testing import attempt, eager, recorded, without_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

app = Taskbahn()
did: list[Any] = []


@app.task(name="add")
def add(a: int, b: int = 1) -> int:
    print(f"adding {a}")
    return a + b


@app.task(name="total")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task(name="due")
def due(day: date, note: str = "") -> date:
    did.append((day, note))
    return day


@app.task(name="flaky", retries=2)
def flaky(fails: int) -> int | None:
    did.append(current.attempt)
    if (current.attempt or 0) <= fails:
        raise Retry(3600)
    return current.attempt


@app.task(name="async_add")
async def async_add(a: int) -> int:
    await asyncio.sleep(0)
    return await add.call_async(a, 1)


@app.task(name="parent")
def parent() -> int:
    return add.call(1, 2) + add.start(2, 3).result() + async_add.call(4)


@app.task(name="sleeps")
def sleeps() -> None:
    current.sleep("3d")


@app.task(name="cannot")
def cannot() -> Any:
    return object()


@app.task(name="works")
def works(n: int) -> str:
    with current.stage("load", 3) as stage:
        stage.advance(2)
    current.progress(0.5, message="half")
    print("printed")
    logging.getLogger("shop").warning("logged")
    current.log("said")
    current.chunk({"a": 1})
    current.sleep("3d")
    answer = current.ask("Publish?", bool, within="1h")
    message = current.inbox.of(str).get()
    event = current.wait_for_event("orders", dict)
    return f"{n} {current.attempt} {answer} {message} {event} {current.step('count', lambda: 4)}"


@app.task(name="works_async")
async def works_async() -> str:
    await current.sleep_async("3d")
    answer = await current.ask_async("Publish?", bool)
    return f"{answer} {await current.inbox.get_async()} {await current.step_async('count', lambda: 5)}"


def in_thread(test: Callable[[], Any]) -> Any:
    """Run a test where no event loop runs: pytest-twisted has one in this thread."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(test()))
    thread.start()
    thread.join()
    return found[0]


def test_an_attempt_hears_and_says_what_the_test_gives_and_reads() -> None:
    with attempt(number=2, answers={"Publish?": True}, events={"orders": {"n": 3}}, inbox=["hi"]) as said:
        assert works(3) == "3 2 True hi {'n': 3} 4"
    assert said.logs == ["printed", "logged", "said"]
    assert [line["level"] for line in said.lines] == ["INFO", "WARNING", "INFO"]
    assert said.stages == ["load"]
    assert (said.progress.fraction, said.progress.message, said.progress.stages[0].done) == (0.5, "half", 2)
    assert said.chunks == [{"a": 1}]
    assert said.questions == ["Publish?"]
    assert said.steps == {"count": 4}
    assert said.slept == pytest.approx(3 * 86400)


def test_an_async_attempt_waits_for_nothing_either() -> None:
    def test() -> Any:
        with attempt(answers={"Publish?": False}, inbox=[7]) as said:
            return asyncio.run(works_async()), said.slept

    assert in_thread(test) == ("False 7 5", pytest.approx(3 * 86400))


def test_time_that_is_over_counts_and_what_never_comes_is_named() -> None:
    with attempt() as said, pytest.raises(NotAnswered):
        current.ask("When?", str, within=5)
    assert said.slept == 5
    with attempt(), pytest.raises(OutsideJob, match=r"attempt\(answers=\{'When\?': \.\.\.\}\)"):
        current.ask("When?", str)
    with attempt(), pytest.raises(OutsideJob, match=r"attempt\(events="):
        current.wait_for_event("orders", dict)
    with attempt(), pytest.raises(OutsideJob, match=r"attempt\(inbox="):
        current.inbox.get()
    with pytest.raises(OutsideJob, match=r"taskbahn\.testing\.attempt"):
        current.sleep(1)


def test_an_attempt_can_be_cancelled_and_leaves_nothing() -> None:
    with attempt() as said:
        assert current.is_cancelled is False
        said.cancel("enough")
        with pytest.raises(Cancelled, match="enough"):
            current.check()
        with pytest.raises(InvalidRequest, match="an attempt already"), attempt():
            pass
    assert current.job is None


def test_eager_runs_at_once_through_checks_and_data() -> None:
    did.clear()
    with eager(app):
        job = due.start(date(2026, 1, 2), note="x")
        assert did == [(date(2026, 1, 2), "x")]
        assert job.state() == "succeeded"
        assert job.result() == date(2026, 1, 2)
        assert job.view().args == ["2026-01-02"]
        with pytest.raises(InvalidArguments):
            due.start("no day")  # type: ignore[arg-type]
        with pytest.raises(JobFailed, match="ResultNotSerialisable"):
            cannot.call()
        assert [line.message for line in add.start(5).logs()] == ["adding 5"]
        assert sum(add.start_many([(1, 2), (3, 4)]).results()) == 10
        assert app.job(job.id).state() == "succeeded"


@given(fails=st.integers(0, 5))
def test_eager_retries_without_delay(fails: int) -> None:
    did.clear()
    with eager(app):
        job = flaky.start(fails)
        assert did == list(range(1, min(fails, 2) + 2))
        assert job.state() == ("succeeded" if fails < 3 else "failed")


def test_eager_jobs_start_others_and_flows() -> None:
    def test() -> Any:
        with eager(app):
            flow = chord((add.s(n, 1) for n in range(3)), total.s())
            return parent.call(), async_add.call(1), flow.call(), chain(add.s(1, 2), add.s(3)).call()

    assert in_thread(test) == (13, 2, 6, 6)


def test_eager_coroutines_run_on_the_loop_that_awaits_them() -> None:
    loops: list[Any] = []

    @app.task(name="where")
    async def where() -> None:
        loops.append(asyncio.get_running_loop())

    async def test() -> list[Any]:
        await where.call_async()
        job = await async_add.start_async(5)
        return [loops[-1] is asyncio.get_running_loop(), await job, await parent.call_async(), async_add.call(8)]

    def run() -> Any:
        with eager(app):
            return asyncio.run(test())

    assert in_thread(run) == [True, 6, 13, 9]
    del app.tasks["where"]


def test_eager_has_no_node_and_says_what_has() -> None:
    with eager(app):
        with pytest.raises(JobFailed, match=r"a sleep: nothing comes.*simulated"):
            sleeps.call()
        with pytest.raises(InvalidRequest, match=r"simulated\(app\)"):
            app.view.status()
        with pytest.raises(UnknownTask):
            app.get("other.task").start()
        with pytest.raises(InvalidRequest, match="under test already"), recorded(app):
            pass


def test_recorded_runs_nothing_and_shows_the_difference() -> None:
    did.clear()
    with recorded(app) as seen:
        job = due.options(tags=["x"]).start(date(2026, 1, 2))
        assert seen.started(due, date(2026, 1, 2), note="") == job
        assert seen.calls[0].options == {"tags": ["x"]}
        with pytest.raises(AssertionError, match=r"was not started(.|\n)*2026, 1, 2(.|\n)*wanted datetime.date\(2026, 1, 3\)"):
            seen.started(due, date(2026, 1, 3))
        with pytest.raises(AssertionError, match="due was started:"):
            seen.not_started(due)
        with pytest.raises(AssertionError, match="these were:"):
            seen.started(add, 1)
        seen.not_started(add)
        with pytest.raises(InvalidArguments):
            due.start("no day")  # type: ignore[arg-type]
    assert did == []


def test_recorded_jobs_wait_for_their_delay() -> None:
    with recorded(app) as seen:
        assert add.options(delay=5).start(1).state() == "waiting"
        assert add.start(1).state() == "ready"
        with pytest.raises(AssertionError, match=r"add was started 2 times:"):
            seen.not_started(add)
    with recorded(app) as seen:
        add.start(1)
        with pytest.raises(AssertionError, match=r"add was started:\n"):
            seen.not_started(add)


def test_recorded_jobs_give_what_the_test_says() -> None:
    with recorded(app) as seen:
        job = add.start(1)
        with pytest.raises(InvalidRequest, match=r"seen\.returns\(add"):
            job.result()
        seen.returns(add, 7)
        assert (job.result(), add.call(5), in_thread(lambda: asyncio.run(add.call_async(1)))) == (7, 7, 7)
        with pytest.raises(ResultNotSerialisable):
            seen.returns(cannot, object())
        other = total.start([1])
        assert other.cancel() == "cancelled"


def test_recorded_sees_the_members_of_flows() -> None:
    with recorded(app) as seen:
        chord((add.s(n, 1) for n in range(2)), total.s()).start()
        add.map([5, 6]).start()
        total.start_many([[1], [2]])
        assert [str(call) for call in seen.calls] == [
            "add(0, 1)", "add(1, 1)", "total()", "add(5)", "add(6)", "total([1])", "total([2])",
        ]  # fmt: skip
        assert seen.started(total, [2]).id == seen.calls[-1].id


def test_other_runners_keep_from_nodes_too() -> None:
    with without_nodes(), pytest.raises(InvalidRequest, match="this test would connect to"):
        Taskbahn("ws://127.0.0.1:1/ws").get("any").start()
