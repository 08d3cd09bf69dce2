"""`taskbahn drain`: keep new jobs from a worker."""

from __future__ import annotations

import click
import msgspec

from taskbahn.cli.shared import common, connected, echo, print_json
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages, views


@click.command()
@click.argument("worker")
@click.option("--undo", is_flag=True, help="It takes new jobs again.")
@click.option("-r", "--reason", default="", help="For the audit.")
@common
def drain(worker: str, reason: str, url: str | None, *, undo: bool, as_json: bool) -> None:
    """Let WORKER take no new jobs: it finishes what it has and stays, as `taskbahn workers` shows.

    That holds when it reconnects under the same id, until --undo or a restart of the router.
    """
    with connected(url) as app:
        answer = app.client.ask(messages.ADMIN_DRAIN, worker, not undo, reason=reason, who=user_name()).get()
        view = msgspec.convert(answer, views.WorkerView)
    if as_json:
        print_json(view)
    elif undo:
        echo(f"{worker} takes new jobs again")
    else:
        echo(f"{worker} takes no new jobs" + (f"; {view.running} still run there" if view.running else " and runs none"))
