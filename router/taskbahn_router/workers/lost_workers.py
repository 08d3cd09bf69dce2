"""The workers that were lost of late: their session ended while they had jobs, and they did not come back in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

MAX_LOST = 100  # the latest
LOST_SECONDS = 900.0  # for which a loss is worth a look


class LostWorker(NamedTuple):
    """A worker that was lost.  at: when it was given up.   jobs: how many it had."""

    id: str
    host: str
    at: float
    jobs: int


class LostWorkers:
    """Remembers them, in memory."""

    def __init__(self) -> None:
        self._lost: dict[str, LostWorker] = {}

    def add(self, lost: LostWorker) -> None:
        """Take note of a loss."""
        self._lost.pop(lost.id, None)
        self._lost[lost.id] = lost
        while len(self._lost) > MAX_LOST:
            del self._lost[next(iter(self._lost))]

    def lately(self, now: float, attached: Container[str]) -> list[LostWorker]:
        """Return those that were lost of late and are not back, the latest first."""
        for id in [id for id, lost in self._lost.items() if now - lost.at > LOST_SECONDS or id in attached]:
            del self._lost[id]
        return list(reversed(self._lost.values()))
