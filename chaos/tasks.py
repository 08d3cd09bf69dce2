"""The application under attack: a task for each pool, one that fails now and then, one that must never start twice, those under limits,
those that take results of others in flows, those of schedules, and those that misbehave.

Each attempt writes down when its function starts and when it is about to end. It returns a token that no other attempt returns,
so that a recorded result says which attempt it came from. `crash_attempts` is high because the kills come from outside.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos import mischief
from chaos.journal import PLACE, Journal
from taskbahn import Concurrency, Rate, Taskbahn, current
from taskbahn.attempt.stops import Stop
from taskbahn.protocol.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = 0.01  # seconds between two looks whether the attempt has to stop
LAST_WORDS = 0.05  # seconds after them: the worker reports them before it reports that the attempt has ended
CRASHES = 1000
RETRIES = [0.05, 0.1, 0.2]

PROCESS, THREAD, LOOP = "chaos.process", "chaos.thread", "chaos.loop"
FLAKY = "chaos.flaky"
ONCE = "chaos.once"
ONCE_PARENT = "chaos.parent.once"  # of `parents`, as all that wait
NEVER_TWICE = frozenset({ONCE, ONCE_PARENT})
GATED = ("chaos.gated.process", "chaos.gated.thread", "chaos.gated.loop")
RATED = "chaos.rated"
LINKS = ("chaos.link.process", "chaos.link.thread", "chaos.link.loop")  # the first argument is what other jobs gave
DUE = ("chaos.due.process", "chaos.due.thread", "chaos.due.loop")  # only schedules start them
MAX_AT_ONCE, MAX_OF_EACH = 3, 1  # attempts of gated tasks: of all, and of each that is named
KEYS = ("ada", "grace", "edsger", "barbara")
RATE, BURST = 40, 5  # starts a second, and at once
GATES = [Concurrency(MAX_AT_ONCE, name="chaos.all"), Concurrency(MAX_OF_EACH, name="chaos.each", key="{who}")]

app = Taskbahn()
_journals: dict[int, Journal] = {}


class Mishap(Exception):
    """What the flaky task raises."""


def journal() -> Journal:
    """Return the journal of this process, which may be a child of the one that imported this."""
    pid = os.getpid()
    if pid not in _journals:
        _journals[pid] = Journal(Path(os.environ[PLACE]), f"tasks-{pid}-{time.time_ns()}")
    return _journals[pid]


def begin(**more: Any) -> Callable[[str], str]:
    """Write down that an attempt starts; the function that is returned writes down how it ends, and returns its token."""
    job, attempt, token = current.job, current.attempt, new_id()
    journal().write("started", id=job, attempt=attempt, task=current.task, pid=os.getpid(), **more)

    def end(how: str) -> str:
        journal().write("ended", id=job, attempt=attempt, token=token, how=how)
        return token

    return end


def sleep(seconds: float) -> None:
    """Work for a while, and stop when the attempt has to."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            current.check()
        except Stop:
            speak()
            time.sleep(LAST_WORDS)
            raise
        time.sleep(STEP)


def speak() -> None:
    """Say something in all ways, as a task does that cleans up after a cancel."""
    print("it stops")
    current.log("it stops")
    current.progress(0.99, message="it stops")


@app.task(name=PROCESS, crash_attempts=CRASHES)
def in_process(seconds: float) -> str:
    """Work in a child process."""
    end = begin()
    sleep(seconds)
    return end("returned")


@app.task(name=THREAD, pool="thread", crash_attempts=CRASHES)
def in_thread(seconds: float) -> str:
    """Work in a thread."""
    end = begin()
    sleep(seconds)
    return end("returned")


@app.task(name=LOOP, crash_attempts=CRASHES)
async def in_loop(seconds: float) -> str:
    """Work on the worker's event loop."""
    end = begin()
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        speak()
        await asyncio.sleep(LAST_WORDS)
        raise
    return end("returned")


@app.task(name=FLAKY, crash_attempts=CRASHES, retries=RETRIES)
def flaky(seconds: float, mishaps: int) -> str:
    """Fail as often as *mishaps* says, and then succeed, if there are retries left."""
    end = begin()
    sleep(seconds)
    if (current.attempt or 0) <= mishaps:
        end("raised")
        raise Mishap(f"{mishaps} mishaps were asked for")
    return end("returned")


@app.task(name=ONCE, delivery="at_most_once")
def once(seconds: float) -> str:
    """Do what must not be done twice."""
    end = begin()
    sleep(seconds)
    return end("returned")


def gated(who: str, seconds: float) -> str:
    """Work under both gates, and write down the end however it comes: the account counts who ran at the same time."""
    end, how = begin(key=who), "stopped"
    try:
        sleep(seconds)
        how = "returned"
    finally:
        token = end(how)
    return token


app.task(name=GATED[0], pool="process", crash_attempts=CRASHES, limits=GATES)(gated)
app.task(name=GATED[1], pool="thread", crash_attempts=CRASHES, limits=GATES)(gated)


@app.task(name=GATED[2], crash_attempts=CRASHES, limits=GATES)
async def gated_in_loop(who: str, seconds: float) -> str:
    """Do the same on the worker's event loop."""
    end, how = begin(key=who), "stopped"
    try:
        await asyncio.sleep(seconds)
        how = "returned"
    finally:
        token = end(how)
    return token


@app.task(name=RATED, crash_attempts=CRASHES, limits=[Rate(f"{RATE}/s", burst=BURST)])
def rated() -> str:
    """Start at a rate."""
    return begin()("returned")


def link(given: Any, seconds: float) -> str:
    """Work with the result of another job, or with those of several, and write down what they are."""
    end = begin(given=given)
    sleep(seconds)
    return end("returned")


app.task(name=LINKS[0], pool="process", crash_attempts=CRASHES)(link)
app.task(name=LINKS[1], pool="thread", crash_attempts=CRASHES)(link)


@app.task(name=LINKS[2], crash_attempts=CRASHES)
async def link_in_loop(given: Any, seconds: float) -> str:
    """Do the same on the worker's event loop."""
    end = begin(given=given)
    await asyncio.sleep(seconds)
    return end("returned")


def due(schedule: str, at: str, seconds: float) -> str:
    """Work for a schedule, and write down for which due time."""
    end = begin(schedule=schedule, due=at)
    sleep(seconds)
    return end("returned")


app.task(name=DUE[0], pool="process", crash_attempts=CRASHES)(due)
app.task(name=DUE[1], pool="thread", crash_attempts=CRASHES)(due)


@app.task(name=DUE[2], crash_attempts=CRASHES)
async def due_in_loop(schedule: str, at: str, seconds: float) -> str:
    """Do the same on the worker's event loop."""
    end = begin(schedule=schedule, due=at)
    await asyncio.sleep(seconds)
    return end("returned")


def declare(kind: mischief.Kind, pool: str) -> None:
    """Declare the task that misbehaves in this way in this pool."""
    options: dict[str, Any] = {"name": mischief.task_name(kind, pool), "crash_attempts": CRASHES, **kind.options}

    def misbehave(variant: int) -> str:
        return mischief.perform(kind, pool, variant, begin)

    async def misbehave_on_loop(variant: int) -> str:
        return mischief.perform(kind, pool, variant, begin)

    if pool == "loop":
        app.task(**options)(misbehave_on_loop)
    else:
        options["pool"] = pool
        app.task(**options)(misbehave)


for each in mischief.KINDS:
    for its_pool in mischief.POOLS:
        declare(each, its_pool)
