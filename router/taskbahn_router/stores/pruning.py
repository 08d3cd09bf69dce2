"""Which jobs with edges a store may delete: none while a child of it may still run.

A child that succeeded, or is deleted itself, needs its parents no more; one that failed may be retried by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    Children = Iterable[tuple[int, int, str | None]]  # child, position, state; None: the child is gone


class Prunable(NamedTuple):
    """Jobs to delete; edges that nothing needs: parent, child, position; and whether the looks did not suffice for all jobs."""

    gone: set[int]
    edges: list[tuple[int, int, int]]
    is_cut: bool


def prunable(over: Iterable[int], parents: Container[int], children: Callable[[int], Children], most: int) -> Prunable:
    """Look at no more than *most* edges of the parents among jobs whose time is over, the newest first, for its parents wait for it."""
    over = sorted(over, reverse=True)
    found = Prunable({seq for seq in over if seq not in parents}, [], is_cut=False)
    left = most
    for seq in (seq for seq in over if seq in parents):
        for child, position, state in children(seq):
            if not left:
                return found._replace(is_cut=True)
            left -= 1
            if not (child in found.gone or state is None or state == State.SUCCEEDED):
                break
            found.edges.append((seq, child, position))
        else:
            found.gone.add(seq)
    return found
