"""Triggers as they are stored, and what a commit notes of events that have come for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol import messages
from taskbahn_router.core.named_ids import named_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

REFUSED = messages.to_json({"message": "a rule of the task refused the job: it is unique, or a limit is full"})


class TriggerRow(NamedTuple):
    """A trigger as it is stored.  Times are seconds since the epoch.

    declared, changed: what code declares and what was set at run time, each as JSON; None: nothing.   version: counts their changes.
    pause: as that of a schedule.   started, lost: events that started jobs, and those for which there was no room.
    last_at, last_job: of the newest event that started jobs.   trouble: why the newest event started none, as JSON.
    """

    id: str
    kind: str
    declared: str | None
    changed: str | None
    declared_at: float | None
    version: int
    pause: str | None
    changed_by: str | None
    changed_at: float
    started: int = 0
    lost: int = 0
    last_at: float | None = None
    last_job: bytes | None = None
    trouble: str | None = None

    def noted(self, note: TriggerNote) -> TriggerRow:
        """Return it after events."""
        last_at, last_job = (self.last_at, self.last_job) if note.last_job is None else (note.last_at, note.last_job)
        return self._replace(
            started=self.started + note.started, lost=self.lost + note.lost, last_at=last_at, last_job=last_job, trouble=note.trouble
        )  # fmt: skip


class TriggerChange(NamedTuple):
    """A trigger to store, if its version is still *version*; 0: it must not exist.  What events write stays."""

    id: str
    kind: str
    declared: str | None
    changed: str | None
    declared_at: float | None
    version: int
    pause: str | None
    changed_by: str | None
    changed_at: float

    def row(self, before: TriggerRow | None) -> TriggerRow:
        """Return the row that it makes of the one before."""
        if before is None:
            return TriggerRow(*self)._replace(version=1)
        trouble = before.trouble if (self.declared, self.changed) == (before.declared, before.changed) else None
        return before._replace(**self._asdict())._replace(version=self.version + 1, trouble=trouble)


class Triggered(NamedTuple):
    """What an event has meant to a trigger.

    jobs: seqs of the jobs that are submitted for it; none if they are refused.   id: of the first of them.
    lost: events for which there was no room.   error: why it starts none, as JSON.
    """

    trigger: str
    at: float
    jobs: tuple[int, ...] = ()
    id: bytes | None = None
    lost: int = 0
    error: str | None = None


class TriggerNote(NamedTuple):
    """What the events of one commit have meant to a trigger, all together."""

    started: int
    lost: int
    last_at: float | None
    last_job: bytes | None
    trouble: str | None


def job_of_event(trigger: str, event: str) -> bytes:
    """Return the id of the job that a trigger starts for an event of this id, always the same."""
    return named_id(f"trigger\n{trigger}\n{event}")


def notes_of(found: Iterable[Triggered], duplicates: Collection[int], refused: Collection[int]) -> dict[str, TriggerNote]:
    """Return what a commit notes, by trigger.   duplicates, refused: seqs of jobs that the store has already, or that it turned away."""
    notes: dict[str, TriggerNote] = {}
    for one in found:
        if one.jobs and one.jobs[0] in duplicates:
            continue  # the event came again
        before = notes.get(one.trigger) or TriggerNote(0, 0, None, None, None)
        if one.jobs and one.jobs[0] not in refused:
            notes[one.trigger] = before._replace(started=before.started + 1, last_at=one.at, last_job=one.id, trouble=None)
        else:
            notes[one.trigger] = before._replace(lost=before.lost + one.lost, trouble=one.error or REFUSED)
    return notes
