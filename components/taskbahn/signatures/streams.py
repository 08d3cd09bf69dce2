"""Which functions are generators, as tasks: what they yield are chunks, and what they return is the result."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = (Generator, Iterator, Iterable)
ASYNCHRONOUS = (AsyncGenerator, AsyncIterator, AsyncIterable)
RESULT = 2  # the place of the result in Generator[chunk, sent, result]

Kind = Literal["", "plain", "async"]


class Types(NamedTuple):
    """What a streaming task yields and what it returns."""

    chunk: Any
    result: Any


def kind_of(function: Callable[..., Any]) -> Kind:
    """Return whether calling *function*, or what a decorator has wrapped in it, makes a generator."""
    for found in (function, inspect.unwrap(function)):
        if inspect.isgeneratorfunction(found):
            return "plain" if found is function or _says_stream(function, PLAIN) else ""
        if inspect.isasyncgenfunction(found):
            return "async" if found is function or _says_stream(function, ASYNCHRONOUS) else ""
        if inspect.iscoroutinefunction(found):
            return ""
    return ""


def _says_stream(function: Callable[..., Any], kinds: tuple[Any, ...]) -> bool:
    """Return whether a wrapper is annotated as a generator: one may as well make a list of what it wraps."""
    hint = getattr(function, "__annotations__", {}).get("return", Any)
    if isinstance(hint, str):
        return any(hint.partition("[")[0].rpartition(".")[2] == kind.__name__ for kind in kinds)
    return hint is Any or _origin(hint) in kinds


def _origin(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_origin(hint) or hint


def types_of(kind: Kind, hint: Any) -> Types | None:
    """Return what the annotation of a generator's result says of chunks and result; None if it is none of a generator.

    An iterator says nothing of what is returned, an async generator returns nothing.
    """
    returned = None if kind == "async" else Any
    if hint is Any:
        return Types(Any, returned)
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    origin, args = get_origin(hint) or hint, get_args(hint)
    if origin not in (ASYNCHRONOUS if kind == "async" else PLAIN):
        return None
    if origin is Generator and len(args) > RESULT:
        returned = args[RESULT]
    elif origin is Generator and args:
        returned = None  # Python's own default for what a generator returns
    return Types(args[0] if args else Any, returned)
