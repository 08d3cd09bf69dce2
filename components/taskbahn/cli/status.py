"""`taskbahn status`: the whole in numbers."""

from __future__ import annotations

import click

from taskbahn.cli.shared import coloured, common, connected, console, print_json, span, table
from taskbahn.states import State


@click.command()
@common
def status(url: str | None, *, as_json: bool) -> None:
    """Show the whole in numbers."""
    with connected(url) as app:
        found = app.view.status()
        address = app.url
    if as_json:
        print_json(found)
        return
    rows = table("jobs", "#")
    for state in State:
        rows.add_row(coloured(state), f"{found.jobs.get(state, 0):,}")
    out = console()
    out.print(
        f"[bold]taskbahn {found.version}[/] at {address}, up {span(found.now - found.started_at)}\n"
        f"{found.workers} workers, {found.running} of {found.slots} slots busy, loop lag {span(found.lag)}\n"
    )
    out.print(rows)
