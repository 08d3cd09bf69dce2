"""`taskbahn.testing.simulated` where a job waits for a person, in an application with a schedule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from taskbahn import NotFinished, Taskbahn, current
from taskbahn.testing import simulated

dated = Taskbahn()
did: list[Any] = []


@dated.task(name="asked")
def asked() -> int:
    return current.ask("How many?", int)


@dated.task(name="async_asked")
async def async_asked() -> int:
    return await current.ask_async("How many?", int)


@dated.task(name="asks_by_child")
def asks_by_child() -> int:
    return asked.call()


@dated.task(name="hears_one")
def hears_one() -> str:
    return current.wait_for_event("nights", str)


@dated.schedule("0 3 * * *", zone="Europe/Berlin")
@dated.task(name="nightly")
def nightly() -> None:
    did.append("nightly")


@pytest.mark.parametrize("task", [asked, async_asked, asks_by_child], ids=lambda task: task.name)
def test_schedules_do_not_run_while_only_a_person_can_help(task: Any) -> None:
    did.clear()
    with simulated(dated) as node:
        began = node.now
        job = task.start()
        paused = nightly.options(delay=1).start()
        paused.pause()
        for one in (job, paused):
            with pytest.raises(NotFinished, match=r"only a person can help on: with node\.answer(.|\n)*How many"):
                one.result()
        assert node.now - began < timedelta(minutes=2)
        assert did == []
        node.advance("2d")  # of a test that wants them
        assert did == ["nightly"] * 2
        node.answer(task.start() if task is not asks_by_child else asked.start(), 4)


def test_schedules_run_while_what_they_start_may_help() -> None:
    did.clear()
    with simulated(dated) as node:
        job = hears_one.start()
        asked.start()
        with pytest.raises(NotFinished):
            job.result(timeout=3 * 86400)
        assert did == ["nightly"] * 3
        node.settle()
