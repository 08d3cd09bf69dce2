"""The soak: the same load without faults for as long as asked; what must stay flat is measured each second."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from chaos import journal
from chaos.accounting import Books
from chaos.flatness import Bound, Verdict, judge
from chaos.programs import NodeState
from chaos.scene import LOOK, Scene
from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.processes import Pid

KEEP = 20.0  # seconds that finished jobs are kept, so that pruning keeps the database small
PATIENCE = 120.0
EVERY = 1.0  # seconds between two samples
MIB = 1024 * 1024

BOUNDS = (
    Bound("memory", "memory of the router process", "MiB", 8.0),
    Bound("open_files", "its open files", "", 4.0),
    Bound("database", "database and write-ahead log", "MiB", 8.0),
    Bound("lag", "lag of its event loop", "ms", 25.0),
)
"""What must stay flat, and by how much each may drift over the second half, whatever the length of the soak."""


@dataclass(frozen=True)
class Sample:
    """One second of the router process. at: seconds since the load began; memory, database: MiB; lag: milliseconds."""

    at: float
    memory: float
    open_files: float
    database: float
    lag: float
    finished: int


@dataclass
class Soak:
    """A soak of *seconds*; `say` gets a line for each step."""

    seconds: float
    say: Callable[[str], None] = lambda _: None

    def run(self, scene: Scene) -> tuple[list[Sample], list[Verdict], dict[str, Any]]:
        """Let the load run, and measure.  Raises Late, RuntimeError when the node does not stay."""
        self.say("the node starts")
        scene.begin(PATIENCE)
        router = scene.node.line[-1]
        samples: list[Sample] = []
        with Taskbahn(scene.url) as app:
            began = time.monotonic()
            due = began
            while time.monotonic() - began < self.seconds:
                scene.tick()
                if time.monotonic() >= due:
                    due += EVERY
                    if scene.node.state is not NodeState.READY:
                        raise RuntimeError(f"the node did not stay; its log is in {scene.folder}")
                    samples.append(sample(app, router, scene.node.data, time.monotonic() - began))
                    self.say(f"{samples[-1].finished:,} jobs, {self.seconds - samples[-1].at:.0f} s to go")
                time.sleep(LOOK)
        stuck = scene.dismiss_clients(PATIENCE)
        return samples, verdicts(samples), self._summary(scene, samples, stuck)

    def _summary(self, scene: Scene, samples: list[Sample], stuck: list[str]) -> dict[str, Any]:
        entries = journal.read(scene.journals)
        books = Books(entries)
        return {
            "jobs": samples[-1].finished,
            "jobs_per_second": samples[-1].finished / max(samples[-1].at, EVERY),
            "without_outcome": sorted(books.ids("acknowledged") - books.ids("seen", "given_up")),
            "clients_stuck": stuck,
            "failed_requests": sum(entry["event"] in ("turned_away", "unanswered") for entry in entries),
        }


def sample(app: Taskbahn, router: Pid, data: Path, at: float) -> Sample:
    """Measure once."""
    process = Path(f"/proc/{router.number}")
    pages = int((process / "statm").read_text(encoding="ascii").split()[1])
    status = app.view.status()
    return Sample(
        at=round(at, 3),
        memory=pages * os.sysconf("SC_PAGE_SIZE") / MIB,
        open_files=len(list((process / "fd").iterdir())),
        database=sum(path.stat().st_size for path in data.glob("taskbahn.db*")) / MIB,
        lag=status.lag * 1000,
        finished=sum(status.jobs.get(state, 0) for state in ("succeeded", "failed")),
    )


def verdicts(samples: list[Sample]) -> list[Verdict]:
    """Judge each of the series."""
    times = [one.at for one in samples]
    return [judge(bound, times, [getattr(one, bound.name) for one in samples]) for bound in BOUNDS]


def encode(samples: list[Sample], judged: list[Verdict], summary: dict[str, Any]) -> dict[str, Any]:
    """Return the soak as data."""
    return {
        "good": is_good(judged, summary),
        **summary,
        "verdicts": [asdict(verdict) for verdict in judged],
        "medians": {field.name: median(getattr(one, field.name) for one in samples) for field in fields(Sample)},
        "samples": [asdict(one) for one in samples],
    }


def is_good(judged: list[Verdict], summary: dict[str, Any]) -> bool:
    """Whether all is flat, and every client got what it waited for."""
    broken = summary["without_outcome"] or summary["clients_stuck"] or summary["failed_requests"]
    return all(verdict.is_flat for verdict in judged) and not broken
