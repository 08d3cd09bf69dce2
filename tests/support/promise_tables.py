"""What a store's tables say of promises, for tests that look at nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from taskbahn_router.core.reactions import Duty, Edge
from taskbahn_router.core.rows import Gate, Lane, Permit, costs_of
from taskbahn_router.core.unique_keys import KeyRow
from taskbahn_router.stores.memory import MemoryStore

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store
    from taskbahn_router.stores.sqlite import SqliteStore


class JobState(NamedTuple):
    """A job, as far as promises go."""

    seq: int
    partition: int
    state: str
    priority: int
    attempt: int
    keys: str | None
    due_at: float | None
    expires_at: float | None
    created_at: float
    id: bytes
    flags: int
    pending: int
    parent: int | None
    deadline: float | None = None  # of its own


class PromiseTables(NamedTuple):
    """Everything that promises keep."""

    jobs: dict[int, JobState]
    lanes: dict[tuple[int, str], Lane]
    gates: dict[str, Gate]
    permits: list[Permit]
    lane_keys: set[tuple[str, int, str]]  # key, partition, keys: where SQLite finds the lanes of a key
    edges: dict[tuple[int, int, int], Edge]  # by parent, child and position
    duties: list[Duty]
    unique: dict[str, KeyRow]
    aliases: dict[bytes, int]
    paused: set[int]

    def before(self, key: str) -> list[JobState]:
        """Return the ready jobs of the lanes before a gate."""
        lanes = {id for id, lane in self.lanes.items() if lane.blocked == key}
        return [job for job in self.jobs.values() if job.state == "ready" and (job.partition, job.keys or "") in lanes]


def tables_of(store: Store) -> PromiseTables:
    """Read the tables of either store."""
    if isinstance(store, MemoryStore):
        tables = store._tables
        jobs = {
            seq: JobState(
                seq, one.new.partition, one.state, one.new.priority, one.attempt, one.new.keys, one.due_at, one.expires_at,
                one.new.created_at, one.new.id, one.flags, one.pending, one.place.parent, one.deadline,
            )
            for seq, one in tables.records.items()
        }  # fmt: skip
        lane_keys = {(key, *id) for id in tables.lanes if id[1] for key, _ in costs_of(id[1])}
        edges = {(parent, *key): edge for parent, edges in tables.edges.items() for key, edge in edges.items()}
        return PromiseTables(
            jobs, dict(tables.lanes), dict(tables.gates), sorted(tables.permits.values()), lane_keys, edges, sorted(tables.duties.values()),
            dict(tables.unique), dict(tables.aliases), set(tables.pauses),
        )  # fmt: skip
    connection = cast("SqliteStore", store)._connection
    assert connection is not None
    rows = connection.execute(
        "SELECT seq, line, state, priority, attempt, keys, due_at, expires_at, created_at, id, flags, pending, parent, deadline FROM job"
    ).fetchall()
    return PromiseTables(
        {row[0]: JobState(*row) for row in rows},
        {
            (row[0], row[1]): Lane(*row)
            for row in connection.execute("SELECT line, keys, rank, virtual_time, head, blocked FROM lane")
        },
        {row[0]: Gate(*row) for row in connection.execute("SELECT * FROM gate")},
        sorted(Permit(*row) for row in connection.execute("SELECT seq, attempt, keys FROM permit")),
        set(connection.execute("SELECT key, line, keys FROM lane_key")),
        {row[:3]: Edge(*row) for row in connection.execute("SELECT parent, child, position, policy, state FROM edge")},
        sorted(Duty(*row) for row in connection.execute("SELECT kind, subject, CAST(coalesce(cursor, 0) AS INTEGER) FROM duty")),
        {row[0]: KeyRow(*row) for row in connection.execute("SELECT key, seq, during, until_us, said FROM unique_key")},
        dict(connection.execute("SELECT id, seq FROM alias")),
        {seq for (seq,) in connection.execute("SELECT seq FROM pause")},
    )


def empty_tables(store: Store) -> None:
    """Delete all jobs and all that promises keep, so that one store serves many runs."""
    if isinstance(store, MemoryStore):
        tables = store._tables
        for table in (
            tables.records, tables.seqs, tables.ready, tables.queues, tables.lanes, tables.gates, tables.permits, tables.attempts,
            tables.events, tables.edges, tables.duties, tables.unique, tables.aliases, tables.notes, tables.waits,
            tables.parents, tables.questions, tables.members, tables.trees, tables.pauses,
        ):  # fmt: skip
            table.clear()
        tables.due.clear()
        tables.expiring.clear()
        return
    connection = cast("SqliteStore", store)._connection
    assert connection is not None
    for name in ("job", "lane", "lane_key", "gate", "permit", "edge", "duty", "unique_key", "alias", "note", "wait", "pause"):
        connection.execute(f"DELETE FROM {name}")  # noqa: S608 - our own names
