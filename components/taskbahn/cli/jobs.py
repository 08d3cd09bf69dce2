"""`taskbahn jobs`: the newest jobs, or those that are asked for."""

from __future__ import annotations

import click

from taskbahn.cli.completing import complete_task
from taskbahn.cli.finding import jobs_of, query_of
from taskbahn.cli.shared import ago, coloured, common, connected, console, plain, print_json, span, table
from taskbahn.protocol.states import State


@click.command()
@click.argument("query", nargs=-1)
@click.option("-s", "--state", type=click.Choice([state.value for state in State]), help="Only jobs in this state.")
@click.option("-t", "--task", help="Only jobs of this task.", shell_complete=complete_task)
@click.option("-q", "--queue", help="Only jobs of this queue.")
@click.option("--tag", help="Only jobs with this tag.")
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most this many.")
@common
def jobs(
    query: tuple[str, ...],
    state: str | None,
    task: str | None,
    queue: str | None,
    tag: str | None,
    limit: int,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    """List jobs, newest first.

    QUERY is words that must all hold: state:failed,expired task:images.* queue:slow tag:user:42 worker:w1 caller:schedule:nightly
    since:1h until:2026-11-21T10:00 error:FINGERPRINT parent:ID root:ID, a part of a task's name, or a job id. `*` stands for anything.
    Quotes keep a name with blanks together, within those of the shell: "tag:'nightly weird'".
    """
    wanted = query_of(query, state=[state] if state else None, task=task, queue=queue, tag=tag)
    with connected(url) as app:
        found = jobs_of(app, wanted, limit)
    if as_json:
        print_json(found)
        return
    rows = table("id", "task", "state", "queue", "attempt#", "accepted", "took#", "about")
    for view in found:
        took = span(view.finished_at - view.started_at) if view.finished_at and view.started_at else ""
        members = f"{view.members.ended:,} of {view.members.total:,} members" if view.members else ""
        about = (view.error or view.last_error or {}).get("message") or ", ".join(
            filter(None, (view.title, view.label, members, *view.tags))
        )
        first = plain(str(about).partition("\n")[0])
        rows.add_row(
            view.id, view.task, coloured(view.state), plain(view.queue), str(view.attempt), ago(view.created_at), took, first
        )
    console().print(rows if found else "no such jobs")
