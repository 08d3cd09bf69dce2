"""The same claims for each way to run an attempt: event loop, thread, process."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app

Play = Callable[..., None]

SOURCE = """
    import asyncio, logging, os, sys, time
    from taskbahn import Taskbahn
    from taskbahn.attempt.current import current
    from taskbahn.signals import GiveUp, Retry

    app = Taskbahn()

    def declare(pool):
        task = lambda name, **words: app.task(name=f"{{name}}.{{pool}}", pool=pool, **words)

        @task("add")
        {DEF} add(a: int, b: int = 1) -> int:
            return a + b

        @task("fail", retry_on=(ValueError, KeyError))
        {DEF} fail(kind: str) -> None:
            try:
                raise KeyError("inner")
            except KeyError as inner:
                error = {{"value": ValueError, "type": TypeError, "give_up": GiveUp}}[kind](f"because {{kind}}")
                error.add_note("a note")
                raise error from inner

        @task("again")
        {DEF} again() -> None:
            raise Retry(delay=2.5, reason="later")

        @task("exit")
        {DEF} leave() -> None:
            sys.exit(3)

        @task("odd")
        {DEF} odd() -> object:
            return object()

        @task("sleep")
        {DEF} sleep(seconds: float) -> str:
            {AWAIT}{SLEEP}(seconds)
            return "slept"

        @task("nap")  # can be interrupted at any time, also in a thread
        {DEF} nap(seconds: float) -> str:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                {AWAIT}{SLEEP}(0.005)
            return "slept"

        @task("stubborn")
        {DEF} stubborn(seconds: float) -> str:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                try:
                    {AWAIT}{SLEEP}(0.005)
                except BaseException:
                    pass
            return "slept"

        @task("extend")
        {DEF} extend() -> str:
            current.extend(30)
            for _ in range(60):
                {AWAIT}{SLEEP}(0.02)
            return "slept"

        @task("talk")
        {DEF} talk() -> list:
            logging.getLogger("shop").warning("careful %d", 1)
            print("one\\ntwo")
            print("three", end="", file=sys.stderr)
            current.log("four", "debug")
            current.chunk({{"part": 1}})
            current.progress(3, total=4, message="nearly", data={{"x": 1}})
            return [current.job, current.attempt, current.task]

        @task("stages")
        {DEF} stages() -> None:
            with current.stage("outer", total=2) as outer:
                outer.advance()
                with current.stage("inner") as inner:
                    inner.total = 7
                    inner.advance(7)
                outer.advance()

        @task("busy")
        {DEF} busy(count: int) -> None:
            for index in range(count):
                current.progress(index + 1, total=count)
                {AWAIT}{SLEEP}(0.001)

        @task("die")
        {DEF} die() -> None:
            os.kill(os.getpid(), 9)

        @task("where")
        {DEF} where() -> int:
            return os.getpid()

    declare("{POOL}")
