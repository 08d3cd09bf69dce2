"""A worker and its child processes import the application each for itself."""

from collections.abc import Callable
from typing import Any

from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app

SOURCE = """
    from taskbahn import Taskbahn

    app = Taskbahn()

    @app.task(name="add")
    def add(a: int) -> int:
        return a + 1
"""


def test_a_task_that_a_child_does_not_declare_names_the_remedy(make_module: Callable[[str], str]) -> None:
    target = f"{make_module(SOURCE)}:app"
    app = load_app(target)
    app.task(name="late")(lambda: 1)

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "late"), ("b", "add", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        failed = dispatcher.failed["a"]
        assert (failed["error"]["type"], failed["retry"]) == ("UnknownTask", False)
        assert "'late' is declared in the worker, and was not when its child process" in failed["error"]["message"]
        assert dispatcher.done == {"b": 2}

    run_worker(app, action, target=target)
