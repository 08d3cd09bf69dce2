"""One future, waited for in every way there is."""

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

from taskbahn.future import Future, as_deferred


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it on an asyncio loop of its own, in a thread of its own: pytest's may belong to Twisted."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(main())).result()


def soon(call: Callable[[], Any]) -> None:
    """Do it on another thread, as the client does."""
    timer = threading.Timer(0.02, call)
    timer.daemon = True
    timer.start()


def promised(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    soon(lambda: future.fail(value) if isinstance(value, Exception) else future.resolve(value))
    return future


def test_a_thread_waits_for_the_value() -> None:
    assert promised(5).get(5) == 5


def test_a_thread_gets_the_error() -> None:
    with pytest.raises(KeyError):
        promised(KeyError()).get(5)


def test_a_thread_does_not_wait_for_ever() -> None:
    future: Future[int] = Future()
    with pytest.raises(TimeoutError):
        future.get(0.01)
    assert future.wait(-1) is False


def test_only_the_first_word_counts() -> None:
    future: Future[int] = Future()
    future.resolve(1)
    future.resolve(2)
    future.fail(KeyError())
    assert future.get() == 1


def test_listeners_are_called_once_whenever_they_come() -> None:
    future: Future[None] = Future()
    told: list[str] = []
    future.listen(lambda: told.append("early"))
    future.resolve(None)
    future.listen(lambda: told.append("late"))
    assert told == ["early", "late"]


def test_asyncio_awaits_it() -> None:
    async def main() -> None:
        assert await promised(5) == 5
        with pytest.raises(KeyError):
            await promised(KeyError())
        done: Future[int] = Future()
        done.resolve(1)
        assert await done == 1
        assert await asyncio.gather(*[promised(n) for n in range(20)]) == list(range(20))

    run(main)


def test_asyncio_may_stop_waiting() -> None:
    future: Future[int] = Future()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(future), 0.01)
        task = asyncio.ensure_future(future)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        future.resolve(7)
        assert await future == 7

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
        future = promised(3)

        async def wait() -> Any:
            return await future

        assert list(await asyncio.gather(wait(), wait())) == [3, 3]

    run(main)


def test_a_loop_that_was_closed_meanwhile_does_no_harm() -> None:
    future: Future[int] = Future()

    async def main() -> None:
        task = asyncio.ensure_future(future)
        await asyncio.sleep(0)
        task.cancel()

    run(main)
    future.resolve(1)
    assert future.get() == 1


def test_awaiting_needs_something_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "twisted.internet.reactor", raising=False)
    future: Future[int] = Future()
    with ThreadPoolExecutor(1) as thread, pytest.raises(RuntimeError, match="asyncio loop or Twisted's reactor"):
        thread.submit(lambda: future.__await__().send(None)).result()


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
    future: Future[int] = Future()

    async def wait() -> int:
        return await future

    waiting = ensureDeferred(wait())
    waiting.cancel()
    with pytest.raises(CancelledError):
        await waiting
    future.resolve(1)
    turn: Deferred[None] = Deferred()
    later: Any = reactor
    later.callLater(0, turn.callback, None)
    await turn


@pytest_twisted.ensureDeferred
async def test_an_asyncio_task_on_twisteds_loop_awaits_it() -> None:
    async def wait() -> Any:
        return await promised(8)

    assert await Deferred.fromFuture(asyncio.ensure_future(wait())) == 8
