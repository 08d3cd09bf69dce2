"""What the commands have in common: options, the connection, output, exit codes.

Results go to standard output, everything else to standard error. Exit codes: 0 ok, 1 the job failed (or something
unforeseen), 2 wrong input, 3 no router, 4 the job was cancelled or expired, 124 it goes on but the time is over, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from taskbahn.cli import starting
from taskbahn.cli.finding import ids_of
from taskbahn.cli.tls_options import given, tls_options
from taskbahn.encryption.words import without_ciphertext
from taskbahn.errors import (
    CallerError,
    JobCancelled,
    JobExpired,
    NotReady,
    RouterUnavailable,
    StoreUnavailable,
    TaskbahnError,
    UnknownJob,
)
from taskbahn.jobs.query_language import ID_PART, Query
from taskbahn.protocol.plain_text import plain_json, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.table import Table

    from taskbahn.app import Taskbahn
    from taskbahn.jobs.job import Job

F = TypeVar("F", bound="Callable[..., Any]")

PATIENCE = 3.0  # seconds that a command waits for a router
PIPED_WIDTH = 200  # columns when the output is no terminal
ID_LENGTH = 36
MINUTE, HOUR, DAY = 60, 3600, 86400
COLOURS = {
    "waiting": "yellow",
    "ready": "cyan",
    "running": "blue",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "magenta",
    "expired": "magenta",
}

url_option = click.option("--url", help="The router's address.  [default: TASKBAHN_URL, or ws://127.0.0.1:8080/ws]")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def common(command: F) -> F:
    """Add `--url`, what addresses with TLS need, and `--json`."""
    return url_option(tls_options(json_option(command)))


@contextlib.contextmanager
def connected(url: str | None, sends: int = 0) -> Iterator[Taskbahn]:
    """Give an application that is connected while the command runs. *sends*: bytes that may be many, about."""
    from taskbahn.app import Taskbahn
    from taskbahn.transport.address import check_address

    starting.load_connection(sends)
    if url is not None:
        check_address(url, "--url")  # which has no login: others of this machine may see the command line
    app = Taskbahn(url, timeout=PATIENCE, **given())
    try:
        yield app
    finally:
        app.close()


@contextlib.contextmanager
def tells_how_to_stop(job: Job[Any]) -> Iterator[None]:
    """Say on an interrupt that the job goes on. Start the job inside: it may start before its client knows."""
    try:
        yield
    except KeyboardInterrupt:
        echo(f"taskbahn: the job goes on; `taskbahn cancel {job.id}` stops it", err=True)
        raise


def exit_code(error: TaskbahnError) -> int:
    """Return the code that tells a script what went wrong."""
    if isinstance(error, RouterUnavailable | NotReady | StoreUnavailable):
        return 3
    if isinstance(error, JobCancelled | JobExpired):
        return 4
    if isinstance(error, TimeoutError):  # NotFinished
        return 124
    return 2 if isinstance(error, CallerError) else 1


def console(*, stderr: bool = False) -> Console:
    """Return where tables and bars go; wide enough for whole ids when it is no terminal."""
    from taskbahn.cli.plain_console import PlainConsole

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return PlainConsole(stderr=stderr, width=width, highlight=False, emoji=False)


def echo(text: str, *, err: bool = False) -> None:
    """Print text, in which there may be text of others, on standard output or standard error."""
    click.echo(plain_text(without_ciphertext(text)), err=err)


def print_json(value: Any) -> None:
    """Print one value as JSON: indented for people, on one line for pipes."""
    data = msgspec.json.encode(value)
    if sys.stdout.isatty():
        data = msgspec.json.format(data, indent=2)
    click.echo(plain_json(data.decode()))


def say(found: Any, sentence: str, *, as_json: bool) -> None:
    """Print what was found as JSON, or a sentence."""
    if as_json:
        print_json(found)
    else:
        echo(sentence)


def table(*columns: str) -> Table:
    """Return an empty table; a column whose name ends in `#` is a number."""
    from rich import box
    from rich.table import Table

    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, column in enumerate(columns):
        result.add_column(column.rstrip("#"), justify="right" if column.endswith("#") else "left", no_wrap=index == 0)
    return result


def coloured(state: str) -> str:
    """Return a state in its colour."""
    return f"[{COLOURS.get(state, 'default')}]{state}[/]"


def plain(text: Any) -> str:
    """Return text that may contain anything, for a table."""
    from rich.markup import escape

    return escape(plain_text(without_ciphertext(str(text))))


def span(seconds: float) -> str:
    """Return a duration in two units at most: `340 ms`, `2.5 s`, `3 min 20 s`, `2 d 4 h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if seconds < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    if seconds < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def ago(at: float | None) -> str:
    """Return how long a time is past, or how long it is ahead."""
    if at is None:
        return ""
    passed = time.time() - at
    return f"in {span(-passed)}" if passed < 0 else f"{span(passed)} ago"


def clock(at: float) -> str:
    """Return a time as local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03d}"


def find_job(app: Taskbahn, given: str) -> str:
    """Return the full id of a job; its beginning or its end will do."""
    if len(given) >= ID_LENGTH:
        return given
    if not ID_PART.fullmatch(given.lower()):
        raise UnknownJob(given)
    found = set(ids_of(app, Query(id_part=given)))
    if len(found) > 1:
        raise click.UsageError(f"{given!r} fits {len(found)} jobs: give more of the id")
    if not found:
        raise UnknownJob(given)
    return found.pop()
