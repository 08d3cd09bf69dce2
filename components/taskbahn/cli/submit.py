"""`taskbahn submit`: start a job and print its id."""

from __future__ import annotations

import click

from taskbahn.cli.arguments import HELP, TaskCommand, id_option, option_option, parsed, prepared
from taskbahn.cli.completing import complete_task
from taskbahn.cli.shared import common, connected, print_json, tells_how_to_stop


@click.command(cls=TaskCommand, epilog=HELP)
@click.argument("task", shell_complete=complete_task)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@option_option
@id_option
@common
def submit(
    task: str,
    arguments: tuple[str, ...],
    options: tuple[str, ...],
    id: str | None,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    """Start a job of TASK and print its id; it is durable then. If it is a unique one that is there already, that one's id."""
    with connected(url, sends=sum(map(len, arguments))) as app:
        handle = prepared(app, task, options, id)
        args, kwargs = parsed(app, task, arguments)
        job, send = handle._prepare(tuple(args), kwargs)  # noqa: SLF001 - its id is known before anything is sent
        with tells_how_to_stop(job):
            job.id = send(False).get()
    if as_json:
        print_json({"id": job.id, "task": job.task})
    else:
        click.echo(job.id)
