"""Arguments and results as the JSON text that travels, without the types of a task; and what to say of what is not data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidArguments, ResultNotSerialisable, ResultTooLarge, TooDeep, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.json_depth import check_nesting
from taskbahn.signatures import codec, exact_values

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
    check_arguments(name, data)
    return data.decode()


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
        data = encode(value) if type(value) in ALWAYS_EXACT else exact_values.pack(value, hint)
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
