"""`taskbahn schedules`: what schedules mean, and when they fire."""

from __future__ import annotations

from datetime import UTC

import click

from taskbahn.cli.shared import ago, common, connected, console, plain, print_json, table


@click.command()
@click.argument("line")
@click.option("--zone", default="UTC", show_default=True, help="The time zone of LINE, such as Europe/Berlin.")
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, 100), help="How many times.")
@common
def preview(line: str, zone: str, count: int, url: str | None, *, as_json: bool) -> None:
    """Say what a cron line means, and when it fires next.

    LINE has five fields: minute, hour, day of month, month, day of week; with six, the first is the second. Nothing is stored.
    """
    with connected(url) as app:
        found = app.schedules.preview(line, zone=zone, count=count)
    if as_json:
        print_json(
            {"words": found.words, "zone": found.zone, "times": [time.timestamp() for time in found.times], "local": found.times}
        )
        return
    click.echo(found.words)
    shown = table(zone, "UTC", "")
    for time in found.times:
        shown.add_row(
            *map(plain, (f"{time:%a %Y-%m-%d %H:%M:%S %z}", f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}", ago(time.timestamp())))
        )
    console().print(shown)
