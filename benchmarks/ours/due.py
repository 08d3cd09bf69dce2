"""l: schedules: what 100,000 of them cost while nothing is due, 10,000 that are due at once, and how late they fire beside other jobs.

The schedules are written into the store before the node starts. Processor time is that of the process that routes and dispatches.
"""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks import processes
from benchmarks.contract import Figure
from benchmarks.measure import say
from benchmarks.ours import tasks
from benchmarks.ours.floods import Flood
from benchmarks.ours.node import APPS, SLOTS, Node, until
from taskbahn import Every, Taskbahn
from taskbahn.protocol import messages
from taskbahn_router.core.firings import ScheduleChange
from taskbahn_router.dispatcher.schedule_specs import effective, following
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.salvage import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.contract import Plan
    from benchmarks.processes import Place

IDLE, AT_ONCE = 100_000, 10_000  # schedules
MOST_OF_A_CORE, AT_ONCE_SECONDS, LATE_MS = 0.01, 2.0, 50.0  # what is to hold
IDLE_SECONDS, QUICK_IDLE_SECONDS = 130.0, 20.0  # two of the longest sleeps, and more
EACH_SECOND = 50  # schedules that fire each second, one after the other
LATE_SECONDS, QUICK_LATE_SECONDS = 60, 10
RATE = 1_000  # jobs a second beside them
BEFORE_SECONDS = 12.0  # from the writing of the schedules to their due time
PART = 5_000  # schedules of one commit
DAY = 86_400.0


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Measure over WebSocket; the worker has an event loop."""
    is_whole = plan.jobs >= type(plan).jobs
    return [
        *idle(place, IDLE_SECONDS if is_whole else QUICK_IDLE_SECONDS),
        *at_once(place),
        *late(place, LATE_SECONDS if is_whole else QUICK_LATE_SECONDS),
    ]


# nothing is due


def idle(place: Place, seconds: float) -> Iterator[Figure]:
    """Measure a node without schedules, then with them, then with a client that looks."""
    node = Node(place, "idle")
    node.start()
    alone = cpu_share(node, seconds, "without schedules")
    node.stop()
    began = time.perf_counter()
    write(node, (spec(f"{number % 60} {number // 60 % 24} * * *") for number in range(IDLE)), after=time.time() + DAY)
    written = time.perf_counter() - began
    ready = node.start()
    share = cpu_share(node, seconds, f"{IDLE:,} schedules")
    node.use("websocket")
    with Taskbahn() as app:
        looked = cpu_share(node, seconds, "and a client that looks", lambda: look(app))
    node.stop()
    yield Figure(
        f"{IDLE:,} schedules, nothing is due", round(share * 100, 2), "% of a core",
        f"{alone * 100:.2f} % without schedules; below {MOST_OF_A_CORE:.0%}{held(is_held=share - alone < MOST_OF_A_CORE)}",
    )  # fmt: skip
    yield Figure("… and a client asks for status and problems each second", round(looked * 100, 2), "% of a core")
    yield Figure("… start of the node", round(ready, 2), "s", f"writing them took {written:.1f} s")


def look(app: Any) -> None:
    """Ask what a page asks."""
    app.view.status()
    app.client.ask(messages.VIEW_SCHEDULES, limit=100).get()


def cpu_share(node: Node, seconds: float, what: str, look: Any = None) -> float:
    """Return the share of a core that the router takes."""
    time.sleep(2.0)  # what a start leaves to do
    before, began = router_seconds(node), time.perf_counter()
    while (left := began + seconds - time.perf_counter()) > 0:
        say(progress=f"l: {what}, {left:.0f} s")
        node.place.check()
        if look is not None:
            look()
        time.sleep(min(1.0, left))
    return (router_seconds(node) - before) / (time.perf_counter() - began)


def router_seconds(node: Node) -> float:
    """Return the processor time of the process that dispatches."""
    fields = processes.read_stat(node.router_pid) or []
    return sum(map(int, fields[11:13])) / processes.TICKS_PER_SECOND


# many are due at once


def at_once(place: Place) -> Iterator[Figure]:
    """Measure from the due time until the last firing is committed."""
    node = Node(place, "at-once")
    node.start()
    node.use("websocket")
    node.start_worker(APPS["async"], SLOTS["async"])
    with Taskbahn() as app:
        node.wait_for_worker(app)  # the store learns of the task
        node.stop_worker(app)
    node.stop()
    due = float(int(time.time() + BEFORE_SECONDS))
    minute = Every(DAY, start=None).form
    form = messages.plain(minute) | {"start": due % DAY}
    write(node, (spec(form) for _ in range(AT_ONCE)), after=due - 1)
    node.start()
    node.start_worker(APPS["async"], SLOTS["async"])
    if time.time() > due - 1:
        raise TimeoutError("the node was not ready in time")
    seen: list[float] = []
    before = router_seconds(node)
    with contextlib.closing(database(node)) as store:
        until(place, "all firings", lambda: note(store, due, seen) == AT_ONCE)
        submitted, spent = seen[-1], router_seconds(node) - before
        until(place, "all jobs", lambda: count(store, "SELECT count(*) FROM job WHERE state = 'succeeded'") >= AT_ONCE)
        done = time.time() - due
    node.place.stop("worker")
    node.stop()
    yield Figure(
        f"{AT_ONCE:,} due in one second, until all are submitted", round(submitted, 2), "s",
        f"below {AT_ONCE_SECONDS:g} s{held(is_held=submitted < AT_ONCE_SECONDS)}; the router "
        f"took {spent:.2f} s of processor time for it; until all have succeeded {done:.2f} s",
    )  # fmt: skip


def note(store: sqlite3.Connection, due: float, seen: list[float]) -> int:
    found = count(store, "SELECT count(*) FROM schedule WHERE fired > 0")
    seen.append(time.time() - due)
    return found


def count(store: sqlite3.Connection, sql: str) -> int:
    """Return a number that the store knows."""
    return int(store.execute(sql).fetchone()[0])


def database(node: Node) -> sqlite3.Connection:
    """Open the store to read what is committed."""
    return sqlite3.connect(f"file:{node.data / NAME}?mode=ro", uri=True)


# beside other jobs


def late(place: Place, seconds: int) -> Iterator[Figure]:
    """Measure how late firings are, and the starts of their jobs, beside a client that submits other jobs."""
    node = Node(place, "late")
    node.start()
    node.use("websocket")
    node.start_worker(APPS["async"], SLOTS["async"])
    app = Taskbahn()
    node.wait_for_worker(app)
    flood = Flood(node.port, "pace", RATE, tasks.NOOP)
    time.sleep(2.0)
    began = time.time() // 1 + 1
    for number in range(EACH_SECOND):
        when = Every(1.0).form
        form = messages.plain(when) | {"start": began + number / EACH_SECOND}
        call = {"task": tasks.DUE, "args": ["{@due}"]}
        app.client.ask(messages.SCHEDULE_ADD, f"late-{number}", {"when": form, "call": call, "overlap": "allow"}).get()
    for left in range(seconds, 0, -1):
        say(progress=f"l: firings beside {RATE:,} jobs a second, {left} s")
        time.sleep(1.0)
    firings = [one for schedule in app.schedules for one in schedule.history()]
    for schedule in app.schedules:
        schedule.pause()
    accepted = flood.end()["accepted"]
    fired = [(one.fired_at - one.due_at) * 1000 for one in firings]
    started = [app.job(one.job).result(30) for one in firings if one.job is not None]
    node.stop_worker(app)
    app.close()
    node.stop()
    for name, times in (("a firing", fired), ("the start of its job", started)):
        median, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
        yield Figure(
            f"{name} is late beside {RATE:,} jobs a second, p99", round(p99, 1), "ms",
            f"median {median:.1f} ms, {len(times):,} of them, {accepted:,} other jobs; below {LATE_MS:g} ms{held(is_held=p99 < LATE_MS)}",
        )  # fmt: skip


def spec(when: str | dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a schedule of an empty task."""
    form = {"kind": "cron", "line": when} if isinstance(when, str) else when
    return {"when": form, "call": {"task": tasks.NOOP}}


def write(node: Node, specs: Iterator[dict[str, Any]], after: float) -> None:
    """Write schedules into the store of a node that does not run; they are due *after* a time at the earliest."""
    store = SqliteStore(node.data)
    store.open()
    changes = []
    for number, fields in enumerate(specs):
        text = messages.to_json(fields)
        then = following(effective(None, text), str(number), after)
        assert then is not None
        changes.append(ScheduleChange(f"s{number}", None, text, None, 0, then.due, then.at, None, None, after))
    for start in range(0, len(changes), PART):
        store.commit(CommitBatch(schedules=changes[start : start + PART]))
        say(progress=f"l: {start:,} schedules are written")
    store.close()


def held(*, is_held: bool) -> str:
    """Say whether a bound holds, in a note."""
    return "" if is_held else ", **missed**"
