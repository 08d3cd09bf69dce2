"""`python -m benchmarks`: measure Taskbahn and its peers, write a JSON file and a Markdown table."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import driver, machine, table
from benchmarks.contract import COMMON_MEASURES, MODES, OWN_MEASURES, Plan
from benchmarks.registry import PEERS, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

QUICK = Plan(jobs=2000, repeats=1, latency_samples=100, limit_seconds=20, waiting_jobs=50_000)
RESULTS = Path(__file__).parent / "results"
LETTERS = tuple(sorted({*COMMON_MEASURES, *OWN_MEASURES}))


def some_of(allowed: Sequence[str]) -> Callable[[str], list[str]]:
    """Return an argument type: a comma-separated list of the words *allowed*."""

    def parse(text: str) -> list[str]:
        words = [word.strip() for word in text.split(",") if word.strip()]
        if unknown := [word for word in words if word not in allowed]:
            message = f"{', '.join(unknown)}: choose from {', '.join(allowed)}"
            raise argparse.ArgumentTypeError(message)
        return words

    return parse


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    peers = [entry.name for entry in PEERS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="few jobs, one run: to see that everything works")
    add("--only", type=some_of(LETTERS), metavar="a,b", help=f"the measures: {', '.join(LETTERS)} (see contract.py)")
    add("--peers", type=some_of([*peers, "none"]), metavar="NAME,NAME", help=f"{', '.join(peers)}, or none")
    add("--without-ours", action="store_true", help="measure the peers alone")
    add("--modes", type=some_of(MODES), default=list(MODES), metavar="MODE,MODE", help=", ".join(MODES))
    add("--jobs", type=int, help=f"jobs of one run (default {Plan.jobs:,})")
    add("--repeats", type=int, help=f"most runs of each measure, of which the median counts (default {Plan.repeats})")
    add("--redis", choices=("memory", "everysec", "always"), default="memory", help="what the peers' Redis keeps")
    add(
        "--output",
        type=Path,
        default=RESULTS / "bench.json",
        help="the table goes beside it as .md (default benchmarks/results/bench.json)",
    )
    return parser.parse_args(argv)


def plan_of(options: argparse.Namespace) -> Plan:
    """Return how much to measure."""
    plan = replace(QUICK if options.quick else Plan(), redis=options.redis)
    plan = replace(plan, jobs=options.jobs or plan.jobs, repeats=options.repeats or plan.repeats)
    return replace(plan, measures=tuple(options.only)) if options.only else plan


def names_of(options: argparse.Namespace) -> list[str]:
    """Return the systems to measure."""
    own = [] if options.without_ours else [entry.name for entry in entries() if not entry.is_peer]
    peers = [entry.name for entry in PEERS] if options.peers is None else options.peers
    return [*own, *(name for name in peers if name != "none")]


def measure(plan: Plan, names: list[str], options: argparse.Namespace, console: Console) -> driver.Report:
    """Run all steps with a progress bar."""
    report = driver.Report()
    todo = driver.steps(plan, names, options.modes) if names else []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(todo))
        for step in todo:
            title = step.title

            def say(text: str, title: str = title) -> None:
                progress.update(bar, description=f"[bold]{title}[/bold] {text}")

            say("starts")
            driver.run(step, plan, report, say)
            progress.advance(bar)
    return report


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write both files, print the table; exit code 1 when a measurement failed."""
    options = parse(sys.argv[1:] if argv is None else argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(stderr=True)
    plan, started, here = plan_of(options), time.time(), machine.describe()
    try:
        report = measure(plan, names_of(options), options, console)
    except KeyboardInterrupt:
        console.print("stopped; nothing was written")
        return 130
    values = {"measured_at": started, "seconds": time.time() - started, "machine": asdict(here), "plan": plan.encode()}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({**values, **asdict(report)}, indent=2) + "\n", encoding="utf-8")
    options.output.with_suffix(".md").write_text(table.markdown(report, plan, here), encoding="utf-8")
    Console().print(Markdown(table.summary(report, plan)))
    console.print(f"written: {options.output.name}, and beside it the table with set-up and machine", markup=False)
    for title, error in report.errors.items():
        console.print(f"{title}: {error}", style="red", markup=False)
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
