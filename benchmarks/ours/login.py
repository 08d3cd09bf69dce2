"""m: what a login costs: the measures a and b beside a node without login, a session's share of the loop, and 10,000 browsers with tokens.

Two nodes run side by side, and each round measures both, one after the other. Processor time is that of the process that routes and
dispatches. The pages are in a process of their own (pages.py), each with a browser token of its own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.contract import ANSWER, Figure
from benchmarks.environment import REPOSITORY
from benchmarks.measure import say
from benchmarks.ours import tasks
from benchmarks.ours.backlog import memory
from benchmarks.ours.due import held, router_seconds
from benchmarks.ours.node import APPS, SLOTS, Node, program
from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.contract import Plan
    from benchmarks.processes import Place

ROUNDS = 9
BULK, CALLS = 2_000, 300  # jobs of a round
SESSIONS, BROWSERS, QUICK_BROWSERS = 500, 10_000, 1_000
AT_ONCE = 50  # pages on their way in
MOST_OF_THE_LOOP_MS = 1.0
LEAST = {"a": 0.95, "b": 0.97}  # of what there is without login


class Side:
    """A node, its worker and a client."""

    def __init__(self, place: Place, name: str, *, auth: bool) -> None:
        self.node = Node(place, name)
        self.tokens = {role: created(self.node, role) if auth else "" for role in ("admin", "client", "worker")}
        self.node.start(*(["--auth"] if auth else []))
        self.app = self._application("client")
        self.admin = self._application("admin")

    def _application(self, role: str) -> Taskbahn:
        return Taskbahn(self.node.url("websocket"), token=self.tokens[role] or None)

    def start_worker(self, place: Place) -> None:
        """Start a worker with an event loop; returns when it is attached."""
        env = {"TASKBAHN_URL": self.node.url("websocket"), "TASKBAHN_TOKEN": self.tokens["worker"]}
        slots = str(SLOTS["async"])
        argv = [program("taskbahn"), "worker", f"benchmarks.ours.tasks:{APPS['async']}", "--slots", slots]
        place.spawn(f"worker-{self.node.name}", argv, env=env, directory=REPOSITORY)
        self.node.wait_for_worker(self.admin)

    def bulk(self) -> float:
        """Return seconds for each of many jobs."""
        began = time.perf_counter()
        found = self.app.get(tasks.NOOP).start_many([()] * BULK).results()
        assert set(found) == {ANSWER}
        return (time.perf_counter() - began) / BULK

    def single(self) -> float:
        """Return the median seconds of a call."""
        task, taken = self.app.get(tasks.NOOP), []
        for _ in range(CALLS):
            began = time.perf_counter()
            assert task.call() == ANSWER
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    def close(self) -> None:
        """Leave the node."""
        self.app.close()
        self.admin.close()


def created(node: Node, role: str) -> str:
    """Return a new API token, made before the node ever ran."""
    argv = [program("taskbahn"), "token", "create", f"bench-{role}", "--role", role, "--data", str(node.data)]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


class Crowd:
    """A process of `pages.py`, from the outside."""

    def __init__(self, url: str) -> None:
        argv = [sys.executable, "-m", "benchmarks.ours.pages", url]
        self._process = subprocess.Popen(argv, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    def ask(self, **order: Any) -> dict[str, Any]:
        """Send an order and return the answer."""
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, Any]:
        for line in self._process.stdout or ():
            if line.startswith("{"):  # the others are Autobahn's log
                values: dict[str, Any] = json.loads(line)
                if "error" in values:
                    raise RuntimeError(f"the pages: {values['error']}")
                return values
        raise RuntimeError(f"the pages ended with code {self._process.wait()}")

    def end(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate()


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Measure over WebSocket, as browsers connect."""
    is_whole = plan.jobs >= type(plan).jobs
    without, with_login = Side(place, "without", auth=False), Side(place, "with", auth=True)
    for side in (without, with_login):
        side.start_worker(place)
    figures = [
        *jobs(without, with_login, ROUNDS if is_whole else 3),
        *sessions(without, with_login),
        *browsers(with_login, BROWSERS if is_whole else QUICK_BROWSERS),
    ]
    without.close()
    with_login.close()
    return figures


