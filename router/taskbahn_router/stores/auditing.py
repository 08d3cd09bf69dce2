"""What readers are asked about the audit, and what commits delete of it. A part of the contract of stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbahn_router.core.audit import UNKNOWN
from taskbahn_router.core.globs import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn_router.core.audit import AuditRow, Part
    from taskbahn_router.stores.contract import CommitResult

MOST_LOOKED_AT = 5_000  # entries that one question reads
MOST_LISTS = 500  # entries whose lists of jobs one question reads
SLACK = 3600.0  # seconds by which the wall clock may have gone back between two entries
SHOWN_JOBS = 100  # jobs of an entry that readers get
LAST = 1 << 62


class AuditFilter(NamedTuple):
    """Which entries to list, newest first; None (or nothing) means any.

    who: the authid, or the name that the person gave; in it `*` stands for any run of characters, and `[*]` for a star.
    job: the id of a job that an entry is about, alone or among others.   text: in any case, in what an entry says.
    since: they are of this time or later.   until: before this time.   before: the id before which to begin.
    """

    who: str | None = None
    verb: str | None = None
    kind: str | None = None
    object: str | None = None
    job: bytes | None = None
    since: float | None = None
    until: float | None = None
    text: str = ""
    before: int = LAST
    limit: int = 50
    most: int = MOST_LOOKED_AT

    def fits(self, row: AuditRow) -> bool:
        """Return whether an entry is among them; what *job* says is for the store."""
        return (
            self.verb in (None, row.verb)
            and self.kind in (None, row.kind)
            and self.object in (None, row.object)
            and (self.since is None or row.at >= self.since)
            and (self.until is None or row.at < self.until)
            and (self.who is None or any(fits(name, self.who) for name in (row.authid, row.name) if name))
            and (not self.text or self.text.casefold() in _said(row))
        )

    def is_past(self, row: AuditRow) -> bool:
        """Return whether an entry, and all that are older, are from before the time that is asked for."""
        return self.since is not None and row.at < self.since - SLACK


class AuditPage(NamedTuple):
    """Entries with their ids.   next: the id before which to go on, None at the end; there may be more though none were found."""

    rows: list[tuple[int, AuditRow]]
    next: int | None


class DropAudit(NamedTuple):
    """Delete the oldest entries that are from before a time, no more than *limit* of them."""

    before: float
    limit: int


class AuditReader(Protocol):
    """The questions of `contract.Reader` about the audit."""

    def audit(self, wanted: AuditFilter) -> AuditPage:
        """Return up to `wanted.limit` entries, and where to go on; it looks at a bounded number.  Of their jobs there are the first."""


def found_in(result: CommitResult) -> Callable[[Part], tuple[bool, str | None]]:
    """Return what says of a part of an act whether a commit did it, and why not; None: others were faster, and it is tried again."""

    def found(part: Part) -> tuple[bool, str | None]:
        number = part.number
        if part.where == "new":
            refused = result.admitted.refused if result.admitted is not None else ()
            if number in result.duplicates:
                return False, "started before"
            return (False, "refused by a rule of the task") if number in refused else (True, "")
        kept = {"schedules": result.schedules, "triggers": result.triggers, "credentials": result.credentials}.get(part.where)
        if kept is not None:
            return kept[number], None
        answer = result.answers[number] if part.where == "answers" else result.paused[number] if part.where == "paused" else None
        if part.where == "notes" and (note := result.told[number]) is not None:
            answer = note[0]
        return (False, UNKNOWN) if answer is None else (answer.is_moved, str(answer.state))

    return found


def paged(found: Iterable[tuple[int, AuditRow]], wanted: AuditFilter) -> AuditPage:
    """Return a page of entries that come newest first."""
    rows: list[tuple[int, AuditRow]] = []
    for looked, (id, row) in enumerate(found, 1):
        if wanted.is_past(row):
            break
        if wanted.fits(row):
            rows.append((id, row))
        if len(rows) == wanted.limit or looked == wanted.most:
            return AuditPage(rows, id)
    return AuditPage(rows, None)


def of_job(
    own: Iterable[tuple[int, AuditRow]], lists: Iterable[tuple[int, AuditRow]], end: int | None, wanted: AuditFilter
) -> AuditPage:
    """Return a page of the entries about one job: those about it alone, and those whose lists have it.

    end: the id before which lists were not looked at; None: all were.
    """
    both = dict(own) | dict(lists)
    page = paged(((id, both[id]) for id in sorted(both, reverse=True) if end is None or id >= end), wanted)
    return page if page.next is not None else page._replace(next=end)


def _said(row: AuditRow) -> str:
    words = (row.authid, row.name, row.role, row.verb, row.kind, row.object, row.address, row.reason, row.query, row.effect)
    return "\n".join(word for word in words if word).casefold()
