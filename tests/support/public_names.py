"""What the package that is imported has for its users, by name: run as a program, so that it can look at any release.

python -m support.public_names      prints JSON: {kind: [name, ...]}
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

import taskbahn
from taskbahn import cli, errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

MESSAGES = ("protocol.messages", "wire")  # where a release has what travels: the newest place first
VIEWS = ("protocol.views", "wire_views")


def exported() -> Iterator[str]:
    """Yield what `taskbahn` exports, and the public members of its classes with their parameters."""
    for name in taskbahn.__all__:
        thing = getattr(taskbahn, name)
        yield name
        if inspect.isclass(thing):
            yield from (f"{name}({parameter})" for parameter in parameters_of(thing))
        if inspect.isclass(thing) or name == "current":
            yield from members_of(name, thing)
    yield from members_of("view", type(taskbahn.Taskbahn().view))


def members_of(name: str, thing: Any) -> Iterator[str]:
    for member, value in inspect.getmembers(thing):
        if not member.startswith("_"):
            yield f"{name}.{member}"
            yield from (f"{name}.{member}({parameter})" for parameter in parameters_of(value))


def parameters_of(value: Any) -> Iterator[str]:
    """Yield name and kind of each parameter; one that may be given by position has its place too."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return
    for place, parameter in enumerate(signature.parameters.values()):
        if parameter.name != "self" and not parameter.name.startswith("_"):
            keyword = parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD}
            yield str(parameter.name) if keyword else f"{place}: {parameter.name}"


def options() -> Iterator[str]:
    """Yield the options that a task and a call may have."""
    yield from messages().Options.__struct_fields__


def uris() -> Iterator[str]:
    """Yield the procedures and topics by their constants, and the errors by their class."""
    for name, value in vars(messages()).items():
        if name.isupper() and isinstance(value, str) and value.startswith("taskbahn."):
            yield f"{name} = {value}"
    yield from (f"{kind.__name__} = {uri}" for uri, kind in errors.BY_URI.items())


def fields() -> Iterator[str]:
    """Yield the fields of all that travels; those of an array with their place."""
    for module in (messages(), first(VIEWS)):
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                is_array = kind.__struct_config__.array_like
                for place, field in enumerate(msgspec.structs.fields(kind)):
                    yield f"{name}[{place}].{field.encode_name}" if is_array else f"{name}.{field.encode_name}"


def commands() -> Iterator[str]:
    """Yield the commands with their arguments and options."""
    group = cli.Commands()
    context = click.Context(group)
    for name in group.list_commands(context):
        yield name
        command = group.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            words = parameter.opts if isinstance(parameter, click.Option) else [f"<{parameter.name}>"]
            yield from (f"{name} {word}" for word in [*words, *parameter.secondary_opts])


def messages() -> ModuleType:
    return first(MESSAGES)


def first(places: tuple[str, ...]) -> ModuleType:
    for place in places:
        try:
            return importlib.import_module(f"taskbahn.{place}")
        except ModuleNotFoundError:
            continue
    raise AssertionError(places)


def everything() -> dict[str, list[str]]:
    return {kind.__name__: sorted(set(kind())) for kind in (exported, options, uris, fields, commands)}


if __name__ == "__main__":
    json.dump({"package": [taskbahn.__file__], **everything()}, sys.stdout)
