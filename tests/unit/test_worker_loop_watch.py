"""The watch names the task that blocks the event loop. It blames no task for a moment or for a machine that slept."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from taskbahn.attempt.context import ACTIVE, AttemptContext
from taskbahn.worker import loop_watch
from taskbahn.worker.blockades import blocked_of
from taskbahn.worker.loop_thread import LoopThread
from taskbahn.worker.loop_watch import BLOCKED_AFTER, MAX_LOOK_SECONDS, SUSPECT_AFTER, Blockade, LoopWatch, busy_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class SilentThread:
    """Answers when the test asks for it."""

    ident = 0

    def __init__(self) -> None:
        self.questions: list[Callable[[], None]] = []

    def call(self, question: Callable[[], None]) -> None:
        self.questions.append(question)

    def answer(self) -> None:
        for question in self.questions:
            question()
        self.questions.clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def silent() -> SilentThread:
    return SilentThread()


@pytest.fixture
def watch(silent: SilentThread, clock: Clock) -> LoopWatch:
    return LoopWatch(silent, clock)  # type: ignore[arg-type]


def look_for(watch: LoopWatch, clock: Clock, seconds: float, step: float = 0.05) -> Blockade | None:
    found = watch.look()
    for _ in range(round(seconds / step)):
        clock.now += step
        found = watch.look()
    return found


def test_a_loop_that_answers_is_not_blocked(watch: LoopWatch, silent: SilentThread, clock: Clock) -> None:
    for _ in range(100):
        assert watch.look() is None
        silent.answer()
        clock.now += 0.05


def test_a_loop_without_an_answer_is_suspected_first_and_reported_later(watch: LoopWatch, clock: Clock) -> None:
    assert look_for(watch, clock, SUSPECT_AFTER - 0.04) is None
    suspected = look_for(watch, clock, 0.2)
    assert suspected is not None
    assert not suspected.is_long
    long = look_for(watch, clock, BLOCKED_AFTER)
    assert long is not None
    assert long.is_long
    assert long.since == 1000.0


def test_it_is_over_with_the_answer(watch: LoopWatch, silent: SilentThread, clock: Clock) -> None:
    assert look_for(watch, clock, 5) is not None
    assert len(silent.questions) == 1  # however often one looks
    silent.answer()
    assert watch.look() is None


def test_a_worker_that_slept_itself_blames_no_task(watch: LoopWatch, clock: Clock) -> None:
    watch.look()
    clock.now += 3600  # a laptop was closed
    found = watch.look()
    assert found is None or not found.is_long
    assert MAX_LOOK_SECONDS < BLOCKED_AFTER


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    thread.start()
    yield thread
    thread.stop()
    assert thread.join(30)


class Hold:
    """Blocks its caller until the test releases it."""

    def __init__(self) -> None:
        self.is_held = threading.Event()
        self._release = threading.Event()

    def __call__(self) -> None:
        self.is_held.set()
        self._release.wait(60)  # HERE

    def release(self) -> None:
        self._release.set()


def attempt() -> AttemptContext:
    return AttemptContext("j", 1, "t", "", None, None)  # type: ignore[arg-type]


async def directly(hold: Hold) -> None:
    hold()


async def in_a_helper(hold: Hold) -> None:
    await asyncio.gather(directly(hold), asyncio.sleep(0))


async def later(hold: Hold) -> None:
    asyncio.get_running_loop().call_later(0.001, hold)
    await asyncio.sleep(0)


async def in_a_sort(hold: Hold) -> None:
    def key(number: int) -> int:
        hold()
        return number

    sorted([1, 2], key=key)


@pytest.mark.parametrize("way", [directly, in_a_helper, later, in_a_sort])
def test_the_attempt_and_its_line_are_found_however_it_blocks(thread: LoopThread, way: Callable[[Hold], Any]) -> None:
    hold, context = Hold(), attempt()

    async def run() -> None:
        ACTIVE.set(context)
        await way(hold)

    thread.call(lambda: thread.loop.create_task(run()))
    assert hold.is_held.wait(30)
    try:
        place, found = busy_with(thread.ident)
        while "(wait)" in place or "__call__" not in place:  # it is on its way into the wait
            place, found = busy_with(thread.ident)
    finally:
        hold.release()
    assert found is context
    assert place.partition(" ")[0].rpartition("/")[2].startswith("test_worker_loop_watch.py:")


def test_code_of_no_attempt_is_not_anybodys(thread: LoopThread) -> None:
    hold = Hold()
    thread.call(hold)
    assert hold.is_held.wait(30)
    _, found = busy_with(thread.ident)
    hold.release()
    assert found is None


def test_a_thread_that_has_ended_does_nothing_that_can_be_seen() -> None:
    assert busy_with(0) == ("a place that cannot be seen", None)


def test_the_clock_of_a_watch_is_the_monotonic_one(thread: LoopThread) -> None:
    watch = LoopWatch(thread)
    deadline = time.monotonic() + 30
    hold = Hold()
    thread.call(hold)
    assert hold.is_held.wait(30)
    while (found := watch.look()) is None or not found.is_long:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    hold.release()
    while watch.look() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    blocked = blocked_of(found, found.since + 2)
    assert blocked is not None
    assert (blocked.seconds, blocked.job) == (2.0, "")


def test_a_lost_thread_ends_where_it_next_executes_python_code() -> None:
    thread = LoopThread()
    thread.start()
    began = threading.Event()

    def spin() -> None:
        began.set()
        while True:
            pass

    thread.call(spin)
    assert began.wait(30)
    thread.lose()
    assert thread.join(30)
    thread.call(spin)  # does nothing any more


def test_the_library_is_not_the_users_code() -> None:
    assert asyncio.__file__.startswith(loop_watch.LIBRARY)
    assert not __file__.startswith(loop_watch.LIBRARY)
