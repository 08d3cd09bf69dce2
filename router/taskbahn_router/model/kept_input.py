"""Changes of schedules and their like that wait for the next commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn_router.core.audit import Act

    Changed = Callable[[bool], None]  # learns whether a change holds

ChangeT = TypeVar("ChangeT")


@dataclass(slots=True)
class KeptInput(Generic[ChangeT]):
    """Those of one kind; only its own verbs write it."""

    changes: list[tuple[ChangeT, Changed, Act | None]] = field(default_factory=list)
    drops: list[tuple[str, int, Changed, Act | None]] = field(default_factory=list)  # id, version

    def __bool__(self) -> bool:
        return bool(self.changes or self.drops)

    def put(self, change: ChangeT, changed: Changed, act: Act | None = None) -> None:
        """Store something new or changed."""
        self.changes.append((change, changed, act))

    def drop(self, id: str, version: int, changed: Changed, act: Act | None = None) -> None:
        """Delete what has that version."""
        self.drops.append((id, version, changed, act))

    def rows(self) -> tuple[list[ChangeT], list[tuple[str, int]]]:
        """Return what a batch takes: what it stores, and what it deletes."""
        return [change for change, *_ in self.changes], [(id, version) for id, version, *_ in self.drops]

    def answers(self) -> Iterator[Changed]:
        """Return who learns what became of each: of the changes, then of the deletions."""
        yield from (changed for _, changed, _ in self.changes)
        yield from (changed for _, _, changed, _ in self.drops)

    def acts(self) -> Iterator[Act | None]:
        """Return whose acts they are: the changes, then the deletions."""
        yield from (act for *_, act in self.changes)
        yield from (act for *_, act in self.drops)
