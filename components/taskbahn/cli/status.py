"""`taskbahn status`: what is wrong, then the whole in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from taskbahn.cli.pause import shown
from taskbahn.cli.shared import coloured, common, connected, console, plain, print_json, span, table
from taskbahn.protocol import messages, views
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from rich.console import Console

MINUTE = 60.0  # seconds over which rates are taken
SHORTEST = 0.001  # seconds that are shown exactly
SIGNS = {"error": "[bold red]✗[/]", "warning": "[bold yellow]![/]"}


@click.command()
@common
def status(url: str | None, *, as_json: bool) -> None:
    """Show what is wrong, and the whole in numbers."""
    with connected(url) as app:
        found = app.view.status()
        history = msgspec.convert(app.client.ask(messages.VIEW_HISTORY, seconds=MINUTE).get(), views.History)
        address = app.url
    rates = _rates(found, history)
    if as_json:
        print_json({**msgspec.to_builtins(found), "rates": rates})
        return
    out = console()
    _print_problems(out, found.problems, found.now)
    for pause in found.pauses:
        out.print(f"[bold yellow]‖[/] paused: {plain(shown(pause, found.now))}", soft_wrap=True)
    if found.pauses:
        out.print("  [dim]`taskbahn resume WHAT` starts its jobs again[/]\n", soft_wrap=True)
    out.print(
        f"[bold]taskbahn {found.version}[/] at {address}, up {span(found.now - found.started_at)}\n"
        f"{found.workers} worker{'' if found.workers == 1 else 's'}, {found.running} of {found.slots} slots busy, loop lag {span(found.lag)}\n"
    )
    rows = table("jobs", "#")
    for state in State:
        rows.add_row(coloured(state), f"{found.jobs.get(state, 0):,}")
    out.print(rows)
    _print_minute(out, found, rates)


def _rates(found: views.Status, history: views.History) -> dict[str, float]:
    """Return the jobs a second that were accepted, ended in each way, and finished (succeeded or failed), over the last minute."""
    seconds = max(1.0, found.now - max(found.started_at, history.start))
    ends = {"succeeded": history.succeeded, "failed": history.failed, "cancelled": history.cancelled, "expired": history.expired}
    counts = {name: sum(filter(None, column)) for name, column in {"accepted": history.accepted, **ends}.items()}
    counts |= {"finished": counts["succeeded"] + counts["failed"], "ended": sum(counts[name] for name in ends)}
    return {name: count / seconds for name, count in counts.items()}


def _print_problems(out: Console, problems: list[views.Problem], now: float) -> None:
    for problem in problems:
        since = "" if problem.since is None else f" [dim](for {span(max(0.0, now - problem.since))})[/]"
        out.print(f"{SIGNS[problem.level]} {plain(problem.sentence)}{since}\n  {plain(problem.hint)}", soft_wrap=True)
        if problem.query:
            out.print(f"  [dim]see {plain(problem.query)}[/]", soft_wrap=True)
    if problems:
        out.print()


def _print_minute(out: Console, found: views.Status, rates: dict[str, float]) -> None:
    """Print what the last minute was like."""
    rows = table("last minute", "#")
    rows.add_row("accepted", _rate(rates["accepted"]))
    rows.add_row("finished", _rate(rates["finished"]) + (f", [red]failed {_rate(rates['failed'])}[/]" if rates["failed"] else ""))
    for name in ("cancelled", "expired"):
        if rates[name]:
            rows.add_row(name, _rate(rates[name]))
    for name, times in {"waited for a slot": found.wait, "ran": found.run}.items():
        if times is not None:
            rows.add_row(name, f"{took(times[0])}, 95 % within {took(times[1])}")
    if found.oldest is not None:
        rows.add_row("oldest ready job", span(max(0.0, found.now - found.oldest)))
    out.print()
    out.print(rows)


def took(seconds: float) -> str:
    """Return a duration that may be next to nothing."""
    return span(seconds) if seconds >= SHORTEST else "< 1 ms"


def _rate(jobs: float) -> str:
    return f"{jobs:,.0f}/s" if jobs >= 10 or not jobs else f"{jobs:.2g}/s"  # noqa: PLR2004 - two digits
