"""`taskbahn schedules`: what schedules mean, and when they fire."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import click

from taskbahn.cli.shared import ago, common, connected, console, echo, plain, print_json, table
from taskbahn.cli.when_options import WHEN_HELP, taken, when_of, when_options


@click.command(epilog=WHEN_HELP)
@click.argument("when", required=False)
@when_options
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, 100), help="How many times.")
@common
def preview(when: str | None, count: int, url: str | None, *, as_json: bool, **options: Any) -> None:
    """Say what WHEN means, and when it fires next. Nothing is stored."""
    given = taken(options)
    times = when_of(when, given)
    if times is None:
        raise click.UsageError("Missing argument 'WHEN', or an option in its place, such as --every 15m.")
    with connected(url) as app:
        found = app.schedules.preview(times, zone=given.get("zone"), count=count)
    if as_json:
        print_json(
            {"words": found.words, "zone": found.zone, "times": [time.timestamp() for time in found.times], "local": found.times}
        )
        return
    echo(found.words)
    shown = table(found.zone, "UTC", "")
    for time in found.times:
        shown.add_row(
            *map(plain, (f"{time:%a %Y-%m-%d %H:%M:%S %z}", f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}", ago(time.timestamp())))
        )
    console().print(shown)
