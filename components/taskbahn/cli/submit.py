"""`taskbahn submit`: start a job and print its id."""

from __future__ import annotations

from typing import IO

import click

from taskbahn.cli.arguments import (
    HELP,
    TaskCommand,
    finish_by_option,
    finish_within_option,
    given_options,
    id_option,
    option_option,
)
from taskbahn.cli.completing import complete_task
from taskbahn.cli.flow_file import flow_option, prepared
from taskbahn.cli.shared import common, connected, echo, print_json, tells_how_to_stop


@click.command(cls=TaskCommand, epilog=HELP)
@click.argument("task", required=False, shell_complete=complete_task)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@flow_option
@option_option
@id_option
@finish_within_option
@finish_by_option
@common
def submit(
    task: str | None,
    arguments: tuple[str, ...],
    file: IO[bytes] | None,
    options: tuple[str, ...],
    id: str | None,
    finish_within: str | None,
    finish_by: str | None,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    """Start a job of TASK, or a flow, and print its id; it is durable then. If it is a unique one that is there already, that one's id."""
    with connected(url, sends=sum(map(len, arguments))) as app:
        job, send = prepared(app, task, arguments, file, given_options(options, id, finish_within, finish_by))
        with tells_how_to_stop(job):
            job.id = send(False).get()
    if as_json:
        print_json({"id": job.id, "task": job.task})
    else:
        echo(job.id)