def jobs(without: Side, with_login: Side, rounds: int) -> Iterator[Figure]:
    """Measure a and b on both nodes, in turns."""
    for letter, what, measure in (("a", f"{BULK:,} jobs at once", Side.bulk), ("b", "one job at a time", Side.single)):
        for side in (without, with_login):
            measure(side)
        pairs = []
        for number in range(rounds):
            say(progress=f"m: {what}, round {number + 1} of {rounds}")
            in_turn = [without, with_login] if number % 2 else [with_login, without]
            seconds = {side.node.name: measure(side) for side in in_turn}
            pairs.append((seconds["without"], seconds["with"]))
        ratio = statistics.median(before / after for before, after in pairs)
        alone, logged_in = (statistics.median(column) * 1e6 for column in zip(*pairs, strict=True))
        yield Figure(
            f"({letter}) {what}, with login beside without", round(ratio, 3), "times as fast",
            f"{logged_in:.0f} µs a job, {alone:.0f} µs without; at least {LEAST[letter]}{held(is_held=ratio >= LEAST[letter])}",
        )  # fmt: skip


def sessions(without: Side, with_login: Side) -> Iterator[Figure]:
    """Measure what one more session costs the loop, by each way to log in; without login first."""
    say(progress="m: a session without login")
    alone = loop_milliseconds(without, [""] * SESSIONS)
    yield Figure("a session without login: processor time of the node", round(alone, 2), "ms")
    maker = with_login.app
    for what, tokens in (
        ("an API token", [with_login.tokens["client"]] * SESSIONS),
        ("a browser token", [maker.token(start=["bench.*"]) for _ in range(SESSIONS)]),
    ):
        say(progress=f"m: a session with {what}")
        login = loop_milliseconds(with_login, tokens) - alone
        note = f"beyond that; below {MOST_OF_THE_LOOP_MS:g} ms{held(is_held=login < MOST_OF_THE_LOOP_MS)}"
        yield Figure(f"… with {what}", round(login, 2), "ms", note)


def loop_milliseconds(side: Side, tokens: list[str]) -> float:
    """Return the node's processor time for one session that comes and goes."""
    crowd = Crowd(side.node.url("websocket"))
    crowd.ask(open=tokens[:AT_ONCE], at_once=AT_ONCE)
    crowd.ask(close=True)
    before = router_seconds(side.node)
    crowd.ask(open=tokens, at_once=AT_ONCE)
    crowd.ask(close=True)
    spent = router_seconds(side.node) - before
    crowd.end()
    return spent / len(tokens) * 1000


def browsers(side: Side, count: int) -> Iterator[Figure]:
    """Open many pages that stay; each starts a job and gets its result."""
    say(progress=f"m: {count:,} browser tokens")
    began = time.perf_counter()
    tokens = [side.app.token(start=["bench.*"], expires=3600) for _ in range(count)]
    made = time.perf_counter() - began
    yield Figure("browser tokens made by one client, one after the other", round(count / made), "a second")
    crowd = Crowd(side.node.url("websocket"))
    before = memory(side.node.router_pid, "VmRSS")
    say(progress=f"m: {count:,} pages log in")
    opened = crowd.ask(open=tokens, at_once=AT_ONCE)["seconds"]
    grown = memory(side.node.router_pid, "VmRSS") - before
    yield Figure(f"{count:,} pages with tokens log in", round(count / opened), "a second", f"all after {opened:.1f} s")
    yield Figure("… memory of the node for each", round(grown / count * 1024, 1), "KiB")
    say(progress=f"m: {count:,} pages start a job each")
    called = crowd.ask(start=tasks.NOOP, at_once=AT_ONCE)
    assert len(called["milliseconds"]) == count
    p99 = statistics.quantiles(called["milliseconds"], n=100, method="inclusive")[98]
    note = f"{AT_ONCE} at a time, p99 {p99:.0f} ms"
    yield Figure("… each starts a job and gets its result", round(count / called["seconds"]), "jobs a second", note)
    yield Figure("… a call of a client beside them", round(side.single() * 1000, 2), "ms", "median, while all pages are there")
    crowd.end()
