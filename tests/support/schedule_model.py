"""What a store has to know of schedules, on a page: lives of it are compared with what each store says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.rows import NOW, new_job
from taskbahn_router.core.firings import HISTORY, MOST_BUFFERED, Firing, ScheduleChange, job_of
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult, Store

EVERY = 10.0  # seconds between the due times of the model's schedules
ROOM = {"skip": 0, "buffer_one": 1, "buffer_all": MOST_BUFFERED}


def commit(store: Store, *entries: Any, **more: Any) -> CommitResult:
    rules, reactions = Promises(NOW, {}, keep=100.0), Reactions(NOW, 100.0)
    return store.commit(CommitBatch(submissions=list(entries), rules=rules, reactions=reactions, **more))


def change(id: str = "s", version: int = 0, due_at: float | None = NOW, **words: Any) -> ScheduleChange:
    return ScheduleChange(id, None, "{}", None, version, due_at, due_at, None, "ada", NOW)._replace(**words)


def firing(due_at: float = NOW, seq: int = 1, schedule: str = "s", **words: Any) -> Firing:
    then = due_at + EVERY
    return Firing(schedule, 1, due_at, then, then, NOW + 1, (seq,), job_of(schedule, due_at))._replace(**words)


def fire(store: Store, *firings: Firing, **more: Any) -> list[str]:
    """Commit firings, each with a job if it has one; return what became of them."""
    entries = [[new_job(one.jobs[0], id=one.id)] for one in firings if one.jobs]
    return commit(store, *entries, firings=list(firings), **more).fired


@dataclass
class Known:
    """What the model knows of a schedule."""

    version: int = 1
    due_at: float | None = NOW
    fired: int = 0
    last: bytes | None = None
    buffered: list[float] = field(default_factory=list)
    history: list[tuple[float, str]] = field(default_factory=list)


class ScheduleModel:
    """Schedules and the jobs that they started, which are ready until `end`."""

    def __init__(self) -> None:
        self.schedules: dict[str, Known] = {}
        self.jobs: dict[bytes, bool] = {}  # id -> whether it has ended

    def change(self, id: str, version: int, due_at: float | None) -> bool:
        known = self.schedules.get(id)
        if version != (0 if known is None else known.version):
            return False
        known = self.schedules.setdefault(id, Known(0))
        known.version, known.due_at = version + 1, due_at
        if due_at is None:
            known.buffered = []
        return True

    def drop(self, id: str, version: int) -> bool:
        holds = id in self.schedules and self.schedules[id].version == version
        if holds:
            del self.schedules[id]
        return holds

    def fire(self, asked: Firing) -> str:
        known = self.schedules.get(asked.schedule)
        if known is None or known.version != asked.version:
            return "stale"
        is_busy = known.last is not None and not self.jobs.get(known.last, True)
        waiting = list(known.buffered)
        if asked.is_buffered:
            if is_busy or waiting[:1] != [asked.due_at]:
                return "stale"
            known.buffered, waiting = waiting[1:], []
        elif known.due_at != asked.due_at:
            return "stale"
        else:
            known.due_at = asked.then_due
        if asked.id in self.jobs:
            return "stale"
        outcome = "fired"
        if not asked.jobs:
            outcome = "missed"
        elif asked.overlap not in ("allow", "cancel_other") and (is_busy or waiting):
            outcome = "buffered" if len(waiting) < ROOM[asked.overlap] else "skipped"
        if outcome == "buffered":
            known.buffered.append(asked.due_at)
        known.history.append((asked.due_at, outcome))
        if outcome == "fired":
            self._start(known, asked, is_busy=is_busy)
        return outcome

    def _start(self, known: Known, asked: Firing, *, is_busy: bool) -> None:
        assert asked.id is not None
        if is_busy and asked.overlap == "cancel_other":
            assert known.last is not None
            self.jobs[known.last] = True
        self.jobs[asked.id] = False
        known.fired, known.last = known.fired + 1, asked.id
        if asked.times is not None and known.fired >= asked.times:
            known.due_at, known.buffered = None, []

    def check(self, store: Store) -> None:
        """Assert that a store says the same."""
        reader = store.reader()
        rows = {row.id: row for row in reader.schedules("", 100)}
        assert rows.keys() == self.schedules.keys()
        for id, known in self.schedules.items():
            row = rows[id]
            assert (row.version, row.due_at, row.next_at) == (known.version, known.due_at, known.due_at)
            assert (row.fired, row.last_job) == (known.fired, known.last)
            assert (row.buffered or "[]").replace(" ", "") == "[" + ",".join(map(repr, known.buffered)) + "]"
            history = [(entry.due_at, entry.outcome) for entry, _ in reader.firings(id, 1_000_000, 1_000)]
            assert history == known.history[::-1][:HISTORY]
        due = sorted((known.due_at, id) for id, known in self.schedules.items() if known.due_at is not None)
        assert reader.next_firing(0) == (due[0][0] if due else None)
        assert sorted((row.next_at, row.id) for row, _ in reader.due_schedules(NOW + 50, 100)) == [
            one for one in due if one[0] <= NOW + 50
        ]
        assert [row.id for row in reader.buffered_schedules("", 100)] == sorted(
            id for id, known in self.schedules.items() if known.buffered
        )
        for raw, has_ended in self.jobs.items():
            job = reader.job(raw)
            assert job is not None
            assert (job.state != "ready") == has_ended
        reader.close()
