"""`taskbahn pause` and `taskbahn resume`: start no jobs of the system, a queue, a task or a key, and start them again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from taskbahn.cli.shared import common, connected, print_json, span

if TYPE_CHECKING:
    from taskbahn.protocol.views import Pause

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)")


def seconds_of(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """Return the seconds of a duration: 90, 90s, 30m, 8h, 2d."""
    found = DURATION.fullmatch(value or "")
    if value is not None and found is None:
        raise click.BadParameter(f"{value!r} is no duration: give seconds, or a number with s, m, h or d, such as 30m")
    return None if found is None else float(found[1]) * UNITS[found[2]]


@click.command()
@click.argument("what", required=False, default="")
@click.option("--reason", default="", help="Why, for all who wonder why their jobs wait.")
@click.option("--within", metavar="DURATION", callback=seconds_of, help="Resume by itself after that time, such as 30m.")
@common
def pause(what: str, reason: str, within: float | None, url: str | None, *, as_json: bool) -> None:
    """Start no more jobs, of all or of WHAT: queue:NAME, task:NAME, or key:LIMIT["VALUE"] as `taskbahn limit LIMIT` shows it.

    Jobs that run go on, and jobs that are submitted wait. It holds until `taskbahn resume WHAT`, also over a restart of the router.
    """
    with connected(url) as app:
        found = app.admin.pause(what, reason=reason, within=within)
    if as_json:
        print_json(found)
    else:
        click.echo(f"paused: {shown(found)}")


@click.command()
@click.argument("what", required=False, default="")
@common
def resume(what: str, url: str | None, *, as_json: bool) -> None:
    """Start jobs again, of all or of WHAT, that `taskbahn pause WHAT` holds; `taskbahn status` lists what is paused."""
    with connected(url) as app:
        found = app.admin.resume(what)
    if as_json:
        print_json(found)
    else:
        click.echo(f"resumed: {found.query or 'the whole system'}")


def shown(pause: Pause, now: float | None = None) -> str:
    """Return a pause as one line."""
    parts = [pause.query or "the whole system"]
    parts += [f"by {pause.paused_by}"] if pause.paused_by else []
    parts += [f"for {span(now - pause.paused_at)}"] if now is not None else []
    if pause.until is not None:
        parts.append(f"ends in {span(max(0.0, pause.until - (pause.paused_at if now is None else now)))}")
    return ", ".join(parts) + (f": {pause.reason}" if pause.reason else "")