"""


def source(pool: str) -> str:
    asynchronous = {"DEF": "async def", "AWAIT": "await ", "SLEEP": "asyncio.sleep"}
    plain = {"DEF": "def", "AWAIT": "", "SLEEP": "time.sleep"}
    return SOURCE.format(POOL=pool, **(asynchronous if pool == "loop" else plain))


def test_results_are_reported_with_their_times(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"add.{pool}", [1]), ("b", f"add.{pool}", [1, 2]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": 2, "b": 3}
        assert all(started <= ended for *_, started, ended in dispatcher.all("done"))

    scenario(action)


def test_many_attempts_beyond_the_slots_are_all_done(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(*((f"j{number}", f"add.{pool}", [number]) for number in range(500)))
        await dispatcher.until(lambda: worker.is_clear)
        back = {job for job, _ in dispatcher.all("back")}
        assert dispatcher.done.keys() | back == {f"j{number}" for number in range(500)}
        assert all(dispatcher.done[job] == int(job[1:]) + 1 for job in dispatcher.done)
        assert len(dispatcher.done) + len(back) == 500

    scenario(action)


def test_an_exception_is_described_without_our_frames(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"fail.{pool}", ["value"]))
        await dispatcher.until(lambda: worker.is_clear)
        failed = dispatcher.failed["a"]
        error = failed["error"]
        assert (failed["kind"], failed["retry"]) == ("error", True)
        assert (error["type"], error["message"], error["notes"]) == ("ValueError", "because value", ["a note"])
        assert error["cause"] == {"type": "KeyError", "message": "'inner'"}
        assert "in fail" in error["traceback"]
        assert "taskbahn/worker" not in error["traceback"]

    scenario(action)


def test_what_may_be_tried_again_is_decided_by_the_tasks_rules(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("type", f"fail.{pool}", ["type"]), ("give_up", f"fail.{pool}", ["give_up"]), ("again", f"again.{pool}"))
        await dispatcher.until(lambda: worker.is_clear)
        assert [dispatcher.failed[job]["retry"] for job in ("type", "give_up", "again")] == [False, False, True]
        assert (dispatcher.failed["again"]["delay"], dispatcher.failed["again"]["asked"]) == (2.5, True)
        assert "asked" not in dispatcher.failed["type"]
        assert dispatcher.failed["again"]["error"]["message"] == "later"

    scenario(action)


def test_arguments_and_results_that_do_not_fit_are_not_tried_again(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("arguments", f"add.{pool}", ["x"]), ("result", f"odd.{pool}"), ("unknown", "no.such"))
        await dispatcher.until(lambda: worker.is_clear)
        failed = dispatcher.failed
        assert [failed[job]["retry"] for job in ("arguments", "result")] == [False, False]
        assert "InvalidArguments" in failed["arguments"]["error"]["type"]
        assert "ResultNotSerialisable" in failed["result"]["error"]["type"]
        assert failed["unknown"]["error"]["type"] == "UnknownTask"

    scenario(action)


def test_sys_exit_fails_the_attempt_only(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"exit.{pool}"))
        await dispatcher.until(lambda: worker.is_clear)
        dispatcher.run(("b", f"add.{pool}", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["error"]["type"] == "SystemExit"
        assert dispatcher.done == {"b": 2}

    scenario(action)


def test_an_attempt_past_its_time_limit_is_stopped(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"nap.{pool}", [30], 0.1), ("b", f"add.{pool}", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        failed = dispatcher.failed["a"]
        assert (failed["kind"], failed["retry"]) == ("time_limit", True)
        assert "longer than its time limit of 0.1 s" in failed["error"]["message"]
        assert 0.1 <= failed["ended_at"] - failed["started_at"] < 15  # half of the nap
        assert dispatcher.done == {"b": 2}

    scenario(action)


def test_an_attempt_may_extend_its_time_limit(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"extend.{pool}", [], 1.0))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": "slept"}
        assert dispatcher.notices("extend") == [31.0]

    scenario(action)


def test_a_running_attempt_is_cancelled(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"nap.{pool}", [30]))
        await dispatcher.until(lambda: any(one.began for pool in worker._pools.values() for one in pool.running()))
        dispatcher.on_progress({"cancel": [["a", 1, "changed my mind"]]})
        await dispatcher.until(lambda: worker.is_clear)
        failed = dispatcher.failed["a"]
        assert (failed["kind"], failed["retry"], failed["error"]["message"]) == ("cancelled", False, "changed my mind")
        dispatcher.run(("b", f"add.{pool}", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"b": 2}

    scenario(action)


def test_an_attempt_in_the_line_is_cancelled_before_it_starts(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"sleep.{pool}", [0.05]), ("b", f"sleep.{pool}", [0.05]))
        dispatcher.on_progress({"cancel": [["b", 1, "no need"]]})
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": "slept"}
        assert dispatcher.failed["b"]["kind"] == "cancelled"

    scenario(action, slots=1)


def test_an_attempt_that_does_not_stop_is_left_behind_or_killed(
    scenario: Play, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskbahn.worker.limits.ABANDON_AFTER", 0.3)

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"stubborn.{pool}", [2], 0.1))
        await dispatcher.until(lambda: dispatcher.failed)
        assert dispatcher.failed["a"]["kind"] == "time_limit"
        dispatcher.run(("b", f"add.{pool}", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"b": 2}

    scenario(action, slots=1)


def test_logs_prints_chunks_and_progress_become_notices(scenario: Play, pool: str, capfd: pytest.CaptureFixture[str]) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"talk.{pool}"))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": ["a", 1, f"talk.{pool}"]}
        lines = [(line["level"], line["logger"], line["message"]) for line in dispatcher.notices("log")]
        assert lines == [
            ("WARNING", "shop", "careful 1"),
            ("INFO", "stdout", "one"),
            ("INFO", "stdout", "two"),
            ("DEBUG", "", "four"),
            ("INFO", "stderr", "three"),
        ]
        assert dispatcher.notices("chunk") == [{"part": 1}]
        assert dispatcher.notices("progress") == [{"fraction": 0.75, "message": "nearly", "data": {"x": 1}}]

    scenario(action)
    written = capfd.readouterr()
    assert "three" in written.err
    if pool == "process":  # elsewhere pytest has handlers of its own
        assert "careful 1" in written.err
    assert "one\ntwo" in written.out


def test_stages_nest(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"stages.{pool}"))
        await dispatcher.until(lambda: worker.is_clear)
        outer, inner = dispatcher.notices("progress")[-1]["stages"]
        assert (outer["name"], outer["total"], outer["done"], outer.get("parent")) == ("outer", 2, 2, None)
        assert (inner["name"], inner["total"], inner["done"], inner["parent"]) == ("inner", 7, 7, outer["id"])
        assert outer["ended_at"] >= inner["ended_at"]

    scenario(action)


def test_progress_is_sent_at_most_twenty_times_a_second_plus_the_last(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"busy.{pool}", [300]))
        await dispatcher.until(lambda: worker.is_clear)
        (done,) = dispatcher.all("done")
        fractions = [progress["fraction"] for progress in dispatcher.notices("progress")]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert 3 <= len(fractions) <= (done[4] - done[3]) * 20 + 2

    scenario(action)


def test_a_line_that_does_not_move_is_handed_back(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(*((f"j{number}", f"sleep.{pool}", [1.2]) for number in range(4)))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done.keys() == {"j0"}
        assert sorted(job for job, _ in dispatcher.all("back")) == ["j1", "j2", "j3"]

    scenario(action, slots=1)


def test_unstarted_attempts_are_handed_back_on_demand_the_newest_first(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(*((f"j{number}", f"sleep.{pool}", [0.05]) for number in range(4)))
        dispatcher.on_progress({"back": 2})
        await dispatcher.until(lambda: worker.is_clear)
        assert sorted(dispatcher.done) == ["j0", "j1"]
        assert dispatcher.all("back") == [("j3", 1), ("j2", 1)]

    scenario(action, slots=1)


def test_draining_hands_back_the_line_and_finishes_what_runs(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(*((f"j{number}", f"sleep.{pool}", [0.5]) for number in range(3)))
        await dispatcher.until(lambda: any(one.began for pool in worker._pools.values() for one in pool.running()))
        worker.drain()
        dispatcher.run(("late", f"add.{pool}", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done.keys() == {"j0"}
        assert {job for job, _ in dispatcher.all("back")} == {"j1", "j2", "late"}
        assert not dispatcher.failed
        assert dispatcher.reports[-1]["draining"] is True

    scenario(action, slots=1)


def test_what_does_not_finish_in_the_grace_is_stopped_and_handed_back(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"nap.{pool}", [30]))
        await dispatcher.until(lambda: any(one.began for pool in worker._pools.values() for one in pool.running()))
        worker.drain()
        worker.give_up()
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.all("back") == [("a", 1)]
        assert not dispatcher.failed

    scenario(action)


def test_a_process_that_dies_costs_one_attempt(make_module: Callable[[str], str]) -> None:
    target = f"{make_module(source('process'))}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        for number in range(20):  # the task becomes known as short, so that several are in one child
            dispatcher.run((f"w{number}", "add.process", [number]))
            await dispatcher.until(lambda: worker.is_clear)
        dispatcher.run(("a", "die.process"), *((f"j{number}", "add.process", [number]) for number in range(10)))
        await dispatcher.until(lambda: worker.is_clear)
        assert list(dispatcher.failed) == ["a"]
        assert dispatcher.failed["a"]["kind"] == "crash"
        error = dispatcher.failed["a"]["error"]
        assert "signal 9 (SIGKILL)" in error["message"]
        assert error["signal"] == "SIGKILL"
        assert 2**20 < error["peak_memory"] < 2**30
        assert len(dispatcher.done) == 30

    run_worker(load_app(target), action, slots=1, target=target)


def test_each_pool_runs_where_it_says(scenario: Play, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"where.{pool}"))
        await dispatcher.until(lambda: worker.is_clear)
        assert (dispatcher.done["a"] == os.getpid()) == (pool != "process")

    scenario(action)
