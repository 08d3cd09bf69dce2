"""What a storm came to, for people (rich tables) and for programs (JSON)."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

from chaos.accounting import MUST_BE_0

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from chaos.accounting import Account

MAX_SHOWN = 10  # findings with their histories; all of them are in the JSON


def show(account: Account, console: Console, *, seed: int, folder: str) -> None:
    """Print the table, and what is behind each number that had to be 0."""
    table = Table(title=f"chaos, seed {seed}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)  # the numbers, which a narrow terminal must not hide
    for section in (faults(account), jobs(account), times(account), promises(account)):
        for name, value in section:
            table.add_row(name, value)
        table.add_section()
    console.print(table)
    for finding in account.findings[:MAX_SHOWN]:
        console.print(f"{finding.kind}: {finding.id} {finding.why}", style="red", markup=False)
        for entry in account.histories.get(finding.id, ()):
            console.print(f"    {json.dumps(entry)}", markup=False, highlight=False, soft_wrap=True)
    if account.findings:
        console.print(f"{len(account.findings)} broken promises; seed {seed}; logs and journals: {folder}", markup=False)


def faults(account: Account) -> Iterator[tuple[str, str]]:
    """Yield how often each kind of thing was broken."""
    yield "[bold]faults injected[/]", f"[bold]{sum(account.faults.values())}[/]"
    for kind, count in sorted(account.faults.items(), key=lambda item: -item[1]):
        yield f"  {kind}", f"{count}"


def jobs(account: Account) -> Iterator[tuple[str, str]]:
    """Yield what became of the jobs."""
    yield "[bold]jobs acknowledged[/]", f"[bold]{account.acknowledged:,}[/]"
    yield "jobs recorded", f"{account.recorded:,}"
    yield "finished: succeeded", f"{account.succeeded:,}"
    yield "finished: cancelled", f"{account.cancelled:,}"
    yield "  after an attempt had begun", f"{account.cancelled_running:,}"
    for reason, count in sorted(account.failed.items(), key=lambda item: -item[1]):
        yield f"  failed: {reason}", f"{count:,}"
    yield "finished: misbehaved", f"{sum(sum(pools.values()) for pools in account.mischief.values()):,}"
    for kind, pools in account.mischief.items():
        yield f"  {kind}", f"{sum(pools.values()):,}"
    yield (
        "under limits: attempts, at once, of one key",
        f"{account.limits.runs:,}, {account.limits.at_once}, {account.limits.of_each}",
    )
    yield "under a rate: starts", f"{account.limits.starts:,}"
    flows = account.flows
    yield "flows: members, joins, callbacks that ran", f"{flows.flows:,}: {flows.members:,}, {flows.joins:,}, {flows.callbacks:,}"
    waits = account.waits
    yield "waiting: parents, children", f"{waits.parents:,}, {waits.children:,}"
    yield "  attempts suspended, replaced by flows", f"{waits.suspended:,}, {waits.replaced:,}"
    for kind, number in sorted(waits.points.items()):
        yield f"  {kind}", f"{number:,}"
    schedules = account.schedules
    yield "schedules, paused for a moment", f"{schedules.schedules:,}, {schedules.paused:,}"
    yield "  due times that had to fire, that fired", f"{schedules.due:,}, {schedules.fired:,}"
    triggers = account.triggers
    yield "events published, posted to hooks, sent again", f"{triggers.published:,}, {triggers.posted:,}, {triggers.again:,}"
    yield "  jobs that they had to start, that they started", f"{triggers.due:,}, {triggers.started:,}"
    yield "outcomes that clients were given", f"{account.seen:,}"
    yield "run again (started more than once)", f"{account.run_again:,}"
    yield "attempts of jobs never accepted", f"{account.untraced:,}"
    for error, count in account.unanswered.items():
        yield f"plain calls without an answer: {error}", f"{count:,}"


def times(account: Account) -> Iterator[tuple[str, str]]:
    """Yield how long things took."""
    yield "longest time without progress", f"{account.longest_standstill:.1f} s"
    for cause, seconds in account.ready.items():
        starts, downs = [start for start, _ in seconds], [down for _, down in seconds]
        shown = f"{median(starts):.1f} s, at most {max(starts):.1f} s"
        yield f"ready after: {cause} ({len(seconds)} ×)", shown
        yield "  counted from the fault, at most", f"{max(downs):.1f} s"
    yield "orphans of a node, ended by hand", f"{account.outside.orphans}"
    yield "nodes that SIGTERM did not end with code 0", f"{account.outside.dirty_stops}"
    yield "programs whose worker was killed, ended by hand", f"{account.outside.bereft}"
    codes = account.outside.worker_codes
    yield "workers that SIGTERM did not end with code 0", f"{sum(code != 0 for code in codes)} of {len(codes)}"


def promises(account: Account) -> Iterator[tuple[str, str]]:
    """Yield what must be 0."""
    for kind in MUST_BE_0:
        count = len(account.of(kind))
        yield f"[bold]{kind}[/] (must be 0)", f"[bold {'red' if count else 'green'}]{count}[/]"


def encode(account: Account, *, seed: int, folder: str) -> dict[str, Any]:
    """Return the whole account as data."""
    outside = account.outside
    return {
        "seed": seed,
        "good": account.is_good,
        "folder": folder,
        "faults": account.faults,
        "acknowledged": account.acknowledged,
        "recorded": account.recorded,
        "succeeded": account.succeeded,
        "cancelled": account.cancelled,
        "cancelled_running": account.cancelled_running,
        "failed": account.failed,
        "mischief": account.mischief,
        "seen": account.seen,
        "run_again": account.run_again,
        "untraced": account.untraced,
        "unanswered": account.unanswered,
        "longest_standstill": account.longest_standstill,
        "ready": {cause: [{"start": start, "down": down} for start, down in each] for cause, each in account.ready.items()},
        "limits": account.limits._asdict(),
        "flows": account.flows._asdict(),
        "waits": account.waits._asdict(),
        "schedules": account.schedules._asdict(),
        "triggers": account.triggers._asdict(),
        "node_starts": outside.node_starts,
        "orphans": outside.orphans,
        "bereft": outside.bereft,
        "dirty_stops": outside.dirty_stops,
        "worker_codes": outside.worker_codes,
        "must_be_0": {kind: len(account.of(kind)) for kind in MUST_BE_0},
        "findings": [
            {"kind": finding.kind, "id": finding.id, "why": finding.why, "history": account.histories.get(finding.id, [])}
            for finding in account.findings
        ],
    }
