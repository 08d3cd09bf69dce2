"""The reading half: questions on a connection of their own, which WAL lets run beside commits."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.job_pauses import HoldingPause, JobPause
from taskbahn_router.core.reactions import Edge, Input
from taskbahn_router.core.rows import Gate, GateUse, HeldJob, Permit, StalledGate, quoted
from taskbahn_router.core.suspensions import KINDS, Note, OpenQuestion
from taskbahn_router.stores.contract import FailedRow, OutcomeRow, StoreUnavailable
from taskbahn_router.stores.minutes import MinuteRow
from taskbahn_router.stores.permits import stalled_gates
from taskbahn_router.stores.rows import AttemptRow, EventRow, JobRow
from taskbahn_router.stores.sqlite.auditing import SqliteAuditReader
from taskbahn_router.stores.sqlite.errors import unreadable
from taskbahn_router.stores.sqlite.listing import LAST, listed, rows_of
from taskbahn_router.stores.sqlite.scheduling import ScheduleReader
from taskbahn_router.stores.sqlite.statements import SQL
from taskbahn_router.stores.sqlite.triggers import TriggerReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from taskbahn_router.stores.queries import Filter, Listed, QueueCursor

IDS_EACH = 500


class SqliteReader(ScheduleReader, TriggerReader, SqliteAuditReader):
    """Answers what `contract.Reader` asks."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        connection.execute("PRAGMA query_only = ON")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        self._rows("BEGIN")
        try:
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def job(self, id: bytes) -> JobRow | None:
        rows = self._rows(SQL["job"], (id,)) or self._rows(SQL["job_of_alias"], (id,))
        return JobRow(*rows[0]) if rows else None

    def unique_key(self, seq: int) -> str | None:
        rows: list[tuple[str]] = self._rows(SQL["unique_key_of_job"], (seq,))
        return rows[0][0] if rows else None

    def jobs(self, wanted: Filter) -> Listed:
        with self.snapshot():
            return listed(self._rows, wanted)

    def rows(self, seqs: Sequence[int]) -> list[JobRow]:
        return rows_of(self._rows, seqs)

    def failed(self, before: int | None, limit: int) -> list[FailedRow]:
        found = messages.from_json(self._rows(SQL["failed"], (LAST if before is None else before, limit))[0][0])
        return [FailedRow(seq, bytes.fromhex(id), *rest) for seq, id, *rest in found]

    def errors(self, seqs: Sequence[int]) -> dict[int, str]:
        return dict(messages.from_json(self._rows(SQL["errors"], (messages.to_json(seqs),))[0][0]))

    def ahead(self, spots: Sequence[QueueCursor], most: int) -> list[int]:
        counts: list[int] = self._parsed("ahead", messages.to_json(spots), most)
        return counts

    def held(self, seqs: Sequence[int], most: int, holders: int) -> list[HeldJob]:
        found = [
            HeldJob(seq, keys, Gate(*gate), ahead)
            for seq, keys, gate, ahead in self._parsed("held", messages.to_json(seqs), most)
        ]
        full = {job.gate.key for job in found if job.gate.used}
        by_key = {key: tuple(id for (id,) in self._rows(SQL["holders"], (quoted(key), holders))) for key in full}
        return [job._replace(holders=by_key.get(job.gate.key, ())) for job in found]

    def member_counts(self, seqs: Sequence[int], most: int) -> dict[int, dict[str, int]]:
        found: dict[int, dict[str, int]] = {}
        for seq in seqs:
            if most <= 0:
                break
            found[seq] = dict(self._parsed("member_counts", seq))
            most -= sum(found[seq].values())
        return found

    def member_weights(self, seq: int) -> dict[str, float]:
        return dict(self._parsed("member_weights", seq))

    def members(self, seq: int, after: int, limit: int, states: Sequence[str] = ()) -> list[int]:
        wanted = {"parent": seq, "after": after, "limit": limit, "states": messages.to_json(states or list(State))}
        found: list[int] = messages.from_json(self._rows(SQL["member_page"], wanted)[0][0])
        return found

    def edges_to(self, seqs: Sequence[int], most: int) -> list[Edge]:
        return [Edge(*row) for row in self._parsed("edges_to", messages.to_json(seqs), most)]

    def edges_from(self, seqs: Sequence[int], most: int) -> list[Edge]:
        return [Edge(*row) for row in self._parsed("edges_from", messages.to_json(seqs), most)]

    def keys(self, seq: int) -> str | None:
        found: list[tuple[str | None]] = self._rows(SQL["keys_of_job"], (seq,))
        return found[0][0] if found else None

    def gates(self, keys: Sequence[str]) -> list[Gate]:
        return [Gate(*row) for row in self._parsed("gates", messages.to_json(keys))]

    def gates_in_use(self, now_us: int, most: int, most_jobs: int) -> list[GateUse]:
        found = self._parsed("gates_in_use", now_us, most_jobs, most)
        return [GateUse(Gate(*gate), keys, *jobs) for gate, keys, jobs in found]

    def stalled(self, attempts: Sequence[tuple[bytes, int]], most_jobs: int) -> list[StalledGate]:
        with self.snapshot():
            seqs = {raw: rows[0][0] for raw, _ in attempts if (rows := self._rows(SQL["job_seq"], (raw,)))}
            ids = {(seqs[raw], attempt): (raw, attempt) for raw, attempt in attempts if raw in seqs}
            permits = [Permit(*row) for row in self._parsed("permits", messages.to_json(list(ids)))]

            def read(used: list[tuple[str, int]]) -> list[tuple[Gate, int, float | None]]:
                found = self._parsed("stalled_gates", messages.to_json(used), most_jobs)
                return [(Gate(*gate), *jobs) for gate, jobs in found]

            return stalled_gates(((permit, ids[permit[:2]]) for permit in permits), read)

    def outcomes(self, ids: Sequence[bytes], most_bytes: int = sys.maxsize) -> list[OutcomeRow]:
        found: list[OutcomeRow] = []
        weight = 0
        for start in range(0, len(ids), IDS_EACH):
            part = ids[start : start + IDS_EACH]
            sql = SQL["outcomes"].replace("{ids}", ", ".join("?" * len(part)))
            text = self._rows(sql, (*part, most_bytes - weight))[0][0]  # statements.sql gives all ids to one statement
            rows = [OutcomeRow(bytes.fromhex(id), *rest) for id, *rest in messages.from_json(text)]
            found += rows
            weight += sum(row.weight() for row in rows)
            if len(rows) < len(part) and weight < most_bytes:
                others = self._outcomes_of_aliases(set(part).difference(row.id for row in rows), most_bytes - weight)
                found += others
                weight += sum(row.weight() for row in others)
            if weight >= most_bytes:
                break
        return found

    def _outcomes_of_aliases(self, ids: Iterable[bytes], most_bytes: int) -> list[OutcomeRow]:
        """Return the outcomes of those ids that mean other jobs."""
        found: list[OutcomeRow] = []
        for id in ids:
            if most_bytes <= 0:
                break
            for row in self._rows(SQL["outcome_of_alias"], (id,)):
                found.append(OutcomeRow(id, *row))
                most_bytes -= found[-1].weight()
        return found

    def events(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[EventRow]:
        text = self._rows(SQL["events"], (seq, after, limit, most_bytes))[0][0]
        return [EventRow(*row) for row in messages.from_json(text)]

    def inputs(self, seq: int, after: int, limit: int, most_bytes: int = sys.maxsize) -> list[Input]:
        return [Input(*row) for row in self._parsed("inputs", seq, after, limit, most_bytes)]

    def notes(self, seq: int, after: str, limit: int, most_bytes: int = sys.maxsize) -> list[Note]:
        return [Note(*row) for row in self._parsed("notes", seq, after, limit, most_bytes)]

    def questions(self, seq: int | None, after: int, limit: int, kind: str = "question") -> list[OpenQuestion]:
        statement, first = ("questions", after) if seq is None else ("questions_of", seq)
        found = self._parsed(statement, first, limit, kind, KINDS[kind][0])
        return [OpenQuestion(row[0], bytes.fromhex(row[1]), *row[2:]) for row in found]

    def awaited(self, seq: int, most: int) -> list[str]:
        return [name for (name,) in self._rows(SQL["awaited"], (seq, most))]

    def holding_pause(self, seq: int) -> HoldingPause | None:
        return next((HoldingPause(id, JobPause(*pause)) for id, *pause in self._rows(SQL["holding_pause"], (seq,))), None)

    def newest_event(self, seq: int) -> int:
        return self._rows(SQL["newest_number"], (seq,))[0][0] or 0

    def attempts(self, seq: int) -> list[AttemptRow]:
        return [AttemptRow(*row) for row in self._rows(SQL["attempts"], (seq,))]

    def oldest(self) -> dict[int, float]:
        return dict(self._rows(SQL["oldest"]))

    def waiting(self) -> dict[int, int]:
        return dict(self._rows(SQL["waiting"]))

    def minutes(self, since: int, until: int, task: str | None) -> list[MinuteRow]:
        if task is None:
            return [MinuteRow(*row) for row in self._rows(SQL["minutes"], (since, until))]
        return [MinuteRow(*row) for row in self._rows(SQL["minutes_of_task"], (task, since, until))]

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _parsed(self, name: str, *values: object) -> list[Any]:
        found: list[Any] = messages.from_json(self._rows(SQL[name], values)[0][0])
        return found

    def _rows(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> list[Any]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(unreadable(error, self._path)) from error
