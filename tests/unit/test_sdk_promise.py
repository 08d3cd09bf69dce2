"""One promise, waited for in every way there is."""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from taskbahn.transport.future import Promise, as_deferred


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it on an asyncio loop of its own, in a thread of its own: pytest's may belong to Twisted."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(main())).result()


def soon(call: Callable[[], Any]) -> None:
    """Do it on another thread, as the client does."""
    timer = threading.Timer(0.02, call)
    timer.daemon = True
    timer.start()


def promised(value: Any) -> Promise[Any]:
    promise: Promise[Any] = Promise()
    soon(lambda: promise.fail(value) if isinstance(value, Exception) else promise.resolve(value))
    return promise


def test_a_thread_waits_for_the_value() -> None:
    assert promised(5).get(5) == 5


def test_a_thread_gets_the_error() -> None:
    with pytest.raises(KeyError):
        promised(KeyError()).get(5)


def test_a_thread_does_not_wait_for_ever() -> None:
    promise: Promise[int] = Promise()
    with pytest.raises(TimeoutError):
        promise.get(0.01)
    assert promise.wait(-1) is False


def test_only_the_first_word_counts() -> None:
    promise: Promise[int] = Promise()
    promise.resolve(1)
    promise.resolve(2)
    promise.fail(KeyError())
    assert promise.get() == 1


def test_listeners_are_told_once_whenever_they_come() -> None:
    promise: Promise[None] = Promise()
    told: list[str] = []
    promise.listen(lambda: told.append("early"))
    promise.resolve(None)
    promise.listen(lambda: told.append("late"))
    assert told == ["early", "late"]


def test_asyncio_awaits_it() -> None:
    async def main() -> None:
        assert await promised(5) == 5
        with pytest.raises(KeyError):
            await promised(KeyError())
        done: Promise[int] = Promise()
        done.resolve(1)
        assert await done == 1
        assert await asyncio.gather(*[promised(n) for n in range(20)]) == list(range(20))

    run(main)


def test_asyncio_may_stop_waiting() -> None:
    promise: Promise[int] = Promise()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(promise), 0.01)
        task = asyncio.ensure_future(promise)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        promise.resolve(7)
        assert await promise == 7

    run(main)


def test_a_waiting_task_can_be_shown() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(promised(1))
        await asyncio.sleep(0)
        assert "wait_for=<Awaited at 0x" in repr(task)
        await task

    run(main)


def test_two_tasks_may_await_the_same() -> None:
    async def main() -> None:
        promise = promised(3)

        async def wait() -> Any:
            return await promise

        assert list(await asyncio.gather(wait(), wait())) == [3, 3]

    run(main)


def test_a_loop_that_was_closed_meanwhile_does_no_harm() -> None:
    promise: Promise[int] = Promise()

    async def main() -> None:
        task = asyncio.ensure_future(promise)
        await asyncio.sleep(0)
        task.cancel()

    run(main)
    promise.resolve(1)
    assert promise.get() == 1


def test_awaiting_needs_something_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "twisted.internet.reactor", raising=False)
    promise: Promise[int] = Promise()
    with ThreadPoolExecutor(1) as thread, pytest.raises(RuntimeError, match="asyncio loop or Twisted's reactor"):
        thread.submit(lambda: promise.__await__().send(None)).result()


@pytest_twisted.ensureDeferred
async def test_twisted_awaits_it() -> None:
    assert await promised(5) == 5
    with pytest.raises(KeyError):
        await promised(KeyError())
    assert await as_deferred(promised(6)) == 6
    with pytest.raises(KeyError):
        await as_deferred(promised(KeyError()))


@pytest_twisted.ensureDeferred
async def test_twisted_may_stop_waiting() -> None:
    promise: Promise[int] = Promise()

    async def wait() -> int:
        return await promise

    waiting = ensureDeferred(wait())
    waiting.cancel()
    with pytest.raises(CancelledError):
        await waiting
    promise.resolve(1)
    turn: Deferred[None] = Deferred()
    later: Any = reactor
    later.callLater(0, turn.callback, None)
    await turn


@pytest_twisted.ensureDeferred
async def test_an_asyncio_task_on_twisteds_loop_awaits_it() -> None:
    async def wait() -> Any:
        return await promised(8)

    assert await Deferred.fromFuture(asyncio.ensure_future(wait())) == 8
