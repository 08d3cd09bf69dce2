"""What is typed after a task's name, as arguments and options: `a.jpg width=64`, `--option retries=[1,10]`."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import msgspec

from taskbahn.errors import TaskbahnError, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.durations import parse_duration
from taskbahn.protocol.options import WIRE, Where, names
from taskbahn.tasks.options import MOMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn.app import Taskbahn

OPTION = re.compile(r"--?[A-Za-z]")  # an option; a negative number does not match
SHORT = len("-o")
DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+")  # as options take it
NAMED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
HELP = """\b
ARGUMENTS are given by position, or by name as in width=64. Each is read as
JSON if it is JSON, else as text; what the task takes as text stays text."""


class TaskCommand(click.Command):
    """A command whose arguments are a task's: `-5` is one of them, and so is what follows `--`; an option that does not exist is none."""

    ignore_unknown_options = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what was meant as an option."""
        known = [word for parameter in self.get_params(ctx) for word in (*parameter.opts, *parameter.secondary_opts)]
        for word in args[: args.index("--")] if "--" in args else args:
            name = word.partition("=")[0] if word.startswith("--") else word[:2]
            if OPTION.match(word) and name not in known:
                raise click.UsageError(_no_option(name, known), ctx)
        return super().parse_args(ctx, args)


def _no_option(name: str, known: list[str]) -> str:
    of_job = difflib.get_close_matches(name.strip("-").replace("-", "_"), names(Where.CALL), n=1, cutoff=0.8)
    if of_job and len(name) > SHORT:
        return f"No such option: {name}. Options of the job are given like this: -o {of_job[0]}=VALUE"
    return f"No such option: {name}{did_you_mean(name, known)}. An argument of the task that begins so comes after --"


option_option = click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of this call, as in queue=slow, delay=30; repeatable.",
)


id_option = click.option("--id", metavar="UUID", help="The job's id; what has the same id is the same job.")


finish_within_option = click.option(
    "--finish-within", metavar="DURATION", help="The job fails if it has not ended in this time from now, as in 90s, 1h30m."
)


finish_by_option = click.option(
    "--finish-by", metavar="TIME", help="The job fails if it has not ended by this time, as in 2030-01-31T18:00."
)


def given_options(options: tuple[str, ...], id: str | None, finish_within: str | None, finish_by: str | None) -> dict[str, Any]:
    """Return the typed options and id by name.  Raises click.UsageError for what cannot be read."""
    given: dict[str, Any] = {} if id is None else {"id": id}
    for option in options:
        name, found, text = option.partition("=")
        if not found:
            raise click.UsageError(f"--option {option!r} has no value: write {option}=VALUE")
        given[name] = (
            _moment(text, f"--option {option}") if name in MOMENTS else _value(text, {"type": "string"} if _is_text(name) else {})
        )
    if finish_within is not None:
        given["finish_within"] = _value(finish_within, {})
    if finish_by is not None:
        given["finish_by"] = _moment(finish_by, f"--finish-by {finish_by}")
    return given


def _moment(text: str, typed: str) -> datetime | float:
    """Return what is typed as a time; raises click.UsageError, with all that was typed, for what is none."""
    value = _value(text, {})
    if isinstance(value, float | int) and not isinstance(value, bool):
        return value
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{typed}: a time is written as 2030-01-31T18:00, or in seconds since 1970") from None


def _is_text(name: str) -> bool:
    option = WIRE.get(name)
    return name == "id" or (option is not None and option.most is None and option.type not in (int, float))


def parsed(app: Taskbahn, task: str, arguments: tuple[str, ...]) -> tuple[list[Any], dict[str, Any]]:
    """Return the typed arguments by position and by name."""
    return typed(_signature(app, task), arguments)


def typed(signature: messages.Signature | None, arguments: Iterable[str]) -> tuple[list[Any], dict[str, Any]]:
    """Return typed arguments by position and by name, as what a task takes says."""
    properties: dict[str, Any] = signature.parameters.get("properties", {}) if signature else {}
    definitions: dict[str, Any] = signature.parameters.get("$defs", {}) if signature else {}
    order = signature.order if signature else []
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for argument in arguments:
        named = NAMED.fullmatch(argument)
        name = named[1] if named else order[len(args)] if len(args) < len(order) else None
        schema = _resolved(properties.get(name or "", {}), definitions)
        if named:
            kwargs[named[1]] = _value(named[2], schema)
        else:
            args.append(_value(argument, schema))
    return args, kwargs


def _signature(app: Taskbahn, task: str) -> messages.Signature | None:
    try:
        return next((view.signature for view in app.view.tasks() if view.name == task), None)
    except TaskbahnError:
        return None  # the signature only helps to tell text from numbers; starting the job shows what is wrong


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = definitions.get(schema["$ref"].rpartition("/")[2], {})
        return found
    if "anyOf" in schema:
        choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        return _resolved(choices[0], definitions) if len(choices) == 1 else {}
    return schema


def _value(text: str, schema: dict[str, Any]) -> Any:
    choices = schema.get("enum", [])
    if schema.get("format") == "duration" and DURATION.fullmatch(text):
        return messages.from_json(messages.to_json(timedelta(seconds=parse_duration(text))))  # ISO 8601, as the task takes it
    names = schema.get("x-enum-varnames", [])
    if text in names and text not in choices and len(names) == len(choices):
        return choices[names.index(text)]
    if text in choices or (schema.get("type") == "string" and not text.startswith('"') and text != "null"):
        return text
    try:
        return messages.from_json(text)
    except msgspec.DecodeError:
        return text
