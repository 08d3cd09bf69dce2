"""Templates: text in which `{argument}` and `{@queue}` are filled in for each job, as in `"{customer}:{order.region}"`.

What is between the braces names a *source*:

    {customer}          an argument of the task
    {order.customer}    a part of one: a field or a key, or the number of an item
    {@tag:user}         what follows `user:` in the job's tag `user:...`
    {@caller}           the authid of the caller's session
    {@queue}            the job's queue

A template is parsed once. `locate` says where a call has an argument; client and dispatcher refuse by it what names none.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskbahn.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn.protocol.messages import Signature

MAX_TEMPLATE = 200  # characters
MAX_SOURCES = 8
MAX_STEPS = 8  # of the path into one argument
MAX_REFERENCES = 20  # from one schema to the next, at one step
OF_JOB = ("@caller", "@queue")
OF_SCHEDULES = ("@due", "@last_success")
TAG = "@tag:"
NUMBER = re.compile(r"[0-9]{1,4}")
SHOWN_NAMES = 8
SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})
MISSING: Final[Any] = type("Missing", (), {"__repr__": lambda _: "MISSING"})()


class WrongTemplate(ValueError):
    """A template that cannot be; position: of the character that is wrong, counted from 1, None if it is no single one."""

    def __init__(self, why: str, position: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.position = position


class Source(NamedTuple):
    """One `{...}` of a template.  kind: "argument", "tag", "caller" or "queue".  path: an argument and the steps into it; a tag's name."""

    kind: str
    path: tuple[str, ...]
    text: str  # as it is written between the braces


class Template(NamedTuple):
    """A parsed template: its text and its sources, from left to right."""

    text: str
    sources: tuple[Source, ...]


class Location(NamedTuple):
    """Where calls have an argument.

    position: in the list of arguments, None if it has none; from it on, all are items if is_rest.   name: its keyword.
    steps: from the argument to the part that is meant.   defaults: what counts at each step if a call has nothing there, or MISSING.
    """

    name: str
    position: int | None
    is_rest: bool
    steps: tuple[str, ...]
    defaults: tuple[Any, ...]


@lru_cache(1024)
def parse(text: str) -> Template:
    """Return the template that *text* is; raises WrongTemplate with the position of what is wrong."""
    if len(text) > MAX_TEMPLATE:
        raise WrongTemplate(f"it has {len(text):,} characters, more than the {MAX_TEMPLATE} allowed")
    if not _is_unicode(text):
        raise WrongTemplate("it has half of a character, which is no Unicode")
    sources: list[Source] = []
    at = 0
    while (found := _next_brace(text, at)) < len(text):
        if text[found] == "}":
            raise WrongTemplate(f"'}}' at position {found + 1} has no '{{' before it", found + 1)
        end = _next_brace(text, found + 1)
        if end == len(text) or text[end] == "{":
            raise WrongTemplate(f"'{{' at position {found + 1} has no '}}' after it", found + 1)
        sources.append(_source(text[found + 1 : end], found + 2))
        at = end + 1
    if not sources:
        raise WrongTemplate("it has no braces; write an argument's name in them, as in '{customer}'")
    if len(sources) > MAX_SOURCES:
        raise WrongTemplate(f"it has {len(sources)} pairs of braces, more than the {MAX_SOURCES} allowed")
    return Template(text, tuple(sources))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _next_brace(text: str, start: int) -> int:
    return min((found for brace in "{}" if (found := text.find(brace, start)) >= 0), default=len(text))


def _source(text: str, position: int) -> Source:
    if not text:
        raise WrongTemplate(f"a name is missing between the braces at position {position - 1}", position)
    if text.startswith("@"):
        return _source_of_job(text, position)
    name, *steps = text.split(".")
    if not (name.isidentifier() or NUMBER.fullmatch(name)):
        raise WrongTemplate(
            f"{{{text}}} at position {position - 1} is no name of an argument; write {{name}} or {{name.part}}", position
        )
    if not all(steps) or len(steps) > MAX_STEPS:
        what = "has an empty step" if not all(steps) else f"has more than {MAX_STEPS} steps"
        raise WrongTemplate(f"{{{text}}} at position {position - 1} {what}", position)
    return Source("argument", (name, *steps), text)


def _source_of_job(text: str, position: int) -> Source:
    if text.startswith(TAG) and len(text) > len(TAG):
        return Source("tag", (text[len(TAG) :],), text)
    if text in OF_JOB:
        return Source(text[1:], (), text)
    word = re.split(r"[:.]", text, maxsplit=1)[0]
    if word in OF_SCHEDULES:
        raise WrongTemplate(f"{{{text}}} at position {position - 1} is known in schedules only", position)
    name = text[len(word) + 1 :] or "name"
    hint = f" (did you mean '{{{TAG}{name}}}'?)" if word == "@tag" else did_you_mean(text, OF_JOB)
    raise WrongTemplate(
        f"{{{text}}} at position {position - 1} is unknown{hint}; there are {{@caller}}, {{@queue}} and {{@tag:name}}", position
    )


# where calls have it


def locate(source: Source, signature: Signature | None, task: str) -> Location:
    """Return where calls of *task* have the argument of *source*; raises WrongTemplate if the signature says that none has it.

    Without a signature a number is a position, and any other name a keyword.
    """
    name, steps = source.path[0], source.path[1:]
    nothing = (MISSING,) * (len(steps) + 1)
    if signature is None:
        return Location(name, int(name) if NUMBER.fullmatch(name) else None, False, steps, nothing)
    schema = signature.parameters
    position: int | None
    default: Any
    if name == signature.variadic:
        position, default = len(signature.order), []
    else:
        default = _default(name, signature, task)
        position = signature.order.index(name) if name in signature.order else None
    at = _property(schema, name, schema)
    defaults = [default]
    for number, step in enumerate(steps):
        before = ".".join(source.path[: number + 1])
        at, default = _inner(at, step, before, schema)
        defaults.append(default)
    _check_scalar(at, source, schema)
    return Location(name, position, name == signature.variadic, steps, tuple(defaults))


