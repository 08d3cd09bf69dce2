"""What the commands of a crontab start, and the command that starts the same as a schedule."""

from __future__ import annotations

import re
import shlex
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import click
import msgspec

from taskbahn.cli.arguments import NAMED, given_options, typed
from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.limit_kinds import short

if TYPE_CHECKING:
    from collections.abc import Mapping

TO_NOWHERE = re.compile(r"(?:\s*(?:&>>?|[12]?>>?)\s*(?:/dev/null|&[12])(?=\s|$))+\s*$")
QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.""", re.DOTALL)
OF_THE_SHELL = re.compile(r"[;|&<>()$`*?\n]|(?<!\S)[~#]")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
STARTS = ("call", "submit")
NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_.:-]")
LONGEST_NAME = 150  # characters of a command in an id
FORMS = "it is `taskbahn call TASK ARGUMENTS`, or --task names the task that takes each other command as text"


def call_of_command(command: str, task: str | None, signatures: Mapping[str, messages.Signature | None]) -> dict[str, Any]:
    """Return the call that a command means; raises ValueError.

    task: takes commands that are none of Taskbahn's, as its argument.   signatures: what the known tasks take.
    """
    left = TO_NOWHERE.sub("", command)  # the store keeps what a job returns
    words = _words(left)
    if words is None or not _is_ours(words):
        if task is None:
            raise ValueError(_not_ours(left, words))
        return {"task": task, "args": [command], "kwargs": {}}
    found = OF_THE_SHELL.search(_unquoted(left))
    if found is not None:
        raise ValueError(f"{short(found[0])} in the command is for a shell, and no shell runs it: quote it, or leave it out")
    at = 3 if words[1] == "-m" else 1
    return _call(words[at], words[at + 1 :], signatures)


def _words(command: str) -> list[str] | None:
    try:
        return shlex.split(command)
    except ValueError:  # an open quote
        return None


def _is_ours(words: list[str]) -> bool:
    name = PurePath(words[0]).name if words else ""
    if name.startswith("python") and words[1:3] == ["-m", "taskbahn"]:
        return len(words) > 3 and words[3] in STARTS  # noqa: PLR2004 - as below
    return name == "taskbahn" and len(words) > 1 and words[1] in STARTS


def _not_ours(command: str, words: list[str] | None) -> str:
    why = "a quote has no end" if words is None else f"no schedule runs the command {short(command)}"
    return f"{why}: {FORMS}"


def _unquoted(command: str) -> str:
    """Return a command in which quoted text is gone, but for what a shell replaces in double quotes."""
    return QUOTED.sub(lambda found: "".join(re.findall(r"(?<!\\)[$`]", found[0])) if found[0][0] == '"' else "x", command)


def _call(name: str, arguments: list[str], signatures: Mapping[str, messages.Signature | None]) -> dict[str, Any]:
    from taskbahn.cli import cli
    from taskbahn.cli.call import call
    from taskbahn.cli.submit import submit

    command = submit if name == "submit" else call
    try:
        if any(word.partition("=")[0] == "--flow" for word in arguments):
            raise ValueError("--flow reads a file: `taskbahn schedules add ID WHEN --flow FILE` makes the schedule of a flow")
        parent = click.Context(cli, info_name="taskbahn", **cli.context_settings)
        given = command.make_context(command.name, list(arguments), parent=parent).params
        if not given["task"]:
            raise ValueError("the command names no task")
        options = _options(given)
    except click.UsageError as error:
        raise ValueError(error.message) from None
    except click.exceptions.Exit:
        raise ValueError("the command only shows its help") from None
    except TaskbahnError as error:
        raise ValueError(error.message) from None
    args, kwargs = typed(signatures.get(given["task"]), given["arguments"])
    return {"task": given["task"], "args": args, "kwargs": kwargs, **({"options": options} if options else {})}


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    from taskbahn.protocol.options import Where
    from taskbahn.tasks.options import as_dict, make_options

    of_job = given_options(given["options"], given["id"], given["finish_within"], given["finish_by"])
    for name, why in (
        ("id", "each due time starts a job of its own"),
        ("finish_by", "it is one time; --finish-within is for each job"),
    ):
        if name in of_job:
            raise ValueError(f"--{name.replace('_', '-')} means nothing for a schedule: {why}")
    return as_dict(make_options(of_job, Where.CALL)) if of_job else {}


def id_of_call(call: Mapping[str, Any]) -> str:
    """Return the id of the schedule of a command: the same each time, whatever its times are."""
    digest = sha256(messages.to_json({name: call[name] for name in sorted(call)}).encode()).hexdigest()[:8]
    return f"crontab.{NOT_IN_IDS.sub('-', call['task'])[:LONGEST_NAME]}.{digest}"


def command_of_call(call: Mapping[str, Any]) -> str:
    """Return the command that starts a call, without its options; raises ValueError if there is none."""
    if "task" not in call:
        raise ValueError("it starts a flow")
    args, kwargs = messages.from_json(call["packed"]) if "packed" in call else (call.get("args", []), call.get("kwargs", {}))
    words = [_typed(value) for value in args] + [f"{name}={_typed(value)}" for name, value in kwargs.items()]
    dashes = ["--"] if any(word.startswith("-") for word in words) else []
    return shlex.join(["taskbahn", "call", call["task"], *dashes, *words])


def _typed(value: Any) -> str:
    """Return an argument as it is typed: text as it is, if it is read as nothing else, all else as JSON."""
    if (
        isinstance(value, str)
        and not UNPRINTABLE.search(value)
        and not value.startswith(("-", '"'))
        and not NAMED.fullmatch(value)
    ):
        try:
            messages.from_json(value)
        except msgspec.DecodeError:
            return value
    text = messages.to_json(value)
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
