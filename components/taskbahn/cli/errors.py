"""`taskbahn errors`: failed jobs in groups of those that failed alike."""

from __future__ import annotations

import click
import msgspec

from taskbahn.cli.completing import complete_task
from taskbahn.cli.shared import ago, common, connected, console, echo, plain, print_json, table
from taskbahn.encryption.reading import opened_error
from taskbahn.protocol import messages, views


@click.command()
@click.option("-t", "--task", help="Only jobs of this task, such as images.thumbnail or images.*.", shell_complete=complete_task)
@common
def errors(task: str | None, url: str | None, *, as_json: bool) -> None:
    """Show failed jobs in groups of those that failed alike, the most frequent first.

    `taskbahn jobs error:FINGERPRINT` lists the jobs of a group, `taskbahn retry --where error:FINGERPRINT` starts them once more.
    """
    with connected(url) as app:
        answer = app.client.ask(messages.VIEW_ERRORS, **({} if task is None else {"task": task})).get()
        found = msgspec.convert(answer, views.Errors)
        for group in found.groups:
            group.message = opened_error({"message": group.message}, app.keys, None)["message"]
    if as_json:
        print_json(found)
        return
    rows = table("fingerprint", "jobs#", "task", "error", "newest", "oldest", "newest job")
    for group in found.groups:
        error = plain(": ".join(filter(None, (group.type, group.message.partition("\n")[0]))))
        rows.add_row(
            group.fingerprint, f"{group.count:,}", group.task, error, ago(group.last_at), ago(group.first_at), group.job[-12:]
        )
    console().print(rows if found.groups else "no failed jobs")
    if not found.complete:
        echo(f"only the newest {found.looked_at:,} failed jobs were looked at", err=True)