def names_of(signature: Signature) -> list[str]:
    """Return the names of the arguments of a signature."""
    properties = signature.parameters.get("properties")
    return [*properties] if isinstance(properties, dict) else []


def _default(name: str, signature: Signature, task: str) -> Any:
    """Return the default of an argument, MISSING if it has none; raises WrongTemplate for what is no argument."""
    known = names_of(signature)
    if name in known:
        schema = signature.parameters["properties"][name]
        default = schema.get("default", MISSING) if isinstance(schema, dict) else MISSING
        required = signature.parameters.get("required", ())
        if default is MISSING and not (isinstance(required, list | tuple) and name in required):
            raise WrongTemplate(
                f"the dispatcher does not know the default of {name!r}, which is no data; give it another default"
            )
        return default
    if NUMBER.fullmatch(name) and int(name) < len(signature.order):
        raise WrongTemplate(f"{{{name}}} is a position; write the argument's name, {{{signature.order[int(name)]}}}")
    if not NUMBER.fullmatch(name) and signature.parameters.get("additionalProperties", True) is not False:
        return MISSING  # `**kwargs` takes it
    raise WrongTemplate(f"{{{name}}} names no argument of {task}{_meant(name, known)}; {_there_are(known)}")


def _meant(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, known) or did_you_mean("@" + name, OF_JOB)


def _there_are(names: list[str]) -> str:
    if not names:
        return "it has none"
    shown = ", ".join(names[:SHOWN_NAMES])
    return f"it has {shown}, …" if len(names) > SHOWN_NAMES else f"it has {shown}"


# JSON Schema, as far as the signatures of functions have it; what is not understood may be anything


def _property(schema: Any, name: str, root: Any) -> list[Any]:
    found = schema.get("properties")
    if isinstance(found, dict) and name in found:
        return _branches(found[name], root)
    return _branches(schema.get("additionalProperties", {}), root)


def _branches(schema: Any, root: Any) -> list[Any]:
    """Return what a value of *schema* may be, with references followed; {} may be anything."""
    found: list[Any] = []
    waiting = [schema]
    for _ in range(MAX_REFERENCES):
        if not waiting:
            return found
        one = waiting.pop(0)
        if not isinstance(one, dict):
            found.append({})
        elif one.get("writeOnly") is True:
            raise WrongTemplate("it names a secret, and keys are shown; name another argument")
        elif isinstance(one.get("anyOf"), list):
            waiting += one["anyOf"]
        elif isinstance(one.get("$ref"), str):
            waiting.append(_referenced(one["$ref"], root))
        else:
            found.append(one)
    return [{}]


def _referenced(reference: str, root: Any) -> Any:
    definitions = root.get("$defs")
    name = reference.removeprefix("#/$defs/")
    return definitions.get(name, {}) if isinstance(definitions, dict) else {}


def _inner(branches: list[Any], step: str, before: str, root: Any) -> tuple[list[Any], Any]:
    """Return what the part *step* may be, and its default; raises WrongTemplate if no branch has such a part."""
    inner: list[Any] = []
    known: list[str] = []
    default = MISSING
    for branch in branches:
        if branch.get("type") == "array" and NUMBER.fullmatch(step):
            inner += _branches(branch.get("items", {}), root)
        elif isinstance(branch.get("properties"), dict) and branch.get("additionalProperties", False) is False:
            known += branch["properties"]
            if step in branch["properties"]:
                default = _default_of(branch["properties"][step], default)
                inner += _branches(branch["properties"][step], root)
        elif branch.get("type", "object") == "object":
            inner += _property(branch, step, root)
    if not inner:
        what = f"; {before} has {', '.join(known[:SHOWN_NAMES])}" if known else ""
        raise WrongTemplate(f"{{{before}.{step}}}: {before} has no part {step!r}{did_you_mean(step, known)}{what}")
    return inner, default


def _default_of(schema: Any, otherwise: Any) -> Any:
    return schema.get("default", otherwise) if isinstance(schema, dict) else otherwise


def _check_scalar(branches: list[Any], source: Source, root: Any) -> None:
    if any(map(_may_be_scalar, branches)):
        return
    parts = [f"{{{source.text}.{name}}}" for name in _scalar_parts(branches, root)]
    hint = f"; name a part of it: {', '.join(parts[:SHOWN_NAMES])}" if parts else ""
    kind = "a list" if branches and branches[0].get("type") == "array" else "an object"
    raise WrongTemplate(f"{{{source.text}}} is {kind}, not one value{hint}")


def _scalar_parts(branches: list[Any], root: Any) -> list[str]:
    parts = []
    for branch in branches:
        properties = branch.get("properties")
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            if not has_secrets(schema) and any(map(_may_be_scalar, _branches(schema, root))):
                parts.append(name)
    return parts


def has_secrets(schema: Any) -> bool:
    """Return whether a JSON Schema says of a part that it is a secret."""
    if isinstance(schema, dict):
        return schema.get("writeOnly") is True or any(map(has_secrets, schema.values()))
    return isinstance(schema, list) and any(map(has_secrets, schema))


def _may_be_scalar(branch: dict[str, Any]) -> bool:
    kind = branch.get("type")
    return not isinstance(kind, str) or kind in SCALARS
