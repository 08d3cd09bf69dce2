"""Write what is made from the code: parts of the documentation, between their markers, and modules of the page.

`make docs`, or `.venv/bin/python scripts/write_docs.py [--check]`

`--check` writes nothing and exits with 1 if a page is stale; `tests/unit/test_docs.py` does the same.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any, get_args

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "components"), str(ROOT / "router")]
WIDTH = 100


def lifecycle() -> str:
    """Return the diagram of a job's states, from left to right, with one arrow for all moves between the same two."""
    from taskbahn_router.core.lifecycle import mermaid

    return _joined(mermaid())


def turn() -> str:
    """Return the diagram of a turn's states, and what each is for."""
    from taskbahn_router.dispatcher.turn_machine import PURPOSES, mermaid

    rows = [f"| `{state}` | {purpose} |" for state, purpose in PURPOSES.items()]
    return "\n".join([_joined(mermaid()), "", "| state | meaning |", "|---|---|", *rows])


def _joined(diagram: str) -> str:
    """Draw a diagram from left to right, with one arrow for all moves between the same two states."""
    first, *rows = diagram.splitlines()
    arrows: dict[str, list[str]] = {}
    for row in rows:
        arrow, _, label = row.partition(": ")
        arrows.setdefault(arrow, []).append(label)
    drawn = [arrow + (f": {', '.join(labels)}" if any(labels) else "") for arrow, labels in arrows.items()]
    return "\n".join(["```mermaid", first, "    direction LR", *drawn, "```"])


def commands() -> str:
    """Return the help of every command, a group's commands below it."""
    import click

    from taskbahn.cli import cli

    def helps(group: click.Group, context: click.Context, level: str) -> Iterator[str]:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None, name
            inner = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH)
            text = "\n".join(line.rstrip() for line in command.get_help(inner).replace("\b\n", "").splitlines())
            yield f"{level} `{inner.command_path}`\n\n```text\n{text}\n```"
            if isinstance(command, click.Group):
                yield from helps(command, inner, f"#{level}")

    context = click.Context(cli, info_name="taskbahn", **cli.context_settings)
    return "\n\n".join(helps(cli, context, "###"))


def _plain(value: Any) -> Any:
    """Return 1 for 1.0, as people write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def options() -> str:
    """Return the table of a job's options."""
    from taskbahn.protocol.options import TABLE, Where

    said = {Where.BOTH: "task, call", Where.TASK: "task", Where.CALL: "call"}
    rows = ["| option | default | said by | meaning |", "|---|---|---|---|"]
    for option in TABLE:
        if option.is_shown:
            default = option.otherwise or f"`{json.dumps(_plain(option.default))}`"
            unit = "[duration](#durations) " if option.is_duration else "seconds (or a `timedelta`) " if option.unit else ""
            text = f"{unit}{option.help}{'; ' if option.note else ''}{option.note}"
            rows.append(f"| `{option.name}` | {default} | {said[option.where]} | {text} |")
    return "\n".join(rows)


def job_options() -> str:
    """Return the module that has the same table for the page."""
    from taskbahn.protocol.options import WIRE, Where

    types = {int: "integer", float: "number", bool: "boolean"}
    rows = {}
    for option in WIRE.values():
        if Where.CALL not in option.where or option.most is not None:
            continue
        row: dict[str, Any] = {"type": types.get(option.type, "string")}
        if row["type"] != "string":
            row |= {key: _plain(bound) for key, bound in (("minimum", option.low), ("maximum", option.high)) if isfinite(bound)}
        elif option.type is not str:
            row["enum"] = list(get_args(option.type))
        text = f"{'seconds ' if option.unit else ''}{option.help.replace('`', '')}"
        rows[option.name] = row | {"description": text, "otherwise": option.otherwise or _plain(option.default)}
    lines = "\n".join(f"  {name}: {json.dumps(row, ensure_ascii=False)}," for name, row in rows.items())
    return (
        "/** The options of a call that are one value. Made by scripts/write_docs.py from taskbahn.protocol.options. */\n\n"
        f"export const JOB_OPTIONS = {{\n{lines}\n}};\n"
    )


PARTS: list[tuple[str, str, Callable[[], str]]] = [
    ("docs/lifecycle.md", "lifecycle", lifecycle),
    ("docs/architecture.md", "turn", turn),
    ("docs/cli.md", "commands", commands),
    ("docs/tasks.md", "options", options),
    ("web/taskbahn_web/static/shared/job-options.js", "", job_options),
]


def renewed(page: str, marker: str, make: Callable[[], str]) -> tuple[Path, str, str]:
    """Return a page's path, its text, and the text that it should have; without a marker all of it is made."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not marker:
        return path, text, make()
    pattern = re.compile(rf"(<!-- {marker}\b[^>]*-->\n).*?(<!-- /{marker} -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{page} has no markers <!-- {marker} --> and <!-- /{marker} -->")
    content = make()
    return path, text, pattern.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)


def main() -> int:
    """Write, or check with `--check`; return the exit code."""
    is_check = "--check" in sys.argv[1:]
    stale = False
    for page, marker, make in PARTS:
        path, text, right = renewed(page, marker, make)
        if text != right:
            stale = True
            print(f"{page}: {'is stale' if is_check else 'written'}")
            if not is_check:
                path.write_text(right, encoding="utf-8")
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
