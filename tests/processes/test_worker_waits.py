"""Attempts that remember and wait, in each pool, with a dispatcher that does what the test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.worker_harness import attach, run_worker

from taskbahn.protocol import messages
from taskbahn.worker.loading import load_app

MakeModule = Callable[[str], str]

SOURCE = """
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    @app.task(name="step", pool="{POOL}")
    {DEF} step() -> int:
        return {AWAIT}("seven", lambda: 7)
"""
WAYS = {"loop": ("async def", "await current.step_async"), "thread": ("def", "current.step"), "process": ("def", "current.step")}


def source_of(pool: str) -> str:
    way, call = WAYS[pool]
    return SOURCE.format(POOL=pool, DEF=way, AWAIT=call)


@pytest.mark.parametrize("pool", WAYS)
def test_attempts_that_come_with_the_welcome_remember(pool: str, make_module: MakeModule) -> None:
    """Their dispatcher knows what to do with it, though the worker has not gone on from its hello."""
    target = f"{make_module(source_of(pool))}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.suspends = True
        dispatcher.first = {"run": [["a", 1, "step", messages.NO_ARGUMENTS, None]]}
        await attach(worker, dispatcher)
        await dispatcher.until(lambda: worker.is_clear and dispatcher.done)
        assert dispatcher.done == {"a": 7}
        assert dispatcher.notices("note") == [{"name": "step:seven", "value": "7"}]

    run_worker(load_app(target), action, slots=1, target=target, attached=False)


@pytest.mark.parametrize("pool", WAYS)
def test_attempts_that_come_with_the_welcome_know_their_notes(pool: str, make_module: MakeModule) -> None:
    """They came while the session was not open yet, and went back."""
    target = f"{make_module(source_of(pool))}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.suspends = True
        dispatcher.notes["a"] = {"step:seven": "8"}
        dispatcher.first = {"run": [["a", 1, "step", messages.NO_ARGUMENTS, None, False, True]]}
        await attach(worker, dispatcher)
        await dispatcher.until(lambda: worker.is_clear)
        assert (dispatcher.done, dispatcher.all("back")) == ({"a": 8}, [])

    run_worker(load_app(target), action, slots=1, target=target, attached=False)


@pytest.mark.parametrize("pool", WAYS)
def test_a_dispatcher_of_before_gets_no_notes(pool: str, make_module: MakeModule) -> None:
    """It would refuse the whole report."""
    target = f"{make_module(source_of(pool))}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "step"))
        await dispatcher.until(lambda: worker.is_clear)
        assert (dispatcher.done, dispatcher.notices("note")) == ({"a": 7}, [])

    run_worker(load_app(target), action, slots=1, target=target)


ASKING = """
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    @app.task(name="ask", pool="{POOL}")
    {DEF} ask() -> list:
        return [{AWAIT}("Which?", int), {AWAIT}("And?", int, within="1h")]
"""


@pytest.mark.parametrize("pool", WAYS)
def test_a_parked_attempt_gets_what_came_while_its_worker_was_away(pool: str, make_module: MakeModule) -> None:
    way, call = WAYS[pool]
    target = f"{make_module(ASKING.format(POOL=pool, DEF=way, AWAIT=call.replace('step', 'ask')))}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.suspends = True
        await attach(worker, dispatcher)
        dispatcher.run(("a", "ask"))
        await dispatcher.until(lambda: dispatcher.all("parked"))
        dispatcher.notes["a"] = {f"answer:{name}": f'{{"value": {value}}}' for name, value in (("Which?", 3), ("And?", 4))}
        await attach(worker, dispatcher)
        await dispatcher.until(lambda: worker.is_clear and dispatcher.done)
        assert dispatcher.done == {"a": [3, 4]}

    run_worker(load_app(target), action, slots=1, target=target, attached=False)
