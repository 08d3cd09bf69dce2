"""The arguments of a member: checked and packed as those of a call that starts now, with places for results that are not there yet."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidArguments, InvalidFlow
from taskbahn.flows.output import Output
from taskbahn.signatures import exact_values
from taskbahn.signatures.payloads import MAX_DEPTH, pack_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.signatures.signature import TaskSignature

Packed = str | tuple[str | Output, ...]  # the JSON text of `[args, kwargs]`, cut where outputs belong
Names = dict[str, Any]

OUTPUT = "$output"
LITERAL = "$literal"
MARKS = (f'"{OUTPUT}"', f'"{LITERAL}"')
LEAD = "[[null"  # how the text of a call begins whose first argument is not known

as_call = msgspec.json.Decoder(tuple[list[msgspec.Raw], dict[str, msgspec.Raw]]).decode
as_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
as_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
encode = msgspec.json.encode


def pack(name: str, signature: TaskSignature | None, args: tuple[Any, ...], kwargs: Names, *unchecked: int | str) -> Packed:
    """Return the arguments of a complete call; raises InvalidArguments, InvalidFlow, TooLarge, TooDeep.

    unchecked: positions and names of arguments that may be anything.
    """
    try:
        return _escaped(_pack(name, signature, args, kwargs, unchecked))
    except (InvalidArguments, InvalidFlow):
        _refuse_hidden(args, kwargs)
        if not has_outputs(args, kwargs):
            raise
    return _with_outputs(name, signature, args, kwargs, unchecked)


def pack_following(name: str, signature: TaskSignature | None, args: tuple[Any, ...], kwargs: Names) -> Packed:
    """Return the arguments that follow a first one which is not known yet."""
    packed = pack(name, signature, (None, *args), kwargs, 0)
    first = packed if isinstance(packed, str) else str(packed[0])
    first = "[[" + first[len(LEAD) :].removeprefix(",")
    return first if isinstance(packed, str) else (first, *packed[1:])


def with_first(first: Packed, following: Packed) -> Packed:
    """Return the arguments that `pack` has made of one alone, and after it those that follow it."""
    head = (first,) if isinstance(first, str) else first
    rest = (following,) if isinstance(following, str) else following
    between = "" if str(rest[0]).startswith("[[]") else ","
    joint = str(head[-1]).removesuffix("],{}]") + between + str(rest[0]).removeprefix("[[")
    pieces = (*head[:-1], joint, *rest[1:])
    return joint if len(pieces) == 1 else pieces


def pack_first(name: str, signature: TaskSignature | None, value: Any) -> Packed:
    """Return a first argument, checked, as the arguments of a call that has no others."""
    if signature is None or outputs_in(value):
        return pack(name, None, (value,), {})
    return _escaped(f"[[{signature.pack_first(value)}],{{}}]")


def misfits(signature: TaskSignature | None, count: int, names: Mapping[str, Any]) -> dict[str, str]:
    """Say which arguments are missing, surplus or not known."""
    return _misfits(signature, count, tuple(names)) if signature else {}


@lru_cache(1024)
def _misfits(signature: TaskSignature, count: int, names: tuple[str, ...]) -> dict[str, str]:
    return signature.parameters.misfits(count, names)


def outputs_in(value: Any) -> list[Output]:
    """Return the outputs in an argument, where they may be."""
    found = value if isinstance(value, list | tuple) else (value,)
    return [item for item in found if isinstance(item, Output)]


def has_outputs(args: tuple[Any, ...], kwargs: Names) -> bool:
    """Return whether there are outputs where they may be."""
    return any(outputs_in(value) for value in (*args, *kwargs.values()))


def _is_list_with_outputs(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(outputs_in(value))


def _refuse_hidden(args: tuple[Any, ...], kwargs: Names) -> None:
    """Refuse outputs in other places."""
    for value in (*args, *kwargs.values()):
        for item in value if isinstance(value, list | tuple) else (value,):
            hidden = None if isinstance(item, Output) else _first_output(item)
            if hidden is not None:
                raise InvalidFlow(
                    f"{hidden!r} is inside of an argument: it can be a whole argument, or an item of a list that is one"
                )


def _first_output(value: Any, depth: int = 0) -> Output | None:
    if isinstance(value, Output):
        return value
    if depth > MAX_DEPTH or not isinstance(value, dict | list | tuple):
        return None
    parts = value.values() if isinstance(value, dict) else value
    return next((found for found in (_first_output(part, depth + 1) for part in parts) if found is not None), None)


def _pack(
    name: str, signature: TaskSignature | None, args: tuple[Any, ...], kwargs: Names, unchecked: tuple[int | str, ...] = ()
) -> str:
    return signature.pack(args, kwargs, unchecked) if signature else pack_plain(name, args, kwargs)


# results that are not there yet


def _with_outputs(
    name: str, signature: TaskSignature | None, args: tuple[Any, ...], kwargs: Names, unchecked: tuple[int | str, ...]
) -> Packed:
    """Check what is known, then pack all with `null` where outputs belong, and cut the text there."""
    given: dict[int | str, Any] = dict(enumerate(args))
    given.update(kwargs)
    checked, blank = dict(given), dict(given)
    free, lists = list(unchecked), list[int | str]()
    for place, value in given.items():
        if isinstance(value, Output):
            checked[place] = blank[place] = None
            free.append(place)
        elif _is_list_with_outputs(value):
            checked[place] = [item for item in value if not isinstance(item, Output)]
            blank[place] = [None if isinstance(item, Output) else item for item in value]
            lists.append(place)
    if signature:
        unknown = [place for place in lists if not exact_values.takes_items(_hint(signature, place))]
        checked.update(dict.fromkeys(unknown))
        _pack(name, signature, *_split(checked), (*free, *unknown))
    text = _pack(name, signature, *_split(blank), (*free, *lists))
    packed_args, packed_names = as_call(text)
    raw: dict[int | str, msgspec.Raw] = dict(enumerate(packed_args)) | dict(packed_names)
    pieces: list[str | Output] = ["[["]
    for place, value in given.items():
        if isinstance(place, str):
            if place == next(iter(kwargs)):
                pieces.append("],{")
            pieces.append(f"{'' if place == next(iter(kwargs)) else ','}{encode(place).decode()}:")
        elif place:
            pieces.append(",")
        pieces += _pieces(value, bytes(raw[place]).decode())
    pieces.append("}]" if kwargs else "],{}]")
    return _joined(pieces)


def _hint(signature: TaskSignature, place: int | str) -> Any:
    return signature.parameters.hint_at(place) if isinstance(place, int) else signature.parameters.hint_of(place)


def _split(given: dict[int | str, Any]) -> tuple[tuple[Any, ...], Names]:
    args = tuple(value for place, value in given.items() if isinstance(place, int))
    return args, {place: value for place, value in given.items() if isinstance(place, str)}


def _pieces(value: Any, text: str) -> list[str | Output]:
    if isinstance(value, Output):
        return [value]
    if not _is_list_with_outputs(value):
        return [_escaped_argument(text)]
    pieces: list[str | Output] = ["["]
    for index, (item, raw) in enumerate(zip(value, as_list(text), strict=True)):
        if index:
            pieces.append(",")
        pieces.append(item if isinstance(item, Output) else _escaped_object(bytes(raw).decode()))
    pieces.append("]")
    return pieces


def _joined(pieces: list[str | Output]) -> tuple[str | Output, ...]:
    """Join the texts between outputs; the first and the last piece are texts."""
    made: list[str | Output] = [""]
    for piece in pieces:
        if isinstance(piece, str) and isinstance(made[-1], str):
            made[-1] += piece
        else:
            made.append(piece)
    return tuple(made)


# data that looks like a reference


def _escaped(text: str) -> str:
    if MARKS[0] not in text and MARKS[1] not in text:
        return text
    args, kwargs = as_call(text)
    packed_args = ",".join(_escaped_argument(bytes(raw).decode()) for raw in args)
    packed_names = ",".join(f"{encode(name).decode()}:{_escaped_argument(bytes(raw).decode())}" for name, raw in kwargs.items())
    return f"[[{packed_args}],{{{packed_names}}}]"


def _escaped_argument(text: str) -> str:
    if MARKS[0] not in text and MARKS[1] not in text:
        return text
    if text.startswith("["):
        return f"[{','.join(_escaped_object(bytes(raw).decode()) for raw in as_list(text))}]"
    return _escaped_object(text)


def _escaped_object(text: str) -> str:
    if text.startswith("{") and any(mark in text for mark in MARKS) and list(as_object(text)) in ([OUTPUT], [LITERAL]):
        return f'{{"{LITERAL}":{text}}}'
    return text
