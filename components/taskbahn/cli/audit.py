"""`taskbahn audit`: who did what, newest first, or as it happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import ago, clock, common, connected, console, echo, find_job, plain, print_json, table

if TYPE_CHECKING:
    from taskbahn.app import Taskbahn
    from taskbahn.protocol.audit import AuditEntry

LOOK_SECONDS = 1.0  # seconds between two looks of `--follow`


@click.command()
@click.argument("text", default="")
@click.option("--who", help="Only what this user or name did; * stands for anything.")
@click.option("--verb", help="Only this: cancel, retry, pause, resume, limit, ...")
@click.option("--kind", help="Only what was done to objects of this kind: job, queue, worker, ...")
@click.option("--object", help="Only what was done to the object of this id or name.")
@click.option("--job", help="Only what was done to this job, alone or among others.", shell_complete=complete_job)
@click.option("--since", help="Only entries from then on: 1h, 2026-11-21, 2026-11-21T10:00.")
@click.option("--until", help="Only entries from before that.")
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most this many.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@common
def audit(
    text: str,
    who: str | None,
    verb: str | None,
    kind: str | None,
    object: str | None,  # noqa: A002 - the option's name
    job: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    url: str | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """List who did what to which job, queue, worker, ..., newest first; TEXT: only entries that say it."""
    words: dict[str, Any] = {
        "who": who,
        "verb": verb,
        "kind": kind,
        "object": object,
        "since": since,
        "until": until,
        "text": text,
    }
    with connected(url) as app:
        words["job"] = None if job is None else find_job(app, job)
        if follow:
            _follow(app, words, limit, as_json=as_json)
            return
        found = list(app.view.audit(**words, limit=limit))
    if as_json:
        print_json(found)
        return
    rows = table("when", "who", "what", "object", "effect", "why", "from")
    for entry in found:
        rows.add_row(
            ago(entry.at), *(plain(part) for part in (_who(entry), entry.verb, _object(entry), _effect(entry))),
            plain(entry.reason), plain(entry.address or ""),
        )  # fmt: skip
    console().print(rows if found else "no such entries")


def _follow(app: Taskbahn, words: dict[str, Any], limit: int, *, as_json: bool) -> None:
    """Print the newest entries, oldest first, and then each that comes."""
    newest = 0
    while True:
        fresh: list[AuditEntry] = []
        for entry in app.view.audit(**words, limit=None if newest else limit):
            if entry.id <= newest:
                break
            fresh.append(entry)
        for entry in reversed(fresh):
            newest = entry.id
            if as_json:
                print_json(entry)
            else:
                why = f" ({entry.reason})" if entry.reason else ""
                echo(f"{clock(entry.at)} {_who(entry)}: {entry.verb} {_object(entry)}: {_effect(entry)}{why}")
        time.sleep(LOOK_SECONDS)


def _who(entry: AuditEntry) -> str:
    """Return who it was: the user that the router knows, and the name that the person gave."""
    user = None if entry.role == "anonymous" else entry.authid  # that of an anonymous session is random
    return f"{user} ({entry.name})" if user and entry.name and user != entry.name else user or entry.name or "unknown"


def _object(entry: AuditEntry) -> str:
    if entry.kind == "system":
        return "the system"
    return f"{entry.kind} {entry.object}" if entry.object else f"{entry.kind}s {entry.query}".rstrip()


def _effect(entry: AuditEntry) -> str:
    return entry.effect if entry.times == 1 else f"{entry.effect} ({entry.times:,} times)"
