"""How the result of a flow becomes what its tasks' annotations say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from taskbahn.flows.nodes import Group, Many, Member, last_of
from taskbahn.signatures.payloads import plain_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn.flows.nodes import Node

as_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class ResultType(Protocol):
    """Makes results and chunks of what travels; a `TaskSignature` is one."""

    def unpack_result(self, text: str) -> Any:
        """Return a result."""

    def unpack_chunk(self, value: Any) -> Any:
        """Return a chunk."""


class ListOf:
    """The list of a group's results. items: the type of each, or of all if they have one; None: they stay as they come."""

    def __init__(self, items: Sequence[ResultType | None]) -> None:
        self._items = items
        self._only = items[0] if items and all(item is items[0] for item in items) else None

    def unpack_result(self, text: str) -> Any:
        """Return the list; as plain values where it is not clear which item is whose, because `if_fails("skip")` has left some out."""
        found = as_list(text)
        kinds = self._items
        if len(found) != len(kinds) or self._only is not None:
            if self._only is None:
                return plain_of(text)
            kinds = [self._only] * len(found)
        return [_unpack(kind, bytes(raw).decode()) for kind, raw in zip(kinds, found, strict=True)]

    def unpack_chunk(self, value: Any) -> Any:
        """Return it: groups have no chunks."""
        return value


class OrNone:
    """A result of a type, or None: that of a member that failed with `if_fails("none")`, or that was skipped."""

    def __init__(self, kind: ResultType) -> None:
        self._kind = kind

    def unpack_result(self, text: str) -> Any:
        """Return the result."""
        return _unpack(self._kind, text)

    def unpack_chunk(self, value: Any) -> Any:
        """Return a chunk."""
        return self._kind.unpack_chunk(value)


def _unpack(kind: ResultType | None, text: str) -> Any:
    if text == "null":  # of a member that has none, whatever its type is
        return None
    return kind.unpack_result(text) if kind else plain_of(text)


def result_type(node: Node) -> ResultType | None:
    """Return the type of a node's result; None if nothing is known."""
    last = last_of(node)
    if isinstance(last, Member):
        return last.signature if last is node or last.signature is None else OrNone(last.signature)
    if isinstance(last, Many):
        return ListOf([ListOf([last.signature]) if last.per_job else last.signature])
    if isinstance(last, Group):
        return ListOf([result_type(part.node) for part in last.parts])
    return None
