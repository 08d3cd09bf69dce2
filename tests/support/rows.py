"""Rows to put into a store, with only what a test is about spelled out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol.states import State
from taskbahn_router.core.audit import Act, ActParts, Part
from taskbahn_router.stores.auditing import AuditFilter
from taskbahn_router.stores.contract import CommitBatch, Filter
from taskbahn_router.stores.rows import (
    AttemptRow,
    CancelJob,
    Claim,
    Claimed,
    EventRow,
    Finish,
    JobRow,
    NewJob,
    PartitionRow,
    Prune,
    Requeue,
    RetryJob,
    Snapshot,
    Sweep,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from taskbahn_router.stores.contract import Reader, Store

PARTITIONS = [PartitionRow(1, "default", "a.one"), PartitionRow(2, "default", "a.two"), PartitionRow(3, "slow", "a.one")]
NOW = 1_700_000_000.25


def id_of(seq: int) -> bytes:
    return seq.to_bytes(16)


def new_job(seq: int, **changes: Any) -> NewJob:
    row = NewJob(
        seq=seq, id=id_of(seq), partition=1, state=State.READY, priority=0, attempt=0, number=1, created_at=NOW + seq, due_at=None,
        expires_at=None, started_at=None, worker=None, caller=None, options=None, tags=None, packed="[[],{}]",
    )._replace(**changes)  # fmt: skip
    if row.state == State.RUNNING:
        row = row._replace(**{"attempt": 1, "number": 2, "started_at": NOW, "worker": "w", **changes})
    if row.state == State.WAITING and row.due_at is None:
        row = row._replace(due_at=NOW + 100)
    return row


def finish(seq: int, attempt: int = 1, **changes: Any) -> Finish:
    return Finish(
        state="succeeded", finished_at=NOW + 50, result="1", error=None, progress=None, number=3, failures=0, crashes=0,
        delete_at=NOW + 1000, fingerprint=None, seq=seq, attempt=attempt,
    )._replace(**changes)  # fmt: skip


def requeue(seq: int, attempt: int = 1, **changes: Any) -> Requeue:
    row = Requeue(state="ready", due_at=None, progress=None, number=3, failures=0, crashes=0, seq=seq, attempt=attempt)
    return row._replace(**changes)


def cancel(seq: int) -> CancelJob:
    return CancelJob(id_of(seq), NOW + 60, NOW + 2000, '{"message":"no"}')


def retried() -> CommitBatch:
    """Return a batch after which the first attempt of job 1 has failed and the second one runs."""
    return CommitBatch(
        requeues=[requeue(1, failures=1, number=5)],
        attempts=[AttemptRow(1, 1, "w", NOW, NOW + 1, "error", '{"type":"E"}')],
        events=[EventRow(1, 4, NOW, "log", '"late"')],
        claims=[Claim("w2", (1,), 1, NOW + 2)],
    )


def put(store: Store, *jobs: NewJob) -> None:
    store.commit(CommitBatch(new=list(jobs)))


def put_in_schema(connection: sqlite3.Connection, job: NewJob) -> None:
    """Insert a job and its partition into a database of whatever schema, with the columns that this has."""
    if not connection.execute("SELECT 1 FROM line").fetchone():
        insert_into(connection, "line", PARTITIONS[0]._asdict())
    insert_into(connection, "job", {"line" if name == "partition" else name: value for name, value in job._asdict().items()})


def insert_into(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    known = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    named = [name for name in row if name in known]
    connection.execute(
        f"INSERT INTO {table} ({', '.join(named)}) VALUES ({', '.join('?' * len(named))})",  # noqa: S608 - of our own names
        [row[name] for name in named],
    )


def put_in(store: Store, seq: int, state: State) -> None:
    """Bring a job into a state, on the way that leads there."""
    if state in (State.WAITING, State.READY, State.RUNNING):
        put(store, new_job(seq, state=state))
    elif state is State.CANCELLED:
        put(store, new_job(seq))
        store.commit(CommitBatch(cancels=[cancel(seq)]))
    elif state is State.EXPIRED:
        put(store, new_job(seq, expires_at=NOW))
        store.commit(CommitBatch(sweep=Sweep(NOW, 1000, 1000)))
    else:
        put(store, new_job(seq, state=State.RUNNING))
        store.commit(CommitBatch(finishes=[finish(seq, state=str(state))]))


def claim(store: Store, *partitions: int, limit: int = 100, now: float = NOW + 10, worker: str = "w") -> list[Claimed]:
    return store.commit(CommitBatch(claims=[Claim(worker, partitions or (1, 2, 3), limit, now)])).claimed[0]


def retry(seq: int) -> RetryJob:
    return RetryJob(id_of(seq))


def row_of(store: Store, seq: int) -> JobRow:
    reader = store.reader()
    try:
        row = reader.job(id_of(seq))
    finally:
        reader.close()
    assert row is not None
    return row


def state_of(store: Store, seq: int) -> str:
    return row_of(store, seq).state


def seqs(rows: Iterable[Any]) -> list[int]:
    return [row.seq for row in rows]


def everything(store: Store) -> list[Any]:
    """All that readers can see, to compare before and after."""
    reader = store.reader()
    try:
        return seen_by(reader)
    finally:
        reader.close()


def seen_by(reader: Reader) -> list[Any]:
    rows = reader.jobs(Filter(limit=10_000)).rows
    full = [reader.job(row.id) for row in rows]
    schedules = reader.schedules("", 10_000)
    fired = [reader.firings(one.id, 1 << 62, 1_000) for one in schedules]
    of_jobs = [[reader.events(row.seq, 0, 10_000) for row in rows], [reader.attempts(row.seq) for row in rows]]
    return [full, *of_jobs, schedules, fired, reader.audit(AuditFilter(limit=10_000))]


def a_bit_of_all(*, requeued_to: str = "ready", first: int = 100) -> CommitBatch:
    """A batch with every kind of move for jobs 1 (running), 2 (running), 3 (cancelled), 4 (waiting), 5 (ready), 6 (succeeded)."""
    return CommitBatch(
        partitions=[PartitionRow(9, "new", "a.new")],
        tasks=[("a.new", "{}", NOW)],
        new=[new_job(first), new_job(first + 1, partition=9)],
        finishes=[finish(1)],
        requeues=[requeue(2, state=requeued_to)],
        attempts=[AttemptRow(1, 1, "w", NOW, NOW, "error", None)],
        events=[EventRow(2, 3, NOW, "log", "1")],
        snapshots=[Snapshot(9, None, 2)],
        cancels=[cancel(5)],
        acts=[ActParts(Act("job", "cancel", "cancelled", session=7), (Part("answers", 0, new_job(5).id),))],
        retries=[retry(3)],
        sweep=Sweep(NOW + 1000, 10, 10),
        prune=Prune(NOW + 1e9, 0, 100),
        claims=[Claim("w", (1, 9), 2, NOW)],
    )


def fill(store: Store) -> None:
    """Bring in the jobs that `a_bit_of_all` moves."""
    states = (State.RUNNING, State.RUNNING, State.CANCELLED, State.WAITING, State.READY, State.SUCCEEDED)
    for seq, state in enumerate(states, 1):
        put_in(store, seq, state)
