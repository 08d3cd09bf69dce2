"""`taskbahn cancel`, `taskbahn retry` and `taskbahn skip`: change what happens to jobs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskbahn.cli.bulk import CANCEL, RETRY, change_where
from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import common, connected, echo, exit_code, find_job, print_json
from taskbahn.errors import from_info
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages
from taskbahn.protocol.error_words import for_shell

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def many(command: F) -> F:
    """Add `--where` and `--yes`."""
    where = click.option("-w", "--where", metavar="QUERY", help="All jobs of a query, as `taskbahn jobs` takes it.")
    return where(click.option("-y", "--yes", is_flag=True, help="Do not ask before.")(command))


@click.command()
@click.argument("ids", nargs=-1, shell_complete=complete_job)
@click.option("-r", "--reason", default="", help="Kept with the job.")
@many
@common
def cancel(ids: tuple[str, ...], reason: str, where: str | None, url: str | None, *, yes: bool, as_json: bool) -> None:
    """Cancel jobs, whatever they are doing."""
    if _is_query(ids, where):
        change_where(CANCEL, where or "", url, yes=yes, as_json=as_json, reason=reason, who=user_name())
        return
    with connected(url) as app:
        full = [find_job(app, id) for id in ids]
        answers = app.client.ask(messages.JOB_CANCEL, full, reason=reason, who=user_name()).get()
    show_states(full, answers, as_json=as_json)


@click.command()
@click.argument("ids", nargs=-1, shell_complete=complete_job)
@many
@common
def retry(ids: tuple[str, ...], where: str | None, url: str | None, *, yes: bool, as_json: bool) -> None:
    """Start failed, cancelled or expired jobs once more."""
    if _is_query(ids, where):
        change_where(RETRY, where or "", url, yes=yes, as_json=as_json, who=user_name())
        return
    with connected(url) as app:
        full = [find_job(app, id) for id in ids]
        answers = app.client.ask(messages.JOB_RETRY, full, who=user_name()).get()
    show_states(full, answers, as_json=as_json)


@click.command()
@click.argument("ids", nargs=-1, required=True, shell_complete=complete_job)
@common
def skip(ids: tuple[str, ...], url: str | None, *, as_json: bool) -> None:
    """Let those go on that are held by failed, cancelled or expired jobs.

    They wait because of if_fails("hold"), and get nothing from a job that is skipped, as with if_fails("none").
    """
    with connected(url) as app:
        full = [find_job(app, id) for id in ids]
        answers = app.client.ask(messages.JOB_SKIP, full, who=user_name()).get()
    show_states(full, answers, as_json=as_json)


def _is_query(ids: tuple[str, ...], where: str | None) -> bool:
    """Return whether jobs are meant by a query and not by their ids."""
    if bool(ids) == (where is not None):
        raise click.UsageError("name the jobs: either by their ids, or by a query after --where")
    return where is not None


def show_states(ids: list[str], answers: list[Any], *, as_json: bool) -> None:
    """Print the new states; ends the process with a code if one could not be changed."""
    code = 0
    for id, answer in zip(ids, answers, strict=True):
        if as_json:
            print_json({"id": id, **(answer if isinstance(answer, dict) else {"state": answer})})
        if isinstance(answer, dict):
            error = from_info(answer)
            echo(f"taskbahn: {for_shell(error)}", err=True)
            code = max(code, exit_code(error))
        elif not as_json:
            echo(f"{id} {answer}")
    if code:
        sys.exit(code)
