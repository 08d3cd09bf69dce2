"""A chunk is one attempt that makes several calls, in each pool."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from taskbahn.protocol.calls import chunk_of

Play = Callable[..., None]
SOURCE = """
    import asyncio, os, time
    from taskbahn import Taskbahn
    from taskbahn.attempt.current import current

    app = Taskbahn()

    @app.task(name="add", pool="{pool}")
    {define} add(a: int, b: int = 1) -> int:
        return a + b

    @app.task(name="say", pool="{pool}")
    {define} say(text: str) -> str:
        current.chunk(text)
        return text.upper()

    @app.task(name="nap", pool="{pool}")
    {define} nap() -> None:
        {sleep}(0.01)

    @app.task(name="large", pool="{pool}")
    {define} large() -> str:
        return "x" * 1_000_000

    @app.task(name="forked", pool="{pool}")
    {define} forked() -> bool:
        child = os.fork() if "{pool}" == "process" else 1
        if child > 1:
            os.waitpid(child, 0)
        return bool(child)
"""


def source(pool: str) -> str:
    is_loop = pool == "loop"
    words = {"define": "async def" if is_loop else "def", "sleep": "await asyncio.sleep" if is_loop else "time.sleep"}
    return textwrap.dedent(SOURCE).format(pool=pool, **words)


def run(dispatcher: Any, **chunks: tuple[str, list[str]]) -> None:
    dispatcher.on_progress({"run": [[id, 1, task, chunk_of(calls), None] for id, (task, calls) in chunks.items()]})


def test_calls_are_made_in_order_and_give_a_list(scenario: Play) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        run(dispatcher, a=("add", ["[[1],{}]", '[[2],{"b":5}]']), b=("say", ['[["x"],{}]', '[["y"],{}]']), c=("add", []))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": [2, 7], "b": ["X", "Y"], "c": []}
        assert dispatcher.notices("chunk") == ["x", "y"]

    scenario(action)


def test_the_first_item_that_fails_is_named(scenario: Play) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        run(dispatcher, a=("add", ["[[1],{}]", '[["x"],{}]']), b=("large", ["[[],{}]"] * 5))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["error"]["notes"] == ["in item number 1 (from 0) of the chunk"]
        error = dispatcher.failed["b"]["error"]
        assert "the results of the first 5 items have" in error["message"]

    scenario(action)


def test_a_cancel_ends_a_chunk_between_its_calls(scenario: Play) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        run(dispatcher, a=("nap", ["[[],{}]"] * 100_000), b=("add", ["[[1],{}]"]))
        await dispatcher.until(lambda: "b" in dispatcher.done)
        dispatcher.on_progress({"cancel": [("a", 1, "because")]})
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["kind"] == "cancelled"

    scenario(action)


def test_a_copy_of_the_process_makes_no_further_calls(scenario: Play) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        run(dispatcher, a=("forked", ["[[],{}]"] * 3))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": [True] * 3}

    scenario(action)
