"""The guards of every store, made from the table of `core.lifecycle`: from which states a row of a batch moves a job, and to which."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.core.lifecycle import FIRST_STATES, Event, IllegalMove, sources, targets

if TYPE_CHECKING:
    from collections.abc import Iterable


class Guard(NamedTuple):
    """What a row may do to a job's state."""

    sources: tuple[str, ...]  # in the order of the table: SQLite finds partial indexes by the text of their condition
    targets: frozenset[str]

    def check(self, what: str, states: Iterable[object]) -> None:
        """Raise `IllegalMove` unless *what* leads to each of those states."""
        wrong = set(states) - self.targets
        if wrong:
            raise IllegalMove(f"no {what} leads to {', '.join(map(repr, map(str, wrong)))}")

    def check_count(self, what: str, moved: int, expected: int) -> None:
        """Raise `IllegalMove` unless a statement moved all jobs that it was made for."""
        if moved != expected:
            raise IllegalMove(f"{what} moved {moved} of {expected} jobs: the others were not {' or '.join(self.sources)}")


def _guard(*events: Event) -> Guard:
    return Guard(tuple(map(str, sources(*events))), frozenset(map(str, targets(*events))))


INSERT = "insert"
FINISH = "finish"
REQUEUE = "requeue"
ASKED = (
    Event.DUE, Event.START, Event.EXPIRE, Event.OVERDUE, Event.PARENT_FAILED, Event.CANCEL, Event.RETRY_BY_HAND, Event.REOPEN, Event.COMPLETE,
    Event.RESUME_FLOW, Event.PAUSE,
)  # fmt: skip

GUARDS = MappingProxyType(
    {
        INSERT: Guard((), frozenset(map(str, FIRST_STATES))),
        FINISH: _guard(Event.SUCCEED, Event.FAIL),
        REQUEUE: _guard(Event.RETRY, Event.WORKER_LOST, Event.HAND_BACK, Event.SUSPEND),
        **{str(event): _guard(event) for event in ASKED},
    }
)
