"""`python -m chaos`: break everything while jobs run and account for every job; `soak`: the load alone, for long; `crowd`: many slots under
few permits.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from chaos import picture, soak, table
from chaos.crowd import Crowd
from chaos.scene import SLOTS, Late, Scene
from chaos.storm import MISCHIEF, Storm
from taskbahn.errors import TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"
MINUTES = {"storm": 2.0, "soak": 10.0, "crowd": 0.5}


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    add = parser.add_argument
    add(
        "what",
        nargs="?",
        choices=tuple(MINUTES),
        default="storm",
        help="storm: with faults (the default); soak: without; crowd: under limits",
    )
    add("--minutes", type=float, help="how long (default 2 for a storm, 10 for a soak, 0.5 for a crowd)")
    add("--seed", type=int, help="the order of the faults and the load; by default another one each time")
    add("--slots", type=int, default=SLOTS, help="of a storm: of all workers together")
    add(
        "--auth",
        action=argparse.BooleanOptionalAction,
        help="of a storm: a node with login, or without; by default the seed decides",
    )
    add("--json", action="store_true", help="print the account as JSON")
    add("--keep", action="store_true", help="keep logs, journals and data, also when all is well")
    add("--output", type=Path, default=RESULTS / "soak.json", help="of a soak; the picture goes beside it as .svg")
    options = parser.parse_args(argv)
    options.minutes = MINUTES[options.what] if options.minutes is None else options.minutes
    options.seed = random.randrange(1 << 31) if options.seed is None else options.seed  # noqa: S311 - no secret
    options.auth = bool(options.seed % 2) if options.auth is None else options.auth
    return options


def storm(options: argparse.Namespace, console: Console) -> int:
    """Run a storm and print its account."""
    scene = Scene(options.seed, mischief=MISCHIEF, slots=options.slots, has_login=options.auth)
    good = False
    try:
        with console.status("") as status:
            account = Storm(options.seed, options.minutes * 60, status.update).run(scene)
        good = account.is_good
    finally:
        scene.close(keep_files=options.keep or not good)
        if options.keep or not good:
            console.print(f"seed {options.seed}; logs, journals and data: {scene.folder}", markup=False)
    folder = str(scene.folder)
    if options.json:
        print(json.dumps(table.encode(account, seed=options.seed, folder=folder), indent=1))
    else:
        table.show(account, Console(), seed=options.seed, folder=folder)
    return 0 if good else 1


def run_soak(options: argparse.Namespace, console: Console) -> int:
    """Run a soak, write its two files, say whether all is flat."""
    scene = Scene(options.seed, keep=soak.KEEP)
    good = False
    try:
        with console.status("") as status:
            samples, judged, summary = soak.Soak(options.minutes * 60, status.update).run(scene)
        good = soak.is_good(judged, summary)
    finally:
        scene.close(keep_files=options.keep or not good)
        if options.keep or not good:
            console.print(f"seed {options.seed}; logs, journals and data: {scene.folder}", markup=False)
    times = [one.at for one in samples]
    series = [(verdict, [getattr(one, verdict.bound.name) for one in samples]) for verdict in judged]
    title = f"Soak: {summary['jobs']:,} jobs in {samples[-1].at:.0f} s, {summary['jobs_per_second']:.0f} a second"
    options.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(soak.encode(samples, judged, summary), indent=1)
    options.output.write_text(text + "\n", encoding="utf-8")
    drawn = options.output.with_suffix(".svg")
    drawn.write_text(picture.draw(title, times, series), encoding="utf-8")
    if options.json:
        print(text)
        return 0 if good else 1
    out = Console(soft_wrap=True)
    out.print(title, markup=False)
    for verdict in judged:
        out.print(verdict.sentence, markup=False, style="" if verdict.is_flat else "red")
    for name in ("without_outcome", "clients_stuck", "failed_requests"):
        if summary[name]:
            out.print(f"{name.replace('_', ' ')}: {summary[name]}", markup=False, style="red")
    out.print(f"written: {options.output} and {drawn.name}", markup=False)
    return 0 if good else 1


def run_crowd(options: argparse.Namespace, console: Console) -> int:
    """Let a crowd work, and say what came of it."""
    good = False
    with console.status("") as status:
        crowd = Crowd(options.seed, options.minutes * 60, status.update)
        try:
            found = crowd.run()
            good = found["good"]
        finally:
            crowd.close(keep_files=options.keep or not good)
    if options.keep or not good:
        console.print(f"seed {options.seed}; logs, journals and data: {crowd.folder}", markup=False)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        out = Console(soft_wrap=True)
        for name, value in found.items():
            out.print(f"{name.replace('_', ' ')}: {value}", markup=False)
    return 0 if good else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; exit code 1 when a promise was broken."""
    options = parse(sys.argv[1:] if argv is None else argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(stderr=True)
    try:
        return {"storm": storm, "soak": run_soak, "crowd": run_crowd}[options.what](options, console)
    except (Late, TaskbahnError) as error:  # the node did not come back, or not even came
        console.print(f"{options.what}: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
