"""Runs every measurement in a process of its own, one after the other, and stops whatever it leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.contract import COMMON_MEASURES, MODES, OWN_MEASURES, Figure, Result
from benchmarks.environment import REPOSITORY, peer_python
from benchmarks.processes import stop_tree
from benchmarks.registry import entries, extras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.contract import Mode, Plan

    Say = Callable[[str], None]

LAST_LINES = 15


@dataclass(frozen=True)
class Step:
    """One process of the bench: a system in a mode, or a measure that only Taskbahn has."""

    name: str
    mode: str
    python: str

    @property
    def title(self) -> str:
        """Return how the step is called while it runs."""
        return f"{self.name}, {self.mode}"


@dataclass
class Report:
    """All that was measured."""

    results: list[Result] = field(default_factory=list)
    figures: dict[str, list[Figure]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def steps(plan: Plan, names: Sequence[str], modes: Sequence[Mode]) -> list[Step]:
    """Return what there is to do for the systems *names* (all if empty), mode by mode so that neighbours compare."""
    chosen = [entry for entry in entries() if not names or entry.name in names]
    peers_python = peer_python() if any(entry.is_peer for entry in chosen) else ""
    found = []
    if set(plan.measures) & set(COMMON_MEASURES):
        found = [
            Step(entry.name, mode, peers_python if entry.is_peer else sys.executable)
            for mode in MODES
            for entry in chosen
            if mode in entry.modes and mode in modes
        ]
    if any(not entry.is_peer for entry in chosen):
        letters = [letter for letter in OWN_MEASURES if letter in plan.measures and letter in extras()]
        found += [Step("taskbahn", f"extra-{letter}", sys.executable) for letter in letters]
    return found


def run(step: Step, plan: Plan, report: Report, say: Say) -> None:
    """Do *step* and add what it measured to *report*; a step that fails or takes too long is an error in it."""
    seconds = 120 + 6 * plan.limit_seconds + (plan.waiting_jobs / 1000 if step.mode == "extra-e" else 0)
    argv = [step.python, "-m", "benchmarks.measure", step.name, step.mode, json.dumps(plan.encode())]
    process = subprocess.Popen(
        argv,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    late = threading.Timer(seconds, stop_tree, [process])
    late.daemon = True
    late.start()
    complaints: list[str] = []
    reader = threading.Thread(target=lambda: complaints.extend(process.stderr or ()), daemon=True)
    reader.start()
    done = False
    try:
        for line in lines(process):
            done = take(line, step, report, say) or done
    finally:
        late.cancel()
        stop_tree(process)
        reader.join(1)
    if not done:
        report.errors[step.title] = "".join(complaints[-LAST_LINES:]) or f"no result within {seconds:.0f} s"


def lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield the JSON lines that *process* writes; what else libraries print is passed over."""
    for line in process.stdout or ():
        if line.startswith("{"):
            yield json.loads(line)


def take(line: dict[str, Any], step: Step, report: Report, say: Say) -> bool:
    """Put one line of a measurement into *report*; return whether it was the result."""
    if "progress" in line:
        say(line["progress"])
        return False
    if "result" in line:
        result = Result(**line["result"])
        report.results.append(result)
        if result.error:
            report.errors[step.title] = result.error
    else:
        report.figures[step.mode.removeprefix("extra-")] = [Figure(**figure) for figure in line["figures"]]
    return True
