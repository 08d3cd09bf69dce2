"""`taskbahn tasks`: what can be called."""

from __future__ import annotations

from typing import Any

import click

from taskbahn.cli.shared import common, connected, console, plain, print_json, table
from taskbahn.cli.status import took
from taskbahn.protocol import messages, views


@click.command()
@common
def tasks(url: str | None, *, as_json: bool) -> None:
    """List the tasks, with what they take, and what became of their jobs in the last 24 hours."""
    with connected(url) as app:
        found = app.view.tasks()
    if as_json:
        print_json(found)
        return
    rows = table("task", "arguments", "workers#", "ready#", "running#", "done#", "failed#", "waited#", "ran#", "about")
    for view in found:
        about = plain(view.doc.partition("\n")[0])
        workers = str(view.workers) if view.workers else "[yellow]none[/]"
        left = sum(view.unserved.values())
        now = (workers, f"{view.ready:,}" + (f" [yellow]({left:,} unserved)[/]" if left else ""), f"{view.running:,}")
        rows.add_row(view.name, plain(spelled(view.signature)), *now, *_day(view.statistics), about)
    console().print(rows if found else "no tasks yet: start a worker, as in `taskbahn worker photos:app`")


def _day(day: views.TaskStatistics | None) -> tuple[str, str, str, str]:
    """Return what succeeded and failed, and the medians of the times, of the last 24 hours."""
    if day is None:
        return ("", "", "", "")
    failed = f"[red]{day.failed:,}[/]" if day.failed else "0"
    wait, run = ("" if seconds is None else took(seconds) for seconds in (day.wait, day.run))
    return (f"{day.succeeded:,}", failed, wait, run)


def spelled(signature: messages.Signature | None) -> str:
    """Return a signature as one would write it: `path: string, width: integer = 256`."""
    if signature is None:
        return "..."
    properties = signature.parameters.get("properties", {})
    words = [_word(name, schema) for name, schema in properties.items() if name != signature.variadic]
    if signature.variadic:
        words.append(f"*{signature.variadic}")
    if signature.parameters.get("additionalProperties"):
        words.append("**...")
    return ", ".join(words)


def _word(name: str, schema: dict[str, Any]) -> str:
    kind = _kind(schema)
    default = f" = {messages.to_json(schema['default'])}" if "default" in schema else ""
    return f"{name}: {kind}{default}" if kind else f"{name}{default}"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(choice) for choice in schema["anyOf"])
    return str(schema.get("format") or schema.get("type") or "")
