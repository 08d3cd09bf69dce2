"""Runs flows at a dispatcher in the process: a worker whose tasks are plain functions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.dispatcher_harness import DispatcherHarness, FakeWorker, job_id
from support.storing import FakeSqliteStore, FakeStore
from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK, calls_in
from taskbahn_router.core.flow_jobs import member_id
from taskbahn_router.core.ids import id_text
from taskbahn_router.stores.contract import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from taskbahn_router.stores.rows import JobRow


class Switch:
    """Lets a task fail while it is off."""

    def __init__(self) -> None:
        self.on = False

    def __call__(self, *args: Any) -> Any:
        if not self.on:
            raise ValueError("off")
        return list(args)


class FlowRunner:
    """A dispatcher and a worker; *tasks* by their names without `a.`. `ran` has what was called, in order."""

    def __init__(self, harness: DispatcherHarness, slots: int = 4, **tasks: Callable[..., Any]) -> None:
        self.harness = harness
        self.switch = Switch()
        self.tasks: dict[str, Callable[..., Any]] = {"switch": self.switch, **tasks}
        self.ran: list[tuple[Any, ...]] = []
        self.worker: FakeWorker = harness.worker("w", slots, tasks=[f"a.{name}" for name in self.tasks])
        self._read = 0
        self._flows = 0

    def start(self, flow: dict[str, Any], **options: Any) -> str:
        """Submit a flow; return the id of the whole."""
        self._flows += 1
        id = job_id(1000 + self._flows)
        entry = {"flow": flow, "id": id, **({"options": options} if options else {})}
        asked = self.harness.ask(messages.SUBMIT, [entry])
        self.harness.settle()
        assert asked.answer == [id], asked.answer
        return id

    def child_of(self, parent: str, *, number: int = 500, **more: Any) -> str:
        """Start a job as an attempt of *parent* does; return its id."""
        id = job_id(number)
        asked = self.harness.ask(messages.SUBMIT, [{"task": "a.one", "id": id, "parent": parent, **more}])
        self.harness.settle()
        assert asked.answer == [id]
        return id

    def refused(self, flow: Any, **entry: Any) -> dict[str, Any]:
        """Submit a flow that cannot be; return the error."""
        asked = self.harness.ask(messages.SUBMIT, [{"flow": flow, **entry}])
        self.harness.settle()
        (answer,) = asked.answer
        assert isinstance(answer, dict), answer
        return answer

    def step(self, most: int = 1_000_000) -> bool:
        """Run what the worker got, up to *most* attempts; return whether there was any."""
        self.harness.settle()
        self.worker.take()
        orders = {(run[0], run[1]): run for order in self.worker.asked.progress for run in order.get("run", ())}
        runs = [run for run in self.worker.runs if run not in {(id, attempt) for id, attempt, _ in self.worker.cancelled}]
        for run in runs[:most]:
            _, _, task, packed, *_ = orders[run]
            self._attempt(run, task, packed)
        self.harness.settle()
        return bool(runs)

    def run(self) -> None:
        """Run all that can run."""
        while self.step():
            pass
        self.harness.check()

    def call(self, flow: dict[str, Any], **options: Any) -> Any:
        """Run a flow to its end; return its result."""
        id = self.start(flow, **options)
        self.run()
        assert self.harness.known(id) == "succeeded", self.error(id)
        return self.result(id)

    @staticmethod
    def member(id: str, number: int) -> str:
        """Return the id of a job of a flow; they count in the order in which they are written."""
        return id_text(member_id(bytes.fromhex(id.replace("-", "")), number)) if number else id

    def result(self, id: str) -> Any:
        row = self.harness.row(id)
        return None if row.result is None else messages.from_json(row.result)

    def error(self, id: str) -> Any:
        row = self.harness.row(id)
        return row.error and messages.from_json(row.error)

    def rows(self) -> list[JobRow]:
        """Return all jobs."""
        return self.harness.store.reader().jobs(Filter(limit=1_000_000)).rows

    def _attempt(self, run: tuple[str, int], task: str, packed: str) -> None:
        name = task.removeprefix("a.")
        try:
            results = [self._call(name, call) for call in calls_in(packed)]
        except ValueError as error:
            self.worker._ended([run])
            told = {"type": type(error).__name__, "message": str(error), "traceback": "…"}
            self.worker.says(failed=[messages.Failed(id=run[0], attempt=run[1], kind="error", error=told)])
        else:
            result = results if packed.startswith(CHUNK) else results[0]
            self.worker.done(run, result=messages.to_json(result), seconds=0.01)

    def _call(self, name: str, packed: str) -> Any:
        args, kwargs = messages.from_json(packed)
        self.ran.append((name, *args, *kwargs.values()))
        return self.tasks[name](*args, **kwargs)


@contextmanager
def runner_over(kind: str, folder: Path, **tasks: Callable[..., Any]) -> Iterator[FlowRunner]:
    """Give a runner over a store, with some tasks, and these."""
    store = FakeStore() if kind == "memory" else FakeSqliteStore(folder)
    made = FlowRunner(
        DispatcherHarness(store), 4,
        add=lambda a, b: a + b, total=sum, echo=lambda *a: list(a), one=lambda: 1, none=lambda *_: None, **tasks,
    )  # fmt: skip
    yield made
    store.close()


def s(task: str, *args: Any, **more: Any) -> dict[str, Any]:
    """Return a member of a flow, which takes what comes before it."""
    return {"task": f"a.{task}", "args": list(args), **more}


def si(task: str, *args: Any, **more: Any) -> dict[str, Any]:
    """Return a member that takes nothing from what comes before it."""
    return {**s(task, *args, **more), "immutable": True}


def output(name: str) -> dict[str, str]:
    """Return what stands for the result of a named part."""
    return {"$output": name}
