"""`chain`, `group` and `chord`: flows that are made of flows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, overload

from taskbahn.errors import InvalidFlow
from taskbahn.flows.nodes import Chain, Group
from taskbahn.tasks.flow import Flow, joined

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
N = TypeVar("N")
R = TypeVar("R")
X = TypeVar("X")


@overload
def chain() -> Flow[object, None]: ...
@overload
def chain(a: Flow[X, A], /) -> Flow[X, A]: ...
@overload
def chain(a: Flow[X, A], b: Flow[A, B], /) -> Flow[X, B]: ...
@overload
def chain(a: Flow[X, A], b: Flow[A, B], c: Flow[B, C], /) -> Flow[X, C]: ...
@overload
def chain(a: Flow[X, A], b: Flow[A, B], c: Flow[B, C], d: Flow[C, D], /) -> Flow[X, D]: ...
@overload
def chain(
    a: Flow[X, A], b: Flow[A, B], c: Flow[B, C], d: Flow[C, D], e: Flow[D, E], /, *more: Flow[Any, Any]
) -> Flow[X, Any]: ...
@overload
def chain(flows: Iterable[Flow[Any, Any]], /) -> Flow[Any, Any]: ...
def chain(*flows: Any) -> Flow[Any, Any]:
    """Return a flow that does these one after the other, and has the result of the last; without any the result is None.

    Each gets the result of the one before it as its first argument. Raises InvalidFlow.
    """
    return joined(Chain, _given(flows))


@overload
def group(flows: Iterable[Flow[X, R]], /) -> Flow[X, list[R]]: ...
@overload
def group(a: Flow[X, A], b: Flow[X, B], /) -> Flow[X, list[A | B]]: ...
@overload
def group(a: Flow[X, A], b: Flow[X, B], c: Flow[X, C], /) -> Flow[X, list[A | B | C]]: ...
@overload
def group(*flows: Flow[X, R]) -> Flow[X, list[R]]: ...
def group(*flows: Any) -> Flow[Any, list[Any]]:
    """Return a flow that does these at the same time, and has the list of their results, in this order.

    Each gets what comes before the group as its first argument. Raises InvalidFlow.
    """
    return joined(Group, _given(flows))


def chord(header: Flow[X, list[R]] | Iterable[Flow[X, R]], body: Flow[list[R], N], /) -> Flow[X, N]:
    """Return `group(header) | body`: the body gets the list of the header's results. Raises InvalidFlow."""
    return (header if isinstance(header, Flow) else group(header)) | body


def _given(flows: tuple[Any, ...]) -> Iterable[Flow[Any, Any]]:
    if len(flows) != 1 or isinstance(flows[0], Flow):
        return flows
    if not isinstance(flows[0], Iterable) or isinstance(flows[0], str):
        raise InvalidFlow(f"{flows[0]!r:.200} is no flow, and no list of flows: write task.s(...) or task.si(...)")
    return flows[0]
