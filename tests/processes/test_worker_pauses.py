"""Attempts of paused jobs, in each pool: they wait where they look, without a slot, and go on, or leave, or stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.worker_harness import attach, run_worker

from taskbahn.protocol import messages
from taskbahn.protocol.suspended import PAUSE_NOTE
from taskbahn.worker.loading import load_app

MakeModule = Callable[[str], str]

SOURCE = """
    import asyncio, time
    from pathlib import Path
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    @app.task(name="look", pool="{POOL}")
    {DEF} look(file: str) -> int:
        current.log("begun")
        while not Path(file).exists():
            {CHECK}
            {SLEEP}
        return 7

    @app.task(name="other", pool="{POOL}")
    {DEF} other() -> int:
        return 1
"""
WAYS = {
    "loop": ("async def", "await current.check_async()", "await asyncio.sleep(0.002)"),
    "thread": ("def", "current.check()", "time.sleep(0.002)"),
    "process": ("def", "current.check()", "time.sleep(0.002)"),
}
RUN = ("a", 1)


@pytest.fixture(params=WAYS)
def pool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(pool: str, make_module: MakeModule, tmp_path: Path) -> Callable[..., None]:
    """Return a function that plays a scene once an attempt, with flags of `messages.Attempt`, has begun; it ends when a file is there."""

    def play(scene: Callable[[Any, Any, Callable[[], None]], Awaitable[None]], *flags: bool) -> None:
        way, check, sleep = WAYS[pool]
        target = f"{make_module(SOURCE.format(POOL=pool, DEF=way, CHECK=check, SLEEP=sleep))}:app"
        end = tmp_path / "end"

        async def begun(worker: Any, dispatcher: Any) -> None:
            dispatcher.suspends = True
            dispatcher.first = {"run": [[*RUN, "look", messages.to_json([[str(end)], {}]), None, *flags]]}
            await attach(worker, dispatcher)
            await dispatcher.until(lambda: dispatcher.notices("log"))
            await scene(worker, dispatcher, end.touch)

        run_worker(load_app(target), begun, slots=1, target=target, attached=False)

    return play


def say(dispatcher: Any, *, is_paused: bool) -> None:
    dispatcher.on_progress({"notes": [[*RUN, PAUSE_NOTE, messages.to_json(is_paused)]]})


def parked(dispatcher: Any) -> list[bool]:
    return [is_parked for *_, is_parked in dispatcher.all("parked")]


def test_a_paused_attempt_gives_its_slot_back_and_goes_on(run: Callable[..., None]) -> None:
    async def scene(worker: Any, dispatcher: Any, end: Callable[[], None]) -> None:
        for times in (1, 2):
            say(dispatcher, is_paused=True)
            await dispatcher.until(lambda times=times: parked(dispatcher) == [True, False] * (times - 1) + [True])
            dispatcher.run((f"b{times}", "other"))
            await dispatcher.until(lambda times=times: f"b{times}" in dispatcher.done)
            say(dispatcher, is_paused=False)
            await dispatcher.until(lambda times=times: parked(dispatcher) == [True, False] * times)
        end()
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": 7, "b1": 1, "b2": 1}

    run(scene)


def test_a_paused_attempt_leaves_with_its_worker(run: Callable[..., None]) -> None:
    async def scene(worker: Any, dispatcher: Any, end: Callable[[], None]) -> None:
        say(dispatcher, is_paused=True)
        await dispatcher.until(lambda: parked(dispatcher))
        worker.drain()
        await dispatcher.until(lambda: dispatcher.all("suspended"))
        (left,) = dispatcher.all("suspended")
        assert (left["id"], left["attempt"], left["jobs"]) == (*RUN, [])
        assert left["until"] > 0
        assert "notes" not in left

    run(scene)


def test_an_attempt_with_permits_does_not_keep_them_while_it_is_paused(run: Callable[..., None]) -> None:
    async def scene(worker: Any, dispatcher: Any, end: Callable[[], None]) -> None:
        say(dispatcher, is_paused=True)
        await dispatcher.until(lambda: dispatcher.all("suspended"))
        assert worker.is_clear

    run(scene, False, False, True)


def test_a_cancel_reaches_a_paused_attempt(run: Callable[..., None]) -> None:
    async def scene(worker: Any, dispatcher: Any, end: Callable[[], None]) -> None:
        say(dispatcher, is_paused=True)
        await dispatcher.until(lambda: parked(dispatcher))
        dispatcher.on_progress({"cancel": [[*RUN, "enough"]]})
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["kind"] == "cancelled"

    run(scene)


def test_a_task_that_must_not_start_twice_stays_on_its_worker(run: Callable[..., None]) -> None:
    async def scene(worker: Any, dispatcher: Any, end: Callable[[], None]) -> None:
        say(dispatcher, is_paused=True)
        await dispatcher.until(lambda: parked(dispatcher))
        say(dispatcher, is_paused=False)
        end()
        await dispatcher.until(lambda: worker.is_clear)
        assert (dispatcher.done, dispatcher.all("suspended")) == ({"a": 7}, [])

    run(scene, False, False, True, True)
