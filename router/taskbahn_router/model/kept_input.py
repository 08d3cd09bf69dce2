"""Changes of schedules and their like that wait for the next commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Changed = Callable[[bool], None]  # learns whether a change holds

ChangeT = TypeVar("ChangeT")


@dataclass(slots=True)
class KeptInput(Generic[ChangeT]):
    """Those of one kind; only its own verbs write it."""

    changes: list[tuple[ChangeT, Changed]] = field(default_factory=list)
    drops: list[tuple[str, int, Changed]] = field(default_factory=list)  # id, version

    def __bool__(self) -> bool:
        return bool(self.changes or self.drops)

    def put(self, change: ChangeT, changed: Changed) -> None:
        """Store something new or changed."""
        self.changes.append((change, changed))

    def drop(self, id: str, version: int, changed: Changed) -> None:
        """Delete what has that version."""
        self.drops.append((id, version, changed))

    def rows(self) -> tuple[list[ChangeT], list[tuple[str, int]]]:
        """Return what a batch takes: what it stores, and what it deletes."""
        return [change for change, _ in self.changes], [(id, version) for id, version, _ in self.drops]

    def answers(self) -> Iterator[Changed]:
        """Return who learns what became of each: of the changes, then of the deletions."""
        yield from (changed for _, changed in self.changes)
        yield from (changed for _, _, changed in self.drops)
