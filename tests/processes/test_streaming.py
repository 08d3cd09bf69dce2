"""A generator as a task: its yields are chunks, what it returns is the result, in every pool."""

import asyncio
from typing import Any

import pytest

SOURCE = """
    import asyncio, time
    from collections.abc import AsyncIterator, Generator, Iterator
    from dataclasses import dataclass
    from pathlib import Path
    from taskbahn import Taskbahn
    from taskbahn.attempt.current import current

    app = Taskbahn()
    task = lambda name: app.task(name=name, pool="{POOL}")

    @dataclass
    class Row:
        number: int

    @task("count")
    {DEF} count(number: int) -> {GIVES_INT}:
        for index in range(number):
            yield index
        {RETURN}

    @task("rows")
    {DEF} rows() -> {GIVES_ROW}:
        yield Row(1)
        current.chunk("between")
        yield Row(2)

    @task("wrong")
    {DEF} wrong() -> {GIVES_INT}:
        yield 1
        yield "two"

    @task("odd")
    {DEF} odd():
        yield object()

    @task("fails")
    {DEF} fails():
        yield 1
        raise ValueError("after one")

    @task("forever")
    {DEF} forever(mark: str):
        try:
            while True:
                yield 1
                {AWAIT}{SLEEP}(0.005)
        finally:
            Path(mark).write_text("closed")

    @task("large")
    {DEF} large(mark: str):
        for number in range(100):
            Path(mark).write_text(str(number))
            yield "x" * 500_000

    @task("stubborn")
    {DEF} stubborn():
        while True:
            try:
                yield 1
                {AWAIT}{SLEEP}(0.005)
            except GeneratorExit:
                yield 2
"""


def source(pool: str) -> str:
    plain = {
        "DEF": "def", "AWAIT": "", "SLEEP": "time.sleep", "GIVES_INT": "Generator[int, None, str]",
        "GIVES_ROW": "Iterator[Row | str]", "RETURN": "return f'{number} in all'",
    }  # fmt: skip
    asynchronous = {
        "DEF": "async def", "AWAIT": "await ", "SLEEP": "asyncio.sleep", "GIVES_INT": "AsyncIterator[int]",
        "GIVES_ROW": "AsyncIterator[Row | str]", "RETURN": "",
    }  # fmt: skip
    return SOURCE.format(POOL=pool, **(asynchronous if pool == "loop" else plain))


def test_yields_are_chunks_and_what_is_returned_is_the_result(scenario: Any, pool: str) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "count", [3]), ("none", "count", [0]))
        await dispatcher.until(lambda: worker.is_clear)
        assert [one[4] for one in dispatcher.all("notices") if one[0] == "a"] == [0, 1, 2]
        assert dispatcher.done == ({"a": None, "none": None} if pool == "loop" else {"a": "3 in all", "none": "0 in all"})

    scenario(action)


def test_chunks_are_checked_and_may_be_mixed_with_those_that_are_sent(scenario: Any) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "rows"))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.notices("chunk") == [{"number": 1}, "between", {"number": 2}]
        dispatcher.run(("b", "wrong"), ("c", "odd"), ("d", "fails"))
        await dispatcher.until(lambda: worker.is_clear)
        failed = {job: one["error"] for job, one in dispatcher.failed.items()}
        assert "wrong yields int, and chunk 2 is none: expected int, got str" in failed["b"]["message"]
        assert not dispatcher.failed["b"]["retry"]
        assert "object is not data" in failed["c"]["message"]
        assert (failed["d"]["type"], failed["d"]["message"], dispatcher.failed["d"]["retry"]) == ("ValueError", "after one", True)
        assert "taskbahn/worker" not in failed["d"]["traceback"]
        assert "streaming.py" not in failed["d"]["traceback"]

    scenario(action)


@pytest.mark.parametrize("why", ["cancelled", "time_limit"])
def test_an_attempt_that_is_stopped_closes_its_generator(scenario: Any, why: str, tmp_path: Any) -> None:
    mark = tmp_path / "mark"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "forever", [str(mark)], 0.3 if why == "time_limit" else None))
        await dispatcher.until(lambda: dispatcher.notices("chunk"))
        if why == "cancelled":
            dispatcher.on_progress({"cancel": [["a", 1, "enough"]]})
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["kind"] == why
        assert mark.read_text() == "closed"
        dispatcher.run(("b", "count", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert "b" in dispatcher.done

    scenario(action, slots=1)


def test_a_generator_that_will_not_be_closed_ends_all_the_same(scenario: Any) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "stubborn", [], 0.2))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["kind"] == "time_limit"

    scenario(action, slots=1)


def test_a_generator_waits_while_much_of_it_is_not_recorded(scenario: Any, tmp_path: Any) -> None:
    mark = tmp_path / "mark"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.answers_reports = False
        dispatcher.run(("a", "large", [str(mark)]))
        await dispatcher.until(lambda: mark.exists() and mark.read_text() == "8")  # the ninth is the first beyond 4 MiB
        for _ in range(40):  # time in which it would go on
            await asyncio.sleep(0.005)
        assert mark.read_text() == "8"
        dispatcher.answers_reports = True
        dispatcher.answer()
        await dispatcher.until(lambda: worker.is_clear)
        assert len(dispatcher.notices("chunk")) == 100
        assert "a" in dispatcher.done

    scenario(action)


def test_one_that_waits_for_its_chunks_to_be_recorded_can_be_cancelled(scenario: Any, tmp_path: Any) -> None:
    mark = tmp_path / "mark"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.answers_reports = False
        dispatcher.run(("a", "large", [str(mark)]))
        await dispatcher.until(lambda: mark.exists() and mark.read_text() == "8")
        dispatcher.on_progress({"cancel": [["a", 1, "enough"]]})
        await dispatcher.until(lambda: not worker.reporter.held)
        dispatcher.answers_reports = True
        dispatcher.answer()
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["kind"] == "cancelled"

    scenario(action)
