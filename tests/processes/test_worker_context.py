"""What an attempt finds in its context variables, in each pool: what the application's import left there, and no more."""

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app

MakeModule = Callable[[str], str]

SOURCE = """
    import decimal
    from contextvars import ContextVar
    from taskbahn import Taskbahn, current

    app = Taskbahn()
    pushed = ContextVar("pushed")
    pushed.set("at import")
    decimal.getcontext().prec = 50

    @app.task(name="look", pool="{POOL}")
    {DEF} look() -> list:
        return [pushed.get("lost"), decimal.getcontext().prec, str(decimal.Decimal(1) / 3)[:60], current.job]

    @app.task(name="change", pool="{POOL}")
    {DEF} change() -> list:
        pushed.set("by a task")
        decimal.getcontext().prec = 5
        return [pushed.get(), decimal.getcontext().prec]
"""


@pytest.mark.parametrize("pool", ["loop", "thread", "process"])
def test_an_attempt_starts_with_the_imports_context_and_leaves_no_change(pool: str, make_module: MakeModule) -> None:
    target = f"{make_module(SOURCE.format(POOL=pool, DEF='async def' if pool == 'loop' else 'def'))}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        for job, task in (("a", "look"), ("b", "change"), ("c", "look")):
            dispatcher.run((job, task))
            await dispatcher.until(lambda: worker.is_clear)
        imported = ["at import", 50, "0." + "3" * 50]
        assert dispatcher.done == {"a": [*imported, "a"], "b": ["by a task", 5], "c": [*imported, "c"]}

    # a context of its own, as the import changes it
    copy_context().run(lambda: run_worker(load_app(target), action, slots=1, target=target))
