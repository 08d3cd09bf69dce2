"""`taskbahn explain`: what is between a job and its start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import ago, common, connected, console, find_job, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from taskbahn.protocol.views import WaitReason

MARKS = {True: "[green]✓[/]", False: "[red]✗[/]"}


@click.command()
@click.argument("id", shell_complete=complete_job)
@common
def explain(id: str, url: str | None, *, as_json: bool) -> None:
    """Say why a job does not run yet: all that is between it and its start, what is closed first.

    ID may be shortened to its beginning or end.
    """
    with connected(url) as app:
        job = app.job(find_job(app, id))
        reasons = job.explain()
        state = "" if any(reason.rule not in ("deadline", "schedule") for reason in reasons) else job.state()
    if as_json:
        print_json(reasons)
        return
    out = console()
    if state:
        out.print(f"{job.id} is {state}: nothing is between it and its start", soft_wrap=True)
    print_reasons(out, reasons)


def print_reasons(out: Console, reasons: Iterable[WaitReason]) -> None:
    """Print what is between something and its start."""
    for reason in reasons:
        is_later = reason.opens_at is not None and reason.opens_at > time.time()
        out.print(
            f"{MARKS[reason.open]} {plain(reason.why)}{f'; it opens {ago(reason.opens_at)}' if is_later else ''}", soft_wrap=True
        )
        if reason.holders and reason.rule.startswith("limit:"):
            out.print(f"  its permits: {plain(', '.join(reason.holders))}", soft_wrap=True)
