"""The Markdown table of a report, with ratios to the fastest peer, the configurations and the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contract import MODES, Mode, Result
from benchmarks.flow_table import flow_bounds, flow_rows
from benchmarks.registry import entries, extras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.contract import Plan
    from benchmarks.driver import Report
    from benchmarks.machine import Machine

TITLES: dict[Mode, str] = {
    "threads": "Threads: one worker process",
    "processes": "Processes: one worker, two processes",
    "async": "Async: one worker process, one event loop",
}


@dataclass(frozen=True)
class Column:
    """One measure as a column."""

    title: str
    value: Callable[[Result], float | None]
    digits: int
    more_is_better: bool

    def show(self, value: float | None) -> str:
        """Return *value* as text for a cell."""
        return "–" if value is None else f"{value:,.{self.digits}f}"


COLUMNS: dict[str, tuple[Column, ...]] = {
    "a": (Column("a: jobs/s with results", lambda result: result.jobs_per_second, 0, more_is_better=True),),
    "b": (
        Column("b: one job, median ms", lambda result: result.latency_median_ms, 2, more_is_better=False),
        Column("b: p99 ms", lambda result: result.latency_p99_ms, 2, more_is_better=False),
    ),
    "c": (Column("c: submitted/s", lambda result: result.submitted_per_second, 0, more_is_better=True),),
    "f": (Column("f: CPU s per 1,000 jobs", lambda result: result.cpu_seconds_per_1000, 3, more_is_better=False),),
}


def markdown(report: Report, plan: Plan, machine: Machine) -> str:
    """Return the whole report as Markdown."""
    parts = (summary(report, plan), configurations(report.results), description(report, plan, machine))
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(report: Report, plan: Plan) -> str:
    """Return the tables of numbers as Markdown, without set-up and machine."""
    parts = [*(section(report.results, mode, plan) for mode in MODES), flows(report.results), figures(report), errors(report)]
    return "\n\n".join(part for part in parts if part)


def section(results: Iterable[Result], mode: Mode, plan: Plan) -> str:
    """Return the table of one mode, the fastest first; empty when nothing was measured in it."""
    columns = [column for letter in COLUMNS if letter in plan.measures for column in COLUMNS[letter]]
    here = sorted((result for result in results if result.mode == mode), key=lambda one: -(one.jobs_per_second or 0))
    if not here or not columns:
        return ""
    rows = [[result.system, *(column.show(column.value(result)) for column in columns), runs(result)] for result in here]
    if any(is_peer(result) for result in here):
        rows += [ratios(result, here, columns) for result in here if not is_peer(result)]
    return f"### {TITLES[mode]}\n\n" + grid(["", *(column.title for column in columns), "runs × jobs of a"], rows)


def runs(result: Result) -> str:
    """Return how many runs of how many jobs the throughput comes from."""
    return "–" if result.jobs is None else f"{result.repeats} × {result.jobs:,}"


def is_peer(result: Result) -> bool:
    """Tell whether *result* is of a peer."""
    return next((entry.is_peer for entry in entries() if entry.name == result.system), True)


def ratios(result: Result, here: Iterable[Result], columns: Iterable[Column]) -> list[str]:
    """Return the row of *result* divided by the best peer, measure by measure."""
    peers = [other for other in here if is_peer(other)]
    cells = []
    for column in columns:
        best = [value for other in peers if (value := column.value(other)) is not None]
        ours = column.value(result)
        if not best or ours is None:
            cells.append("–")
            continue
        cells.append(f"**{ours / (max if column.more_is_better else min)(best):.2f} ×**")
    return [f"{result.system} / best peer", *cells, ""]


def figures(report: Report) -> str:
    """Return what only Taskbahn has."""
    parts = []
    for letter, found in report.figures.items():
        rows = [[figure.name, f"{figure.value:,}", figure.unit, figure.note] for figure in found]
        parts.append(f"### {letter}: {extras()[letter].title}\n\n" + grid(["", "value", "unit", ""], rows))
    return "\n\n".join(parts)


def flows(results: Sequence[Result]) -> str:
    """Return the tables of j."""
    measured = [result for result in results if result.chord_seconds is not None]
    if not measured:
        return ""
    head = "### j: a chord and a chain"
    head += f" of {max(result.members or 0 for result in measured):,}, beside the same jobs alone"
    return f"{head}\n\n" + "\n\n".join(grid(*table) for table in (flow_rows(measured), flow_bounds(measured)) if table[1])


def configurations(results: Iterable[Result]) -> str:
    """Return how each system was set up and what it keeps."""
    rows = [[result.system, result.mode, result.configuration, result.durability] for result in results]
    return "### Set-up\n\n" + grid(["system", "mode", "configuration", "durability"], rows) if rows else ""


def errors(report: Report) -> str:
    """Return what failed."""
    if not report.errors:
        return ""
    rows = [[title, text.strip().splitlines()[-1]] for title, text in report.errors.items()]
    return "### Failed\n\n" + grid(["what", "error"], rows)


def description(report: Report, plan: Plan, machine: Machine) -> str:
    """Return the machine, the versions, and how it was measured."""
    versions = {name: version for result in report.results for name, version in result.versions.items()}
    software = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    method = (
        f"a and c: {plan.jobs:,} jobs, or fewer if a system would need more than {plan.limit_seconds:g} s; median of "
        f"up to {plan.repeats} runs. b: up to {plan.latency_samples} jobs one at a time. f: client, worker, router "
        "and server together, during a. j: medians of up to 15 runs, in turns with the same jobs alone. "
        "All systems one after the other on the same "
        f"machine, whose load was {machine.load:g} before"
    )
    facts = (
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib:g} GiB; {machine.system}",
        f"files on {machine.filesystem}; an appended block with fsync takes {machine.fsync_ms:g} ms",
        f"Python {machine.python}, Redis {machine.redis}, SQLite {machine.sqlite}; {software or 'no packages'}",
        method,
    )
    return "### Machine\n\n" + "\n".join(f"- {fact}." for fact in facts)


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
