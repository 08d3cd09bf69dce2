"""`taskbahn queues`: what waits where."""

from __future__ import annotations

import click

from taskbahn.cli.shared import ago, common, connected, console, plain, print_json, table


@click.command()
@common
def queues(url: str | None, *, as_json: bool) -> None:
    """List the queues."""
    with connected(url) as app:
        found = app.view.queues()
    if as_json:
        print_json(found)
        return
    rows = table("queue", "ready#", "waiting#", "running#", "workers#", "oldest")
    for view in found:
        workers = str(view.workers) if view.workers else "[yellow]none[/]"
        rows.add_row(plain(view.name), f"{view.ready:,}", f"{view.waiting:,}", f"{view.running:,}", workers, ago(view.oldest))
    console().print(rows if found else "no queues yet: they appear with the first job or worker")
