"""The same batches given to every store have the same answers, whatever they are."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.rows import NOW, PARTITIONS, cancel, finish, id_of, new_job, requeue, retry, seen_by
from support.stores import KINDS, StoreKind

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch, CommitResult, Filter, QueueCursor, Reader
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.stores.minutes import DropMinutes, MinuteRow
from taskbahn_router.stores.rows import AttemptRow, EventRow, LimitRow, NewJob, Prune, Snapshot, Sweep
from taskbahn_router.stores.rows import Claim as ClaimRow

SEQS = st.integers(1, 12)
ATTEMPTS = st.integers(1, 3)
TIMES = st.integers(0, 20).map(lambda second: NOW + second)
MAYBE_TIMES = st.none() | TIMES
COUNTS = st.integers(0, 2)
NAMES = st.sampled_from(["a.one", "a.two", "b.one"])
TAGS = st.sampled_from([None, '["red"]', '["red","blue"]'])

FINISHES = st.builds(
    lambda seq, attempt, state, delete_at, number: finish(seq, attempt, state=state, delete_at=delete_at, number=number),
    SEQS, ATTEMPTS, st.sampled_from(["succeeded", "failed"]), TIMES, st.integers(1, 30),
)  # fmt: skip
REQUEUES = st.builds(
    lambda seq, attempt, due_at, failures, crashes: requeue(
        seq, attempt, state="ready" if due_at is None else "waiting", due_at=due_at, failures=failures, crashes=crashes
    ),
    SEQS, ATTEMPTS, MAYBE_TIMES, COUNTS, COUNTS,
)  # fmt: skip
ATTEMPT_ROWS = st.builds(lambda seq, attempt: AttemptRow(seq, attempt, "w", NOW, NOW, "error", None), SEQS, ATTEMPTS)
EVENT_ROWS = st.builds(
    lambda seq, number, attempt, mark: EventRow(seq, number, NOW, "log", "1", attempt, mark),
    SEQS, st.integers(1, 9), ATTEMPTS, st.integers(0, 5),
)  # fmt: skip
SNAPSHOTS = st.builds(lambda number, seq: Snapshot(number, '{"fraction":0.5}', seq), st.integers(1, 30), SEQS)
CLAIMS = st.builds(
    lambda partitions, limit, now: ClaimRow("w", tuple(partitions), limit, now),
    st.lists(st.integers(1, 4), unique=True, max_size=4), st.integers(1, 4), TIMES,
)  # fmt: skip
MINUTES = st.builds(
    lambda at, task, count: MinuteRow(at, task, count, 1, 0, 0, 0, 0, "[1,2]", "[]", None, count, 0, None),
    st.integers(0, 5).map(lambda number: 60 * number), st.sampled_from(["", "a.one", "a.two"]), COUNTS,
)  # fmt: skip
LIMIT_NAMES = st.sampled_from(["g", "k", "r"])
LIMITS = st.builds(
    LimitRow, LIMIT_NAMES, st.sampled_from(["rate", "concurrency"]), st.sampled_from([None, "{}"]),
    st.sampled_from([None, '{"limit":0}', '{"rate":"5/s"}']), st.integers(1, 9), st.sampled_from([None, "joe"]), MAYBE_TIMES,
)  # fmt: skip
JOBS = st.tuples(
    SEQS, st.integers(1, 3), st.sampled_from([State.WAITING, State.READY, State.RUNNING]), st.integers(-1, 1), TIMES, MAYBE_TIMES, TAGS
)  # fmt: skip


def some(rows: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Up to three; no two that move the same job in the same way, for which of them counts is not said."""
    return st.lists(rows, max_size=3, unique_by=lambda row: getattr(row, "seq", id(row)))


