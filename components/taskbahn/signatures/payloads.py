"""Arguments and results as the JSON text that travels, without the types of a task; and what to say of what is not data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidArguments, ResultNotSerialisable, ResultTooLarge, TooDeep, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.json_depth import check_nesting
from taskbahn.protocol.secrets import SEALING, SENTENCE, has_mark, masked, may_hold, opened, sealed
from taskbahn.signatures import codec, exact_values
from taskbahn.signatures.secret import as_secret, noted

if TYPE_CHECKING:
    from collections.abc import Iterable

NOT_DATA = (TypeError, ValueError, OverflowError, RecursionError, NotImplementedError)  # what encoding may raise
ALWAYS_EXACT = frozenset({int, str, bool})
MAX_DEPTH = 50

encode = codec.encode


def pack_plain(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return the JSON text of `[args, kwargs]` for a task whose types are not known here; raises InvalidArguments, TooLarge, TooDeep."""
    try:
        data = encode((args, kwargs))
        if exact_values.is_suspect(data):
            data = exact_values.exactly((args, kwargs), [Any] * (len(args) + len(kwargs)), data)
    except RecursionError:
        raise TooDeep(f"the arguments of {name}", messages.MAX_NESTING) from None
    except exact_values.Inexact as error:
        raise InvalidArguments(name, {error.where: error.what}) from error
    except NOT_DATA as error:
        where, what = not_data((*args, kwargs)) or ("", str(error))
        raise InvalidArguments(name, {where: what}) from error
    return arguments_text(name, data)


def arguments_text(name: str, data: bytes) -> str:
    """Return packed arguments as they travel; raises InvalidArguments for the mark of a secret, and as `check_arguments`."""
    if has_mark(data):
        raise InvalidArguments(name, {"": f"a part of them {SENTENCE}"})
    data = sealed(data)
    check_arguments(name, data)
    return data.decode()


def plain_of(text: str) -> Any:
    """Return what a text that travels stands for, without the types of a task: plain values, and a Secret in the place of each."""
    value = messages.from_json(text)
    return opened(value, as_secret) if may_hold(text) else value


def shown_of(value: Any) -> Any:
    """Return a value with the mark of a secret in the place of each Secret."""
    return masked(messages.from_json(sealed(encode(value)))) if has_secret(value) else value


def read_as(text: str, kind: Any) -> Any:
    """Return what a text that travels stands for, as a type has it; raises what `msgspec.convert` raises.

    A running attempt notes the secrets in it. One where the type has none becomes plain, unless the type says nothing.
    """
    value = messages.from_json(text)
    if may_hold(text):
        try:
            return msgspec.convert(opened(value, noted), kind, str_keys=True, dec_hook=codec.decode_hook)
        except NOT_DATA:
            value = opened(value)
    return msgspec.convert(value, kind, str_keys=True, dec_hook=codec.decode_hook)


def has_secret(value: Any) -> bool:
    """Return whether a Secret is in *value*."""
    try:
        return SEALING.encode() in encode(value)
    except NOT_DATA:
        return False


def check_arguments(name: str, data: bytes) -> None:
    """Raise TooLarge or TooDeep for packed arguments above a bound."""
    if len(data) > messages.MAX_ARGUMENTS:
        raise TooLarge(f"arguments of {name} in bytes", len(data), messages.MAX_ARGUMENTS)
    check_nesting(f"the arguments of {name}", data)


def pack_result(value: Any, hint: Any = Any) -> str:
    """Return a result as JSON text, which keeps what *hint* says that it is.

    Raises ResultNotSerialisable, which says what is not data and where, and ResultTooLarge.
    """
    if value is None:
        return "null"
    try:
        data = encode(value) if type(value) in ALWAYS_EXACT else sealed(exact_values.pack(value, hint))
        check_nesting("the result", data)
    except TooDeep as error:
        raise ResultNotSerialisable(error.message, type=type(value).__qualname__, where="") from None
    except NOT_DATA as error:
        where, what = not_data(value) or (getattr(error, "where", ""), getattr(error, "what", str(error)))
        place = f" at {where}" if where else ""
        raise ResultNotSerialisable(
            f"the result cannot travel as data: {what}{place}; return plain values, dataclasses or a reference to the rest",
            type=type(value).__qualname__,
            where=where,
        ) from error
    if len(data) > messages.MAX_RESULT:
        raise ResultTooLarge(
            f"the result has {len(data):,} bytes, more than the {messages.MAX_RESULT:,} allowed; store it and return a reference",
            size=len(data),
            limit=messages.MAX_RESULT,
        )
    return data.decode()


def not_data(value: Any, path: str = "", depth: int = 0) -> tuple[str, str] | None:
    """Find the first part of *value* that cannot be encoded: its path (`[3].name`) and what is wrong; None if all can."""
    try:
        encode(value)
    except NOT_DATA as error:
        reason = str(error)
    else:
        return None
    if depth > MAX_DEPTH:  # deeper than any data, so it contains itself
        return path[:80], "it contains itself or is nested too deeply"
    for step, part in _parts(value):
        found = not_data(part, path + step, depth + 1)
        if found:
            return found
    return path, reason


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [(f"[{index}]", part) for index, part in enumerate(value)]
    names: tuple[str, ...] = (*getattr(value, "__struct_fields__", ()), *getattr(type(value), "__dataclass_fields__", ()))
    return [(f".{name}", getattr(value, name)) for name in names]
