"""The pool of `async def` tasks when one of them does not let the others go: who is stopped, who is charged, what is reported."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.worker_harness import run_worker

from taskbahn import Taskbahn
from taskbahn.worker import limits, loop_watch
from taskbahn.worker.pools import loop as loop_pool

if TYPE_CHECKING:
    from collections.abc import Iterator


class Scenario:
    """An application whose tasks are held by events of this process."""

    def __init__(self) -> None:
        self.app = app = Taskbahn()
        self.release = threading.Event()
        self.is_held = threading.Event()
        self.is_awaiting = threading.Event()

        @app.task(name="hold")
        async def hold() -> str:
            self.is_held.set()
            self.release.wait(60)
            return "released"

        @app.task(name="innocent")
        async def innocent(seconds: float) -> str:
            self.is_awaiting.set()
            await asyncio.sleep(seconds)
            return "slept"

        @app.task(name="until_released")
        async def until_released() -> str:
            self.is_awaiting.set()
            while not self.release.is_set():  # noqa: ASYNC110 - it is set by another thread
                await asyncio.sleep(0.005)
            return "released"

        @app.task(name="add")
        async def add(a: int, b: int) -> int:
            return a + b

    def run_worker(self, action: Any) -> None:
        try:
            run_worker(self.app, action, slots=4)
        finally:
            self.release.set()


@pytest.fixture
def scenario(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenario]:
    monkeypatch.setattr(loop_watch, "BLOCKED_AFTER", 0.2)
    made = Scenario()
    yield made
    made.release.set()


def blocked(worker: Any) -> bool:
    return worker._blockade is not None


def test_a_blocked_loop_is_in_the_vitals_until_it_answers(scenario: Scenario) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "hold"))
        await dispatcher.until(lambda: any(report.get("vitals", {}).get("blocked") for report in dispatcher.reports))
        (told,) = [report["vitals"]["blocked"] for report in dispatcher.reports if report.get("vitals", {}).get("blocked")]
        assert (told["job"], told["attempt"], told["task"]) == ("a", 1, "hold")
        assert "test_worker_loop_pool.py:" in told["at"]
        assert told["seconds"] >= 0.2
        await dispatcher.until(lambda: dispatcher.notices("log"))
        assert "blocks the worker's event loop at " in dispatcher.notices("log")[0]["message"]
        scenario.release.set()
        await dispatcher.until(lambda: dispatcher.done == {"a": "released"} and not blocked(worker))
        await dispatcher.until(
            lambda: [report["vitals"] for report in dispatcher.reports if "vitals" in report][-1].get("blocked") is None
        )

    scenario.run_worker(action)


def test_time_for_which_others_block_the_loop_counts_towards_no_limit(scenario: Scenario) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("innocent", "innocent", [0.3], 0.7))
        await dispatcher.until(scenario.is_awaiting.is_set)
        dispatcher.run(("a", "hold"))
        await dispatcher.until(lambda: blocked(worker))
        until = asyncio.get_running_loop().time() + 1.0  # far beyond the limit of the innocent
        await dispatcher.until(lambda: asyncio.get_running_loop().time() >= until)
        scenario.release.set()
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"innocent": "slept", "a": "released"}

    scenario.run_worker(action)


def test_a_blocking_task_that_returns_after_its_limit_is_over_its_limit(scenario: Scenario) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "hold", [], 0.1))
        await dispatcher.until(lambda: worker.reporter.held["a", 1].stop == "time_limit")
        scenario.release.set()  # within the grace
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["kind"] == "time_limit"
        assert "it blocked the worker's event loop" in dispatcher.failed["a"]["error"]["message"]
        dispatcher.run(("b", "add", [1, 2]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"b": 3}

    scenario.run_worker(action)


@pytest.mark.parametrize("how", ["time_limit", "cancelled"])
def test_a_loop_that_is_not_given_back_costs_only_who_blocks_it(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(limits, "ABANDON_AFTER", 0.2)

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("innocent", "until_released"))
        await dispatcher.until(scenario.is_awaiting.is_set)
        dispatcher.run(("a", "hold", [], 0.1 if how == "time_limit" else None))
        await dispatcher.until(scenario.is_held.is_set)
        if how == "cancelled":
            dispatcher.on_progress({"cancel": [("a", 1, "enough")]})
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed.keys() == {"a"}
        assert dispatcher.failed["a"]["kind"] == how
        assert "which was given up" in dispatcher.failed["a"]["error"]["message"]
        assert dispatcher.all("back") == [("innocent", 1)]
        assert dispatcher.all("begun") == [("innocent", 1)]
        dispatcher.run(*((f"b{number}", "add", [number, 1]) for number in range(50)))  # on the new loop
        await dispatcher.until(lambda: worker.is_clear)
        scenario.release.set()  # what comes from the lost loop is heard no more
        dispatcher.run(("c", "until_released"))
        await dispatcher.until(lambda: worker.is_clear and not blocked(worker))
        assert dispatcher.done == {**{f"b{number}": number + 1 for number in range(50)}, "c": "released"}
        assert dispatcher.failed.keys() == {"a"}
        assert not worker._pools["loop"].running()

    scenario.run_worker(action)


def test_a_cancelled_bystander_frees_its_slot_and_keeps_the_loop(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ABANDON_AFTER", 0.2)

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("innocent", "until_released"))
        await dispatcher.until(scenario.is_awaiting.is_set)
        dispatcher.run(("a", "hold"))
        await dispatcher.until(lambda: blocked(worker))
        thread = worker._pools["loop"]._thread
        dispatcher.on_progress({"cancel": [("innocent", 1, "enough")]})
        await dispatcher.until(lambda: "innocent" in dispatcher.failed)
        assert dispatcher.failed["innocent"]["kind"] == "cancelled"
        assert "event loop is blocked at" in dispatcher.failed["innocent"]["error"]["message"]
        scenario.release.set()
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": "released"}
        assert worker._pools["loop"]._thread is thread

    scenario.run_worker(action)


def test_attempts_are_handed_back_only_while_the_loop_is_blocked(scenario: Scenario) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "hold"))
        await dispatcher.until(scenario.is_held.is_set)
        dispatcher.run(("b", "add", [1, 2]))
        await dispatcher.until(lambda: dispatcher.all("back"))
        assert dispatcher.all("back") == [("b", 1)]
        assert not dispatcher.all("begun")
        first = next(number for number, report in enumerate(dispatcher.reports) if report.get("vitals", {}).get("blocked"))
        assert first <= next(number for number, report in enumerate(dispatcher.reports) if report.get("back"))
        scenario.release.set()
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": "released"}

    scenario.run_worker(action)


def test_an_attempt_that_is_stopped_before_its_first_step_answers(scenario: Scenario) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "hold"))
        await dispatcher.until(scenario.is_held.is_set)
        dispatcher.run(*((f"b{number}", "add", [number, 1]) for number in range(3)))
        for number in range(3):
            dispatcher.on_progress({"cancel": [(f"b{number}", 1, "enough")]})
        scenario.release.set()
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done.keys() | dispatcher.failed.keys() == {"a", "b0", "b1", "b2"}

    scenario.run_worker(action)


def test_an_outcome_does_not_wait_for_a_loop_blocked_meanwhile(scenario: Scenario) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("b", "add", [1, 2]), ("a", "hold"), ("c", "until_released"))
        await dispatcher.until(lambda: dispatcher.done == {"b": 3})
        assert scenario.is_held.is_set()
        scenario.release.set()
        await dispatcher.until(lambda: worker.is_clear)

    scenario.run_worker(action)


def test_code_left_behind_that_blocks_for_ever_costs_its_loop(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_pool, "LEFT_BEHIND_SECONDS", 0.4)

    @scenario.app.task(name="leave")
    async def leave() -> str:
        def later() -> None:
            scenario.is_held.set()
            scenario.release.wait(60)

        asyncio.get_running_loop().call_later(0.01, later)
        return "left"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("innocent", "innocent", [60]))
        await dispatcher.until(scenario.is_awaiting.is_set)
        dispatcher.run(("a", "leave"))
        await dispatcher.until(lambda: scenario.is_held.is_set() and dispatcher.all("back"))
        assert dispatcher.all("back") == [("innocent", 1)]
        dispatcher.run(("b", "add", [1, 2]))
        await dispatcher.until(lambda: worker.is_clear and not blocked(worker))
        assert dispatcher.done == {"a": "left", "b": 3}
        assert not dispatcher.failed

    scenario.run_worker(action)
