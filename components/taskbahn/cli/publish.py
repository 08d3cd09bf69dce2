"""`taskbahn publish`: publish an event, and start what triggers start for it."""

from __future__ import annotations

import click

from taskbahn.cli.arguments import TaskCommand, typed
from taskbahn.cli.shared import common, connected, print_json

HELP = """\b
ARGUMENTS are given by position, or by name as in day=5. Each is read as
JSON if it is JSON, else as text."""


@click.command(cls=TaskCommand, epilog=HELP)
@click.argument("topic")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--id", "event_id", help="Of the event: published again with the same one, it starts nothing twice.")
@common
def publish(topic: str, arguments: tuple[str, ...], event_id: str | None, url: str | None, *, as_json: bool) -> None:
    """Publish an event of TOPIC, and print the ids of the jobs that it starts."""
    from taskbahn.tasks.kept_triggers import published  # late: `--help` needs no connection

    args, kwargs = typed(None, arguments)
    with connected(url, sends=sum(map(len, arguments))) as app:
        started = published(app, topic, args, kwargs, event_id).get()
    if as_json:
        print_json(started)
    else:
        click.echo("\n".join(started) if started else "published; it starts no job")
