"""`taskbahn publish`: publish an event, and start what triggers start for it."""

from __future__ import annotations

import click

from taskbahn.cli.arguments import TaskCommand, typed
from taskbahn.cli.shared import common, connected, echo, print_json

HELP = """\b
ARGUMENTS are given by position, or by name as in day=5. Each is read as
JSON if it is JSON, else as text."""


@click.command(cls=TaskCommand, epilog=HELP)
@click.argument("topic")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--id", "event_id", help="Of the event: published again with the same one, it starts nothing twice.")
@common
def publish(topic: str, arguments: tuple[str, ...], event_id: str | None, url: str | None, *, as_json: bool) -> None:
    """Publish an event of TOPIC, and print the ids of the jobs that it starts.

    The status is 1 if a trigger of the event cannot start its job.
    """
    from taskbahn.tasks.kept_triggers import published  # late: `--help` needs no connection

    args, kwargs = typed(None, arguments)
    with connected(url, sends=sum(map(len, arguments))) as app:
        answers = published(app, topic, args, kwargs, event_id).get()
    refused = [one for one in answers if isinstance(one, dict)]
    if as_json:
        print_json(answers)
    elif answers:
        for id in (one for one in answers if isinstance(one, str)):
            echo(id)
        for one in refused:
            echo(f"taskbahn: the trigger {one['trigger']} starts no job: {one.get('message', '')}", err=True)
    else:
        echo("published; it starts no job")
    if refused:
        raise click.exceptions.Exit(1)
