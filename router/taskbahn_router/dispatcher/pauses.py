"""What operators have paused: kept by the store beside the limits, hung on partitions, and ended when its time comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.pauses import Subject, parse_subject
from taskbahn.protocol.views import Pause as PauseView
from taskbahn_router.core.rows import NOT_RESUMED_US
from taskbahn_router.promises.engine import Pause
from taskbahn_router.promises.pausing import PAUSE, key_of
from taskbahn_router.stores.rows import LimitRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.core.rows import Costs, Gate
    from taskbahn_router.model.partitions import Partition

KIND = "pause"  # of the rows among those of limits


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a row says of a pause."""

    query: str
    until: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KeptPause:
    """One pause; until: seconds since the epoch, None without an end.  by, at: who paused it, and when."""

    subject: Subject
    until: float | None
    reason: str
    by: str | None
    at: float

    def row(self) -> LimitRow:
        """Return it as it is stored."""
        stored = messages.to_json(_Stored(self.subject.query, self.until, self.reason))
        return LimitRow(_row_name(self.subject), KIND, None, stored, 1, self.by, self.at)

    def view(self) -> PauseView:
        """Return it as it is shown."""
        return PauseView(query=self.subject.query, reason=self.reason, until=self.until, paused_by=self.by, paused_at=self.at)


class Pauses:
    """The pauses of this moment, and what of them the store and the gates do not have yet."""

    def __init__(self) -> None:
        self._kept: dict[Subject, KeptPause] = {}
        self._unstored: set[str] = set()
        self._due: dict[str, Pause] = {}  # by key of a gate

    def begin(self, rows: Iterable[LimitRow]) -> None:
        """Take over what the store has; the gates get it again, for a store that was salvaged has none."""
        for row in rows:
            stored = msgspec.json.decode(row.override or "", type=_Stored)
            pause = KeptPause(parse_subject(stored.query), stored.until, stored.reason, row.changed_by, row.changed_at or 0.0)
            self._kept[pause.subject] = pause
            self._close(pause)

    def __bool__(self) -> bool:
        return bool(self._kept or self._unstored or self._due)

    def get(self, kind: str, name: str = "") -> KeptPause | None:
        """Return the pause of a system, queue, task or key."""
        return self._kept.get(Subject(kind, name))  # type: ignore[arg-type]

    def all(self) -> list[KeptPause]:
        """Return all pauses, the oldest first."""
        return sorted(self._kept.values(), key=lambda pause: pause.at)

    def on(self, gate: Gate) -> PauseView | None:
        """Return the pause that closes a gate, None if none does."""
        if gate.paused_until_us is None:
            return None
        return next((pause.view() for pause in self._kept.values() if key_of(pause.subject) == gate.key), None)

    def holding(self, queue: str, task: str) -> PauseView | None:
        """Return the pause that holds all jobs of a task in a queue, None if none does."""
        return next(iter(self.all_holding(queue, task)), None)

    def all_holding(self, queue: str, task: str) -> list[PauseView]:
        """Return all pauses that hold the jobs of a task in a queue."""
        return [self._kept[subject].view() for subject in _subjects(queue, task) if subject in self._kept]

    def view_of(self, kind: str, name: str) -> PauseView | None:
        """Return the pause of a queue or a task."""
        pause = self.get(kind, name)
        return None if pause is None else pause.view()

    def pause(self, pause: KeptPause) -> None:
        """Close a gate, or close it in another way than before; the next turn stores it."""
        self._kept[pause.subject] = pause
        self._unstored.add(_row_name(pause.subject))
        self._close(pause)

    def resume(self, subject: Subject) -> None:
        """Open a gate again."""
        del self._kept[subject]
        self._unstored.add(_row_name(subject))
        self._due[key_of(subject)] = Pause(key_of(subject), None)

    def _close(self, pause: KeptPause) -> None:
        until_us = NOT_RESUMED_US if pause.until is None else int(pause.until * 1e6)
        self._due[key_of(pause.subject)] = Pause(key_of(pause.subject), until_us, pause.reason or None)

    def hung_on(self, partition: Partition) -> Costs:
        """Return the keys of the pauses that hold all jobs of a partition."""
        if not self._kept:
            return ()
        subjects = _subjects(partition.queue, partition.task)
        return tuple((key_of(subject), 1) for subject in subjects if subject in self._kept)

    def ends(self) -> float | None:
        """Return when the first pause ends, None if none does by itself."""
        return min((pause.until for pause in self._kept.values() if pause.until is not None), default=None)

    def over(self, now: float) -> list[KeptPause]:
        """Return the pauses whose time is over."""
        return [pause for pause in self._kept.values() if pause.until is not None and pause.until <= now]

    def take_due(self) -> list[Pause]:
        """Return what the next commit does to gates."""
        due, self._due = list(self._due.values()), {}
        return due

    def again(self, pauses: Iterable[Pause]) -> None:
        """Take back what a commit did not do, unless it is out of date by now."""
        for pause in pauses:
            self._due.setdefault(pause.key, pause)

    def store_again(self, names: Iterable[str]) -> None:
        """Have pauses stored whose commit was delayed."""
        self._unstored.update(name for name in names if name.startswith(PAUSE))

    def take_rows(self) -> tuple[list[LimitRow], list[str]]:
        """Return what is to be stored, and the names of what is to be deleted."""
        if not self._unstored:
            return [], []
        rows = {row.name: row for row in (pause.row() for pause in self._kept.values())}
        names, self._unstored = sorted(self._unstored), set()
        return [rows[name] for name in names if name in rows], [name for name in names if name not in rows]


def _subjects(queue: str, task: str) -> tuple[Subject, ...]:
    return Subject("system"), Subject("queue", queue), Subject("task", task)


def _row_name(subject: Subject) -> str:
    """Return the name of a row; limits have none that begins with @."""
    return f"{PAUSE} {subject.query}"
