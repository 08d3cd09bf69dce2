"""The crowd: many slots for tasks under few permits, and a quarter of the jobs cancelled while they run or wait.

Whether a limit was exceeded is worked out from what the attempts wrote down of themselves, those of cancelled jobs included.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.ports import free_port
from benchmarks.processes import adopt_orphans

from chaos import journal
from chaos.crowd_tasks import EACH, LISTED, NUMBERS, WHO
from chaos.journal import PLACE, Journal
from chaos.limits import Run, most_at_once
from chaos.programs import TASKBAHN, WORKER_READY, Node, NodeState, Program
from chaos.scene import LOOK, Late
from taskbahn import Taskbahn
from taskbahn.protocol.states import FINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chaos.journal import Entry

WORKERS, SLOTS = 10, 5
SHORTEST, LONGEST = 0.05, 0.3  # seconds of a job
JOBS_AHEAD = 200  # jobs that wait or run
DOOMED = 4  # one of this many is cancelled
AT_A_TIME = 20  # jobs of one submission
AT_A_LOOK = 500  # jobs that are listed
STATES = ("running", "ready")
PATIENCE = 120.0


class Measured(NamedTuple):
    """How many attempts ran under each limit, and of one key at the same time at most; how many have no end."""

    attempts: int
    stopped: int  # attempts that ended because their jobs were cancelled
    most: dict[str, int]  # by limit
    endless: int

    @property
    def exceeded(self) -> list[str]:
        """Return the limits that did not hold."""
        return [name for name, most in self.most.items() if most > NUMBERS[name]]


def measure(entries: Iterable[Entry]) -> Measured:
    """Count who ran at the same time, by the attempts' own words."""
    started: dict[tuple[str, int], Entry] = {}
    runs: dict[str, dict[str, list[Run]]] = {name: defaultdict(list) for name in NUMBERS}
    attempts = stopped = 0
    for entry in entries:
        if entry["event"] == "started":
            started[entry["id"], entry["attempt"]] = entry
        elif entry["event"] == "ended":
            begin = started.pop((entry["id"], entry["attempt"]), None)
            if begin is None:  # it was stopped before it could write that it began
                continue
            attempts += 1
            stopped += entry["how"] == "stopped"
            for name in LISTED[begin["task"]]:
                key = begin["key"] if name == EACH else ""
                runs[name][key].append(Run(entry["id"], key, begin["clock"], entry["clock"]))
    most = {name: max(map(most_at_once, keyed.values()), default=0) for name, keyed in runs.items()}
    return Measured(attempts, stopped, most, len(started))


@dataclass
class Crowd:
    """A crowd of *seconds*; `say` gets a line for each step."""

    seed: int
    seconds: float
    say: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        adopt_orphans()
        self.folder = Path(tempfile.mkdtemp(prefix="taskbahn-crowd-"))
        self.chance = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        self._journal = Journal(self.folder / "journals", "crowd")
        self._node = Node(self.folder, free_port(), self._journal)
        self._workers: list[Program] = []
        self._doomed: dict[str, str] = {}  # jobs that are to be cancelled, and in which state
        self._cancelled_as: Counter[str] = Counter()  # by what the client last knew of them

    def run(self) -> dict[str, Any]:
        """Let the crowd work, and return what came of it.  Raises Late."""
        self.say("the node and its workers start")
        self._until("the node is ready", lambda: self._node.state is NodeState.READY)
        url = f"ws://127.0.0.1:{self._node.port}/ws"
        places = {"TASKBAHN_URL": url, PLACE: str(self.folder / "journals"), "PYTHONUNBUFFERED": "1"}
        command = [*TASKBAHN, "worker", "chaos.crowd_tasks:app", "--slots", str(SLOTS)]
        for number in range(WORKERS):
            self._workers.append(Program(self.folder / f"worker-{number}.log", command, places))
        self._until("the workers are ready", lambda: all(worker.said(WORKER_READY) for worker in self._workers))
        with Taskbahn(url) as app:
            submitted = self._load(app)
            self._until("all jobs have ended", lambda: not self._look(app))
            states = app.view.status().jobs
        found = measure(journal.read(self.folder / "journals"))
        ended = {state: states.get(state, 0) for state in ("succeeded", "cancelled", "failed", "expired")}
        good = not found.exceeded and not found.endless and ended["succeeded"] + ended["cancelled"] == submitted
        return {
            "good": good, "seed": self.seed, "jobs": submitted, "seconds": round(self.seconds, 1), "slots": WORKERS * SLOTS, **ended,
            "cancelled_running": self._cancelled_as["running"], "cancelled_waiting": self._cancelled_as["ready"],
            "attempts": found.attempts, "stopped_attempts": found.stopped, "attempts_without_end": found.endless,
            "limits": {name: {"limit": number, "most": found.most[name]} for name, number in NUMBERS.items()},
            "exceeded": found.exceeded,
        }  # fmt: skip

    def _load(self, app: Taskbahn) -> int:
        """Keep more jobs ready than the limits let run; return how many there were."""
        submitted, until = 0, time.monotonic() + self.seconds
        while time.monotonic() < until:
            self._node.tick()
            if self._look(app) < JOBS_AHEAD:
                submitted += self._submit(app)
            self.say(f"{submitted:,} jobs, {until - time.monotonic():.0f} s to go")
        return submitted

    def _submit(self, app: Taskbahn) -> int:
        task = self.chance.choice(list(LISTED))
        calls: list[Any] = [
            ((self.chance.choice(WHO), round(self.chance.uniform(SHORTEST, LONGEST), 3)), {}) for _ in range(AT_A_TIME)
        ]
        batch = app.get(task).start_many(calls)
        self._doomed.update({job.id: self.chance.choice(STATES) for job in batch if self.chance.randrange(DOOMED) == 0})
        return AT_A_TIME

    def _look(self, app: Taskbahn) -> int:
        """Cancel some of those that are to be cancelled and run, or wait; return how many jobs have not ended."""
        for state in STATES:
            listed = [view.id for view in app.view.jobs(state=state, limit=AT_A_LOOK).jobs if self._doomed.get(view.id) == state]
            for id in listed if state == "running" else listed[:1]:
                del self._doomed[id]
                if app.job(id).cancel("the crowd is too large") == "cancelled":
                    self._cancelled_as[state] += 1
        states = app.view.status().jobs
        return sum(count for state, count in states.items() if state not in FINAL_STATES)

    def _until(self, what: str, happens: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happens():
            if time.monotonic() > deadline:
                raise Late(f"{what}: not within {PATIENCE:.0f} s; the logs are in {self.folder}")
            self._node.tick()
            time.sleep(LOOK)

    def close(self, *, keep_files: bool) -> None:
        """End everybody; remove the folder unless it is to be kept."""
        for worker in self._workers:
            worker.end()
        self._node.close()
        self._journal.close()
        if not keep_files:
            shutil.rmtree(self.folder)
