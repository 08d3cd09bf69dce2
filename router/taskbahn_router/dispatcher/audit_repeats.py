"""Entries without a change in the store, as refused logins: those that come again and again are counted into few, so that no stranger
fills the store.

The first of a kind is an entry at once. Those that follow are counted, and become one entry when its pause is over; each further pause is
longer. The kinds are bounded, and so are the entries of an hour that are written at once; the others are counted together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn_router.core.audit import AuditRow

    Kind = tuple[str, str, str, str]

PAUSES = (60.0, 600.0, 3600.0)  # seconds between the entries of a kind; the last one again and again
MAX_KINDS = 20
MAX_AN_HOUR = 200  # entries that are written at once
HOUR = 3600.0
ROUNDED = 0.001  # seconds: a timer may fire a little before its time, for sums are rounded; it would fire again and again then
OTHERS = ("", "", "", "")  # the kind of those for which there is no room
LONGEST_EFFECT = 60  # characters of an effect that make a kind


class Repeated(NamedTuple):
    """Entries of one kind.   last: the newest.   since: of the pause.   paused: how many pauses there were."""

    last: AuditRow
    times: int
    since: float
    paused: int

    @property
    def ends(self) -> float:
        """When its pause is over."""
        return self.since + PAUSES[min(self.paused, len(PAUSES) - 1)]


class AuditRepeats:
    """Lets entries through, or counts them.   clock: seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kinds: dict[Kind, Repeated] = {}
        self._hour = (0.0, 0)  # since when entries are counted, and how many were written at once

    def let_through(self, row: AuditRow, kind: Kind | None = None) -> AuditRow | None:
        """Return an entry that is to be written now; None: it is counted.   kind: with which it is counted, if not by what it says."""
        now, kind = self._clock(), kind or (row.address or "", row.verb, row.kind, row.effect[:LONGEST_EFFECT])
        if kind not in self._kinds:
            since, written = self._hour if now - self._hour[0] < HOUR else (now, 0)
            if len(self._kinds) < MAX_KINDS and written < MAX_AN_HOUR:
                self._hour = since, written + 1
                self._kinds[kind] = Repeated(row, 0, now, 0)
                return row
            kind = OTHERS
        before = self._kinds.get(kind) or Repeated(row, 0, now, 0)
        self._kinds[kind] = before._replace(last=row, times=before.times + row.times)
        return None

    def over(self) -> Iterator[AuditRow]:
        """Return the entries of those that were counted and whose pause is over."""
        now = self._clock()
        for kind, one in list(self._kinds.items()):
            if now < one.ends - ROUNDED:
                continue
            if one.times:
                self._kinds[kind] = Repeated(one.last, 0, now, one.paused + 1)
                yield one.last._replace(times=one.times)
            else:
                del self._kinds[kind]

    def all_left(self) -> list[AuditRow]:
        """Return the entries of all that were counted: the dispatcher stops."""
        left = [one.last._replace(times=one.times) for one in self._kinds.values() if one.times]
        self._kinds.clear()
        return left

    def next_in(self) -> float | None:
        """Return in how many seconds the next pause is over; None: none is."""
        ends = [one.ends for one in self._kinds.values()]
        return max(0.0, min(ends) - self._clock()) if ends else None
