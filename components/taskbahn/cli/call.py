"""`taskbahn call`: start a job and wait for its result."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any

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
from taskbahn.cli.shared import common, connected, echo, exit_code, print_json, tells_how_to_stop
from taskbahn.errors import JobCancelled, JobExpired, JobFailed, TaskbahnError
from taskbahn.protocol.error_words import for_shell
from taskbahn.protocol.plain_text import plain_text
from taskbahn.protocol.secrets import HIDDEN
from taskbahn.signatures.payloads import shown_of
from taskbahn.signatures.secret import Secret

if TYPE_CHECKING:
    from taskbahn.jobs.job import Job


@click.command(cls=TaskCommand, epilog=HELP)
@click.argument("task", required=False, shell_complete=complete_task)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@flow_option
@option_option
@id_option
@finish_within_option
@finish_by_option
@click.option("-f", "--follow", is_flag=True, help="Show stages as live bars, and log lines, on standard error.")
@click.option("--timeout", type=float, help="Seconds to wait; the job goes on after that.")
@common
def call(
    task: str | None,
    arguments: tuple[str, ...],
    file: IO[bytes] | None,
    options: tuple[str, ...],
    id: str | None,
    finish_within: str | None,
    finish_by: str | None,
    url: str | None,
    timeout: float | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Start a job of TASK, or a flow, wait for it, and print its result."""
    with connected(url, sends=sum(map(len, arguments))) as app:
        job, send = prepared(app, task, arguments, file, given_options(options, id, finish_within, finish_by))
        with tells_how_to_stop(job):
            try:
                job.id = send(False).get()
                if follow:
                    from taskbahn.cli.follow import follow_job

                    follow_job(job, timeout)
                value = job.result(timeout)
            except (JobFailed, JobCancelled, JobExpired) as error:
                _failed(job, error, as_json=as_json)
            else:
                _succeeded(job, value, as_json=as_json)


def _succeeded(job: Job[Any], value: Any, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": job.id, "task": job.task, "state": "succeeded", "result": shown_of(value)})
    elif isinstance(value, Secret):
        click.echo(HIDDEN)
    elif isinstance(value, str):
        click.echo(plain_text(value) if sys.stdout.isatty() else value)  # a pipe gets the result as it is
    elif value is not None:
        print_json(shown_of(value))


def _failed(job: Job[Any], error: TaskbahnError, *, as_json: bool) -> None:
    if not as_json:
        echo(f"taskbahn: {for_shell(error)}", err=True)
        shown = "the traceback, and what it has logged" if error.detail.get("traceback") else "what became of it"
        echo(f"taskbahn: `taskbahn job {job.id}` shows {shown}", err=True)
        sys.exit(exit_code(error))
    kept = {name: value for name, value in error.detail.items() if name not in ("job", "state")}
    print_json({"id": job.id, "task": job.task, "state": error.detail.get("state"), "error": kept or {"message": error.message}})
    sys.exit(exit_code(error))
