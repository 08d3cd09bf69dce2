"""`taskbahn jobs`: the newest jobs, or those that are asked for."""

from __future__ import annotations

import click

from taskbahn import wire_views
from taskbahn.cli.completing import complete_task
from taskbahn.cli.shared import ago, coloured, common, connected, console, plain, print_json, span, table
from taskbahn.states import State


@click.command()
@click.option("-s", "--state", type=click.Choice([state.value for state in State]), help="Only jobs in this state.")
@click.option("-t", "--task", help="Only jobs of this task.", shell_complete=complete_task)
@click.option("-q", "--queue", help="Only jobs of this queue.")
@click.option("--tag", help="Only jobs with this tag.")
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@common
def jobs(
    state: str | None, task: str | None, queue: str | None, tag: str | None, limit: int, url: str | None, *, as_json: bool
) -> None:
    """List jobs, newest first."""
    found: list[wire_views.JobView] = []
    with connected(url) as app:
        before = None
        while len(found) < limit:
            page = app.view.jobs(state=state, task=task, queue=queue, tag=tag, before=before, limit=min(limit - len(found), 500))
            found += page.jobs
            before = page.next
            if before is None or not page.jobs:
                break
    if as_json:
        print_json(found)
        return
    rows = table("id", "task", "state", "queue", "attempt#", "accepted", "took#", "about")
    for view in found:
        took = span(view.finished_at - view.started_at) if view.finished_at and view.started_at else ""
        about = (view.error or {}).get("message") or ", ".join(view.tags)
        first = plain(str(about).partition("\n")[0])
        rows.add_row(
            view.id, view.task, coloured(view.state), plain(view.queue), str(view.attempt), ago(view.created_at), took, first
        )
    console().print(rows if found else "no such jobs")
