"""The reading half: questions on a connection of their own, which WAL lets run beside commits."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from taskbahn import wire
from taskbahn_router.stores.contract import AttemptRow, EventRow, Filter, JobRow, OutcomeRow, StoreUnavailable
from taskbahn_router.stores.sqlite.statements import COLUMNS, SQL
from taskbahn_router.stores.sqlite.trouble import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

IDS_EACH = 500
LISTED = COLUMNS.replace("job.packed", "''").replace("job.result", "NULL")


class SqliteReader:
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
        rows = self._rows(SQL["job"], (id,))
        return JobRow(*rows[0]) if rows else None

    def jobs(self, wanted: Filter) -> list[JobRow]:
        terms = {
            "job.state = ?": wanted.state,
            "line.task = ?": wanted.task,
            "line.queue = ?": wanted.queue,
            "EXISTS (SELECT 1 FROM json_each(job.tags) WHERE value = ?)": wanted.tag,
            "job.seq < ?": wanted.before,
        }
        used = {term: value for term, value in terms.items() if value is not None}
        if wanted.state in ("failed", "running"):  # spelled out, so that SQLite may use the partial index
            del used["job.state = ?"]
            used[f"job.state = '{wanted.state}' AND ?"] = 1
        where = f"WHERE {' AND '.join(used)}" if used else ""
        sql = f"SELECT {LISTED} FROM job JOIN line ON line.id = job.line {where} ORDER BY job.seq DESC LIMIT ?"  # noqa: S608 - of our own parts
        return [JobRow(*row) for row in self._rows(sql, (*used.values(), wanted.limit))]

    def outcomes(self, ids: Sequence[bytes]) -> list[OutcomeRow]:
        found: list[OutcomeRow] = []
        for start in range(0, len(ids), IDS_EACH):
            part = ids[start : start + IDS_EACH]
            sql = SQL["outcomes"].replace("{ids}", ", ".join("?" * len(part)))
            text = self._rows(sql, tuple(part))[0][0]  # one step for all, as in statements.sql
            found += [OutcomeRow(bytes.fromhex(id), *rest) for id, *rest in wire.from_json(text)]
        return found

    def events(self, seq: int, after: int, limit: int) -> list[EventRow]:
        return [EventRow(*row) for row in self._rows(SQL["events"], (seq, after, limit))]

    def attempts(self, seq: int) -> list[AttemptRow]:
        return [AttemptRow(*row) for row in self._rows(SQL["attempts"], (seq,))]

    def oldest(self) -> dict[int, float]:
        return dict(self._rows(SQL["oldest"]))

    def waiting(self) -> dict[int, int]:
        return dict(self._rows(SQL["waiting"]))

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(unreadable(error, self._path)) from error
