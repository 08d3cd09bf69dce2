"""Methods and their twins for coroutines: the same parameters, and the same errors when a wait is over."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted

import taskbahn
from taskbahn import Batch, Job, NotFinished, Taskbahn, UnknownJob
from taskbahn.future import Future
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

OTHERWISE = {  # twins with parameters of their own, and why
    "Current.step_async": "it takes a function or a coroutine function, which no ParamSpec can say",
    "ChunkWindow.wait_async": "a loop is stopped by its cancel, a thread by the check",
}


def classes() -> set[type]:
    names = [module.name for module in pkgutil.walk_packages(taskbahn.__path__, "taskbahn.") if "__main__" not in module.name]
    found = [value for name in names for value in vars(importlib.import_module(name)).values()]
    return {value for value in found if isinstance(value, type) and value.__module__.startswith("taskbahn.")}


def test_twins_have_the_same_parameters() -> None:
    seen = set()
    for kind in classes():
        for name in [name for name in dir(kind) if name.endswith("_async") and not name.startswith("_")]:
            plain, twin = getattr(kind, name.removesuffix("_async"), None), getattr(kind, name)
            if callable(plain) and twin.__qualname__ not in OTHERWISE:
                seen.add(name)
                ours, its = (inspect.signature(one).parameters for one in (plain, twin))
                assert str(list(ours.values())) == str(list(its.values())), twin.__qualname__
    assert {"error_async", "results_async", "cancel_async", "start_async"} <= seen


class Router:
    """Has jobs that run for ever, until `end` is called."""

    def __init__(self, view: dict[str, Any] | None) -> None:
        self.view = view
        self.waiting: list[tuple[str, Any]] = []

    def ask(self, procedure: str, *args: Any, **_: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        if procedure == messages.JOB_CANCEL:
            answer.resolve(["cancelled" for _ in args[0]])
        elif self.view is None:
            answer.fail(UnknownJob(args[0]))
        else:
            answer.resolve(
                self.view if procedure == messages.JOB_GET else [{"rule": "worker", "why": "No worker", "open": False}]
            )
        return answer

    def wait_for(self, job: Any) -> None:
        self.waiting.append((job.id, job))

    def wait(self, ids: Iterable[str], listener: Any) -> None:
        self.waiting += [(id, listener) for id in ids]

    def end(self, state: str) -> None:
        for job, listener in self.waiting:
            listener.take([job, state, "7", None])
        for _, listener in self.waiting:
            listener.batch_delivered()


VIEW = {"id": "j", "task": "t.add", "queue": "default", "state": "ready"}


@pytest.fixture(params=[VIEW, None], ids=["ready", "unknown"])
def router(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Router:
    router = Router(request.param)
    monkeypatch.setattr(Taskbahn, "client", property(lambda _: router))
    return router


def batch_of(*ids: str) -> Batch[Any]:
    batch: Batch[Any] = Batch(Taskbahn(), "t.add", None)
    batch.add(ids, {})
    return batch


def in_a_loop(made: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with ThreadPoolExecutor(1) as thread:  # pytest's own loop may belong to Twisted
        return thread.submit(lambda: asyncio.run(made())).result(30)


WAITS: list[tuple[Callable[[], Any], Callable[[], Coroutine[Any, Any, Any]]]] = [
    (lambda: Job(Taskbahn(), "j").error(timeout=0.01), lambda: Job(Taskbahn(), "j").error_async(timeout=0.01)),
    (lambda: batch_of("j", "k").results(0.01), lambda: batch_of("j", "k").results_async(0.01)),
]


@pytest.mark.parametrize("blocking, twin", WAITS, ids=["error", "results"])
def test_a_wait_that_is_over_is_the_same_error_in_both(router: Router, blocking: Any, twin: Any) -> None:
    said = []
    for wait in (blocking, lambda: in_a_loop(twin)):
        with pytest.raises(NotFinished) as found:
            wait()
        said.append((str(found.value), found.value.detail))
    assert said[0] == said[1]
    assert "0.01 s" in said[0][0]
    assert ("no worker" in said[0][0]) == (router.view is not None)


@pytest.mark.parametrize("twin", [twin for _, twin in WAITS], ids=["error", "results"])
@pytest_twisted.ensureDeferred
async def test_a_wait_of_twisted_is_over_after_its_time(router: Router, twin: Any) -> None:
    with pytest.raises(NotFinished, match=r"0\.01 s"):
        await twin()


@pytest.mark.usefixtures("router")
def test_an_outcome_within_the_time_ends_the_wait(router: Router) -> None:
    async def main() -> Any:
        waits = [Job(Taskbahn(), "j").error_async(timeout=20), batch_of("j", "k").results_async(timeout=20)]
        both = asyncio.gather(*waits)
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(router.end, "succeeded")
        return await both

    assert in_a_loop(main) == [None, [7, 7]]


def test_a_batch_counts_what_it_has_cancelled_at_once(router: Router) -> None:
    batch = batch_of("a", "b", "c")
    assert batch.progress == (3, 0, 0, 0, 0)
    assert batch.cancel() == 3
    assert (batch.progress.cancelled, batch.progress.done, batch.progress.left) == (3, 3, 0)
    router.end("cancelled")
    assert (batch.progress.cancelled, batch.progress.left) == (3, 0)
    assert in_a_loop(batch.cancel_async) == 0
