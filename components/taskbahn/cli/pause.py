"""`taskbahn pause` and `taskbahn resume`: start no jobs of the system, a queue, a task or a key, or single jobs; start them again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from taskbahn.cli.completing import complete_job
from taskbahn.cli.control import show_states
from taskbahn.cli.shared import common, connected, find_job, say, span
from taskbahn.jobs.admin import user_name
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn import Taskbahn
    from taskbahn.protocol.views import Pause

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
ID_PART = re.compile(r"[0-9a-fA-F-]+")
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)")


def seconds_of(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """Return the seconds of a duration: 90, 90s, 30m, 8h, 2d."""
    found = DURATION.fullmatch(value or "")
    if value is not None and found is None:
        raise click.BadParameter(f"{value!r} is no duration: give seconds, or a number with s, m, h or d, such as 30m")
    return None if found is None else float(found[1]) * UNITS[found[2]]


@click.command()
@click.argument("what", nargs=-1, shell_complete=complete_job)
@click.option("--reason", default="", help="Why, for all who wonder why their jobs wait.")
@click.option("--within", metavar="DURATION", callback=seconds_of, help="Resume by itself after that time, such as 30m.")
@common
def pause(what: tuple[str, ...], reason: str, within: float | None, url: str | None, *, as_json: bool) -> None:
    """Start no more jobs, of all or of WHAT: queue:NAME, task:NAME, or key:LIMIT["VALUE"] as `taskbahn limit LIMIT` shows it.

    Jobs that run go on, and jobs that are submitted wait. Or WHAT is ids of jobs, which are paused with their trees; what runs of
    them waits in `current.check()`. It holds until `taskbahn resume WHAT`, also over a restart of the router.
    """
    with connected(url) as app:
        queries, ids = sorted_out(app, what)
        for query in queries:
            found = app.admin.pause(query, reason=reason, within=within)
            say(found, f"paused: {shown(found)}", as_json=as_json)
        answers = app.client.ask(messages.JOB_PAUSE, ids, reason=reason, within=within, who=user_name()).get() if ids else []
    show_states(ids, answers, as_json=as_json)


@click.command()
@click.argument("what", nargs=-1, shell_complete=complete_job)
@common
def resume(what: tuple[str, ...], url: str | None, *, as_json: bool) -> None:
    """Start jobs again, of all or of WHAT, that `taskbahn pause WHAT` holds; `taskbahn status` lists what is paused."""
    with connected(url) as app:
        queries, ids = sorted_out(app, what)
        for query in queries:
            found = app.admin.resume(query)
            say(found, f"resumed: {found.query or 'the whole system'}", as_json=as_json)
        answers = app.client.ask(messages.JOB_RESUME, ids, who=user_name()).get() if ids else []
    show_states(ids, answers, as_json=as_json)


def sorted_out(app: Taskbahn, what: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is paused as a whole, and the full ids of jobs; without anything the whole system."""
    queries = [one for one in what if not ID_PART.fullmatch(one)]
    return queries if what else [""], [find_job(app, one) for one in what if ID_PART.fullmatch(one)]


def shown(pause: Pause, now: float | None = None) -> str:
    """Return a pause as one line."""
    parts = [pause.query or "the whole system"]
    parts += [f"by {pause.paused_by}"] if pause.paused_by else []
    parts += [f"for {span(now - pause.paused_at)}"] if now is not None else []
    if pause.until is not None:
        parts.append(f"ends in {span(max(0.0, pause.until - (pause.paused_at if now is None else now)))}")
    return ", ".join(parts) + (f": {pause.reason}" if pause.reason else "")
