"""`taskbahn settings`: how the node is set up."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from taskbahn.cli.shared import common, connected, console, plain, print_json, span, table
from taskbahn.protocol import messages, views

MEBIBYTE = 2**20


@click.command()
@common
def settings(url: str | None, *, as_json: bool) -> None:
    """Show the effective configuration of the node, and where each value comes from."""
    with connected(url) as app:
        found = msgspec.convert(app.client.ask(messages.VIEW_SETTINGS).get(), list[views.Setting])
    if as_json:
        print_json(found)
        return
    rows = table("setting", "value", "from", "")
    for setting in found:
        help_ = f"{setting.help}; {setting.change}" if setting.change else setting.help
        rows.add_row(*map(plain, (setting.name, readable(setting.value, setting.unit), setting.source, help_)))
    console().print(rows)


def readable(value: Any, unit: str = "") -> str:
    """Return a value for people: `16 MiB`, `2 d 4 h`, `10,000 jobs`, `8080`, `none`, `a, b`."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return "none" if value is None else str(value)
    if unit == "s":
        return span(value)
    if unit == "bytes" and value >= MEBIBYTE and value % MEBIBYTE == 0:
        return f"{value // MEBIBYTE:,} MiB"
    return f"{value:,} {unit}" if unit else str(value)
