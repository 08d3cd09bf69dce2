"""The tasks of the bench: one application for each mode, so that a worker starts only the pool that is measured."""

from __future__ import annotations

import time
from datetime import datetime

from benchmarks.contract import ANSWER
from taskbahn import Concurrency, Taskbahn, current

NOOP = "bench.noop"
LINK = "bench.link"
RIGHT = "bench.right"
STEPS, PARENT = "bench.steps", "bench.parent"
DUE = "bench.due"

threads = Taskbahn()
processes = Taskbahn()
loop = Taskbahn()
telling = Taskbahn()
under_limits = Taskbahn()

KEYS = 1_000
NEVER_FULL = 1_000_000  # of a limit: more than can run at once


def noop() -> int:
    """Do nothing."""
    return ANSWER


async def noop_async() -> int:
    """Do nothing on the event loop."""
    return ANSWER


def pass_on(value: int) -> int:
    """Do nothing, as a link of a chain."""
    return value


async def pass_on_async(value: int) -> int:
    """Do nothing on the event loop, as a link of a chain."""
    return value


def right(values: list[int]) -> int:
    """Return how many are right, as the body of a chord."""
    return values.count(ANSWER)


async def right_async(values: list[int]) -> int:
    """Return on the event loop how many are right."""
    return values.count(ANSWER)


class Again(Exception):
    """Ends an attempt, so that another one follows."""


def steps(count: int) -> dict[str, list[float]]:
    """Store *count* steps, and find them in the next attempt; return the milliseconds of each."""
    times = [0.0] * count
    for number in range(count):
        began = time.perf_counter()
        current.step(str(number), noop)
        times[number] = (time.perf_counter() - began) * 1000
    stored = current.step("times", lambda: times)
    if current.attempt == 1:
        raise Again
    return {"stored": stored, "found": times}


async def steps_async(count: int) -> dict[str, list[float]]:
    """Do the same on the event loop."""
    times = [0.0] * count
    for number in range(count):
        began = time.perf_counter()
        await current.step_async(str(number), noop)
        times[number] = (time.perf_counter() - began) * 1000
    stored = await current.step_async("times", lambda: times)
    if current.attempt == 1:
        raise Again
    return {"stored": stored, "found": times}


def parent(app: Taskbahn, count: int) -> list[float]:
    """Call *count* jobs one after the other; return the milliseconds of each."""
    times = [0.0] * count
    for number in range(count):
        began = time.perf_counter()
        app.get(NOOP).call()
        times[number] = (time.perf_counter() - began) * 1000
    return times


async def parent_async(count: int) -> list[float]:
    """Do the same on the event loop."""
    times = [0.0] * count
    for number in range(count):
        began = time.perf_counter()
        await loop.get(NOOP).call_async()
        times[number] = (time.perf_counter() - began) * 1000
    return times


thread_noop = threads.task(name=NOOP, pool="thread")(noop)
process_noop = processes.task(name=NOOP, pool="process")(noop)
loop_noop = loop.task(name=NOOP)(noop_async)
thread_pass_on = threads.task(name=LINK, pool="thread")(pass_on)
process_pass_on = processes.task(name=LINK, pool="process")(pass_on)
loop_pass_on = loop.task(name=LINK)(pass_on_async)
thread_right = threads.task(name=RIGHT, pool="thread")(right)
process_right = processes.task(name=RIGHT, pool="process")(right)
loop_right = loop.task(name=RIGHT)(right_async)
threads.task(name=STEPS, pool="thread", retries=[0.0])(steps)
processes.task(name=STEPS, pool="process", retries=[0.0])(steps)
loop.task(name=STEPS, retries=[0.0])(steps_async)
loop.task(name=PARENT)(parent_async)


@threads.task(name=PARENT, pool="thread")
def thread_parent(count: int) -> list[float]:
    """Call jobs as `parent` does."""
    return parent(threads, count)


@processes.task(name=PARENT, pool="process")
def process_parent(count: int) -> list[float]:
    """Call jobs as `parent` does."""
    return parent(processes, count)


@loop.task(name=DUE)
async def due(at: str) -> float:
    """Return by how many milliseconds a job of a schedule starts later than it is due."""
    return (time.time() - datetime.fromisoformat(at).timestamp()) * 1000


unlimited = under_limits.task(name=NOOP, pool="thread")(noop)
limited = under_limits.task(name="bench.limited", pool="thread", limits=[Concurrency(NEVER_FULL, name="all")])(noop)


@under_limits.task(name="bench.keyed", pool="thread", limits=[Concurrency(NEVER_FULL, name="each", key="{key}")])
def keyed(key: int) -> int:  # noqa: ARG001 - its limit takes it
    """Do nothing, under a limit of its key."""
    return ANSWER


@telling.task(name="bench.chunks")
def chunks(count: int) -> int:
    """Send *count* chunks, numbered from 0."""
    for number in range(count):
        current.chunk(number)
    return count


@telling.task(name="bench.logs")
def logs(count: int) -> int:
    """Log *count* lines, numbered from 0."""
    for number in range(count):
        current.log(str(number))
    return count


@telling.task(name="bench.progress")
def progress(seconds: float) -> int:
    """Say how far it is, as often as that is possible; return how often that was."""
    started = time.monotonic()
    count = 0
    while (passed := time.monotonic() - started) < seconds:
        current.progress(passed / seconds)
        count += 1
    return count
