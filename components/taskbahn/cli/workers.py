"""`taskbahn workers`: who works."""

from __future__ import annotations

import click

from taskbahn.cli.shared import ago, common, connected, console, plain, print_json, table


@click.command()
@common
def workers(url: str | None, *, as_json: bool) -> None:
    """List the workers that are attached now."""
    with connected(url) as app:
        found = app.view.workers()
    if as_json:
        print_json(found)
        return
    rows = table("worker", "host", "pid#", "busy#", "queues", "tasks#", "attached", "done#", "failed#", "")
    for view in found:
        rows.add_row(
            plain(view.id),
            plain(view.host),
            str(view.pid),
            f"{view.running} of {view.slots}",
            plain(", ".join(view.queues)),
            str(len(view.tasks)),
            ago(view.attached_at),
            f"{view.finished:,}",
            f"{view.failed:,}",
            "draining" if view.draining else "",
        )
    console().print(rows if found else "no workers: start one, as in `taskbahn worker photos:app`")
