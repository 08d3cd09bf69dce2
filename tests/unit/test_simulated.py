"""`taskbahn.testing.simulated`: tasks under the real dispatcher, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import threads
from twisted.internet.defer import CancelledError

from taskbahn import BlocksLoop, JobCancelled, JobExpired, JobFailed, NotFinished, Rate, Taskbahn, Unique, chain, chord, current
from taskbahn.errors import InvalidRequest, NoQuestion, WrongAnswer
from taskbahn.testing import simulated
from taskbahn.testing.simulation import driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.testing import Simulation

app = Taskbahn()
did: list[Any] = []


@app.task(name="add")
def add(a: int, b: int) -> int:
    print(f"adding {a}")
    return a + b


@app.task(name="square")
async def square(n: int) -> int:
    await asyncio.sleep(0)
    return n * n


@app.task(name="total")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task(name="flaky", retries=5, retry_backoff=60.0)
def flaky(fails: int) -> int | None:
    did.append(current.attempt)
    if (current.attempt or 0) <= fails:
        raise ValueError("no")
    return current.attempt


@app.task(name="sleeps")
def sleeps() -> str:
    did.append("begun")
    current.sleep("3d")
    return "slept"


@app.task(name="asks")
def asks() -> int:
    return current.ask("How many?", int)


@app.task(name="hears")
def hears() -> list[str]:
    inbox = current.inbox.of(str)
    return [inbox.get(), inbox.get()]


@app.task(name="parent")
def parent() -> int:
    return add.call(1, 2) + square.start(3).result()


@app.task(name="async_parent")
async def async_parent() -> list[int]:
    both = await asyncio.gather(square.call_async(2), square.call_async(3))
    await current.sleep_async("1h")
    return list(both)


@app.task(name="limited", limits=[Rate("1/m")])
def limited() -> None:
    did.append("limited")


@app.task(name="only_one", unique=Unique(key="{key}"))
def only_one(key: str) -> str:
    return key


dated = Taskbahn()


@dated.schedule("0 3 * * *", zone="Europe/Berlin")
@dated.task(name="nightly")
def nightly() -> None:
    did.append("nightly")


@app.on("orders.created", kwargs={"n": "{event.n}"})
@app.task(name="ordered")
def ordered(n: int) -> int:
    did.append(n)
    return n


@pytest.fixture
def node() -> Iterator[Simulation]:
    did.clear()
    with simulated(app) as node:
        yield node


def test_nothing_runs_until_the_test_lets_it(node: Simulation) -> None:
    job = flaky.start(0)
    assert did == []
    node.settle()
    assert did == [1]
    assert job.state() == "succeeded"


def test_a_result_arrives_with_logs_and_events(node: Simulation) -> None:
    job = add.start(1, 2)
    assert job.result() == 3
    assert [line.message for line in job.logs()] == ["adding 1"]
    assert node.now.tzinfo is not None


@settings(deadline=None, max_examples=10)
@given(fails=st.integers(0, 6))
def test_each_retry_comes_when_its_time_has_come(fails: int) -> None:
    did.clear()
    with simulated(app) as node:
        job = flaky.start(fails)
        node.settle()
        assert did == [1]
        node.advance("5h")
        assert did == list(range(1, min(fails, 5) + 2))
        if fails > 5:
            with pytest.raises(JobFailed):
                job.result()
        else:
            assert job.result() == fails + 1


def test_time_passes_while_a_test_waits(node: Simulation) -> None:
    began = node.now
    assert sleeps.call() == "slept"
    assert node.now - began >= timedelta(days=3)
    assert did == ["begun", "begun"]  # the function was suspended and called again, as on a real node


def test_a_timeout_is_in_seconds_of_the_simulation(node: Simulation) -> None:
    began = node.now
    job = sleeps.start()
    with pytest.raises(NotFinished):
        job.result(timeout=3600)
    assert node.now - began == timedelta(hours=1)


def test_a_wait_for_what_never_comes_says_why(node: Simulation) -> None:
    job = asks.start()
    with pytest.raises(NotFinished, match=r"nothing is left to do(.|\n)*asks .*\n.*How many"):
        job.result()
    node.answer(job, 3)
    assert job.result() == 3


def test_a_wait_that_is_over_names_what_holds_the_job(node: Simulation) -> None:
    limited.start()
    held = add.options(delay=1).start(1, 2)
    held.pause()
    nap = add.options(delay=7200)
    for job, state, why in (
        (limited.start(), "ready", r"the limit limited\.rate holds it"),
        (nap.start(1, 2), r"waiting \(due in 7[0-9]{3} s\)", "it was submitted with a delay"),
        (asks.start(), "(running|waiting)", "its function waits for .*How many"),
        (held, "waiting", "it is paused"),
        (chain(asks.s(), total.si([1])).start(), r"running \(at 0%\)", "it waits for the job .* How many"),
    ):
        for wait in (job.result, job.error):
            with pytest.raises(NotFinished, match=rf"\) is {state}.* after 5 s: .*{why}"):
                wait(timeout=5)
    batch = nap.start_many([(1, 2), (3, 4)])
    with pytest.raises(NotFinished, match=r"2 of 2 jobs \(add\) have not ended after 5 s; job .* it was submitted with a delay"):
        batch.results(timeout=5)
    with pytest.raises(NotFinished, match=r"after 5 s; job .* it was submitted with a delay"):
        list(batch.as_completed(timeout=5))
    node.settle()


def test_answers_are_checked_and_fit_one_question(node: Simulation) -> None:
    job = asks.start()
    with pytest.raises(WrongAnswer):
        node.answer(job, "many")
    with pytest.raises(NoQuestion):
        node.answer(add.start(1, 2), 3)
    node.answer(job, 4)
    assert job.state() == "succeeded"


def test_messages_arrive_in_their_order(node: Simulation) -> None:
    job = hears.start()
    node.settle()
    job.send("a")
    job.send("b")
    assert job.result() == ["a", "b"]


@pytest.mark.usefixtures("node")
def test_parents_wait_for_children_in_threads_and_loops() -> None:
    assert parent.call() == 12
    assert async_parent.call() == [4, 9]
    assert chord((square.s(n) for n in range(5)), total.s()).call() == 30


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("late", ["before", "after"])
def test_a_loop_does_not_rest_while_an_answer_is_on_its_way(late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = asyncio.BaseEventLoop.call_soon_threadsafe

    def slow(loop: asyncio.BaseEventLoop, callback: Any, *args: Any, **kwargs: Any) -> Any:
        def called(*args: Any) -> None:
            time.sleep(0.03 if late == "after" else 0)
            callback(*args)

        time.sleep(0.03 if late == "before" else 0)  # longer than a coroutine waits before it gives its slot back
        return original(loop, called, *args, **kwargs)

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_soon_threadsafe", slow)
    assert async_parent.call() == [4, 9]


@pytest.mark.usefixtures("node")
def test_an_async_test_awaits_jobs() -> None:
    async def test() -> list[Any]:
        job = await add.start_async(3, 4)
        return [await job, await sleeps.call_async(), await square.call_async(5)]

    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(asyncio.run(test())))  # pytest-twisted runs a loop in this one
    thread.start()
    thread.join()
    assert found == [7, "slept", 25]


@pytest.mark.usefixtures("node")
def test_one_loop_over_events_warns_once_that_it_blocks() -> None:
    async def test() -> int:
        job = await add.start_async(3, 4)
        with pytest.warns(BlocksLoop) as found:
            assert [event.kind for event in job.events()][-1] == "outcome"
        return len(found)

    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(test())))  # as above
    thread.start()
    thread.join()
    assert found == [1]


def test_a_rate_holds_back_until_its_time(node: Simulation) -> None:
    for _ in range(3):
        limited.start()
    node.settle()
    assert did == ["limited"]
    node.advance("1m")
    assert did == ["limited"] * 2
    node.advance(60)
    assert did == ["limited"] * 3


def test_jobs_expire_and_are_cancelled(node: Simulation) -> None:
    limited.start()
    late = limited.options(start_within=30).start()
    waits = sleeps.start()
    node.settle()
    assert waits.cancel("enough") in ("cancelled", "running")
    with pytest.raises(JobCancelled, match="enough"):
        waits.result()
    with pytest.raises(JobExpired, match="it did not start within its start_within"):
        app.job(late.id).result()
    assert did == ["limited", "begun"]


@pytest.mark.usefixtures("node")
def test_unique_calls_join_and_all_queues_are_served() -> None:
    assert only_one.start("a") == only_one.start("a")
    assert add.options(queue="a queue of its own").call(1, 1) == 2


def test_schedules_fire_when_their_time_has_come() -> None:
    did.clear()
    with simulated(dated) as node:
        node.advance("10d")
        assert did == ["nightly"] * 10


@pytest.mark.usefixtures("node")
def test_events_start_tasks() -> None:
    jobs = app.publish("orders.created", n=7)
    assert [job.result() for job in jobs] == [7]


def test_a_lost_worker_has_its_job_run_again(node: Simulation) -> None:
    node.lose_worker()
    assert flaky.call(0) == 2
    assert did == [1, 2]
    job = sleeps.start()
    node.settle()
    node.lose_worker()  # in the middle of it
    assert job.result() == "slept"


def test_a_request_that_arrives_twice_starts_one_job(node: Simulation) -> None:
    node.send_twice()
    assert add.call(1, 2) == 3
    assert len(app.view.jobs().jobs) == 1


def test_one_simulation_runs_at_a_time(node: Simulation) -> None:
    with pytest.raises(InvalidRequest, match="a simulation runs already"), simulated(Taskbahn()):
        pass
    node.settle()


def test_a_hanging_task_does_not_hang_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    other = Taskbahn()

    @other.task(name="stays")
    def stays() -> None:
        goes_on.wait()

    monkeypatch.setattr(driver, "PATIENCE_SECONDS", 0.2)
    with simulated(other) as node:
        stays.start()
        with pytest.raises(NotFinished, match=r"the task stays runs for 0\.2 s(.|\n)*goes_on\.wait"):
            node.settle()
        goes_on.set()


@pytest_twisted.ensureDeferred
async def test_a_twisted_test_awaits_jobs() -> None:
    with simulated(app):
        assert await add.call_async(1, 2) == 3
        assert await sleeps.call_async() == "slept"


@pytest_twisted.ensureDeferred
async def test_time_skips_for_deferreds_as_for_coroutines() -> None:
    with simulated(app) as node:
        began = node.now
        job = await sleeps.start_async()
        assert await job.deferred() == "slept"
        assert node.now - began >= timedelta(days=3)
        assert await job.deferred() == "slept"  # it is there already
        failed = await flaky.options(retries=0).start_async(3)
        with pytest.raises(JobFailed, match="no"):
            await failed.deferred()
        with pytest.raises(NotFinished, match="How many"):
            await (await asks.start_async()).deferred()


@pytest_twisted.ensureDeferred
async def test_waits_that_are_given_up_let_no_time_pass() -> None:
    with simulated(app) as node:
        job = await asks.start_async()
        waits = job.deferred()
        waits.cancel()
        with pytest.raises(CancelledError):
            await waits
        began = node.now
        await threads.deferToThread(node.settle)
        assert node.now == began