class SideBySide(RuleBasedStateMachine):
    """Drives the store in memory and one of another kind with the same batches."""

    kind: ClassVar[StoreKind]

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.memory, self.other = MemoryStore(), self.kind.make_quick(self.folder)
        self.open()
        self.readers: list[Reader] = [self.memory.reader(), self.other.reader()]
        self.last_seq = 0
        self.commit(CommitBatch(partitions=PARTITIONS))

    def open(self) -> None:
        assert self.memory.open() == self.other.open()

    def commit(self, batch: CommitBatch) -> CommitResult:
        ours, theirs = self.memory.commit(batch), self.other.commit(batch)
        assert ours == theirs
        return ours

    def job(
        self, id: int, partition: int, state: State, priority: int, due_at: float, expires_at: float | None, tags: str | None
    ) -> NewJob:
        self.last_seq += 1
        changes: dict[str, Any] = {"due_at": due_at} if state is State.WAITING else {}
        return new_job(
            self.last_seq, id=id_of(id), partition=partition, state=state, priority=priority, expires_at=expires_at, tags=tags, **changes
        )  # fmt: skip

    @rule(
        jobs=some(JOBS),
        finishes=some(FINISHES),
        requeues=some(REQUEUES),
        attempts=some(ATTEMPT_ROWS),
        events=some(EVENT_ROWS),
        snapshots=some(SNAPSHOTS),
        cancels=some(SEQS.map(cancel)),
        retries=some(SEQS.map(retry)),
        sweep=st.none() | st.builds(Sweep, TIMES, st.integers(1, 3), st.just(5.0)),
        prune=st.none() | st.builds(Prune, TIMES, st.integers(0, 6), st.integers(1, 4)),
        minutes=st.lists(MINUTES, max_size=3),
        drop_minutes=st.none() | st.builds(DropMinutes, st.integers(0, 5).map(lambda number: 60 * number), st.integers(0, 2)),
        claims=some(CLAIMS),
        tasks=st.lists(st.tuples(NAMES, st.sampled_from(["{}", "[]"]), TIMES), max_size=2, unique_by=lambda task: task[0]),
        forgotten_tasks=st.lists(NAMES, max_size=2, unique=True),
        limits=st.lists(LIMITS, max_size=2, unique_by=lambda limit: limit.name),
        forgotten_limits=st.lists(LIMIT_NAMES, max_size=2, unique=True),
    )
    def a_batch(self, jobs: list[Any], **moves: Any) -> None:
        self.commit(CommitBatch(new=[self.job(*job) for job in jobs], **moves))

    @rule()
    def what_is_empty_vanishes_and_comes_again(self) -> None:
        taken = {row.partition for row in seen_by(self.readers[0])[0]}
        empty = [row for row in PARTITIONS if row.id not in taken]
        self.commit(CommitBatch(vacated=[row.id for row in empty]))
        self.reopened()
        self.commit(CommitBatch(partitions=empty))

    @rule()
    def reopened(self) -> None:
        self.memory.close()
        self.other.close()
        self.open()

    @invariant()
    def what_readers_see_is_the_same(self) -> None:
        if hasattr(self, "readers"):
            ours, theirs = map(seen_by, self.readers)
            assert ours == theirs

    @rule(
        states=st.lists(st.sampled_from([str(state) for state in State]), max_size=3, unique=True).map(tuple),
        task=st.sampled_from([None, "a.*", "a.two"]),
        tag=st.sampled_from([None, "blue", "*e*"]),
        before=st.none() | SEQS,
        limit=st.integers(1, 5),
    )
    def lists_are_the_same(self, **wanted: Any) -> None:
        ours, theirs = self.readers
        assert ours.jobs(Filter(**wanted)).rows == theirs.jobs(Filter(**wanted)).rows
        assert ours.failed(wanted["before"], wanted["limit"]) == theirs.failed(wanted["before"], wanted["limit"])
        spots = [
            QueueCursor(partitions, priority, seq)
            for partitions in ((1,), (1, 2, 3))
            for priority in (-1, 0, 1)
            for seq in (1, 6)
        ]
        assert ours.ahead(spots, 3) == theirs.ahead(spots, 3)
        assert sorted(ours.outcomes([id_of(seq) for seq in range(15)])) == sorted(
            theirs.outcomes([id_of(seq) for seq in range(15)])
        )
        assert (ours.oldest(), ours.waiting()) == (theirs.oldest(), theirs.waiting())
        for task in ("", "a.one", None):
            assert ours.minutes(60, 300, task) == theirs.minutes(60, 300, task)

    def teardown(self) -> None:
        if hasattr(self, "other"):
            for reader in self.readers:
                reader.close()
            self.other.close()
            shutil.rmtree(self.folder)


def beside_memory(kind: StoreKind) -> Any:
    case = type(f"{kind.name}_beside_memory", (SideBySide,), {"kind": kind}).TestCase  # type: ignore[attr-defined]
    case.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
    return case


for kind in KINDS.values():
    if kind.type is not MemoryStore:
        globals()[f"Test{kind.name.title()}BesideMemory"] = beside_memory(kind)
