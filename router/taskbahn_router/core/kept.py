"""What schedules and their like have in common: code declares them, people change them at run time, and they can be paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from taskbahn.protocol.scheduling import SchedulePause

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("flow", "chain", "group", "with", "on_success", "on_failure", "on_end")  # of a flow, in which there may be tasks


class KeptRow(Protocol):
    """A stored row of one of them."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def declared(self) -> str | None:
        """What code declares, as JSON; None: no code does."""

    @property
    def changed(self) -> str | None:
        """What was set at run time, as JSON."""

    @property
    def declared_at(self) -> float | None:
        """When the worker first came whose code counts."""

    @property
    def version(self) -> int:
        """How many changes it had."""

    @property
    def pause(self) -> str | None:
        """A `SchedulePause` as JSON; None: it is not paused."""


class KeptChange(Protocol):
    """A change of one of them."""

    def row(self, before: Any) -> Any:
        """Return the row that it makes of the one before, None if there is none."""


def pause_of(row: KeptRow) -> SchedulePause | None:
    """Return the pause of what is kept."""
    return None if row.pause is None else msgspec.json.decode(row.pause, type=SchedulePause)


def is_over(pause: SchedulePause, now: float) -> bool:
    """Return whether the time of a pause is over; an orphan stays paused."""
    return not pause.orphaned and pause.until is not None and pause.until <= now


def tasks_in(call: Any) -> Iterator[str]:
    """Return the names of the tasks that a call or a flow starts."""
    left = [call]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield from (node[kind] for kind in ("task", "map") if isinstance(node.get(kind), str))
            left += [node[part] for part in PARTS if part in node]
        elif isinstance(node, list):
            left += node
