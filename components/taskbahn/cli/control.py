"""`taskbahn cancel` and `taskbahn retry`: change what happens to jobs."""

from __future__ import annotations

import sys
from typing import Any

import click

from taskbahn import wire
from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import common, connected, exit_code, find_job, print_json
from taskbahn.errors import from_info


@click.command()
@click.argument("ids", nargs=-1, required=True, shell_complete=complete_job)
@click.option("-r", "--reason", default="", help="Kept with the job.")
@common
def cancel(ids: tuple[str, ...], reason: str, url: str | None, *, as_json: bool) -> None:
    """Cancel jobs, whatever they are doing."""
    with connected(url) as app:
        full = [find_job(app, id) for id in ids]
        answers = app.client.ask(wire.JOB_CANCEL, full, reason=reason).get()
    _show(full, answers, as_json=as_json)


@click.command()
@click.argument("ids", nargs=-1, required=True, shell_complete=complete_job)
@common
def retry(ids: tuple[str, ...], url: str | None, *, as_json: bool) -> None:
    """Start failed, cancelled or expired jobs once more."""
    with connected(url) as app:
        full = [find_job(app, id) for id in ids]
        answers = app.client.ask(wire.JOB_RETRY, full).get()
    _show(full, answers, as_json=as_json)


def _show(ids: list[str], answers: list[Any], *, as_json: bool) -> None:
    """Print the new states; ends the process with a code if one could not be changed."""
    code = 0
    for id, answer in zip(ids, answers, strict=True):
        if as_json:
            print_json({"id": id, **(answer if isinstance(answer, dict) else {"state": answer})})
        if isinstance(answer, dict):
            error = from_info(answer)
            click.echo(f"taskbahn: {error.message}", err=True)
            code = max(code, exit_code(error))
        elif not as_json:
            click.echo(f"{id} {answer}")
    if code:
        sys.exit(code)
