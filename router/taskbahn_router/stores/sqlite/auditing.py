"""How the SQLite store keeps the audit; which entries a commit writes is decided in `core/audit.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn_router.core.audit import AuditRow, rows_of
from taskbahn_router.core.ids import id_text
from taskbahn_router.stores.auditing import MOST_LISTS, AuditFilter, AuditPage, found_in, of_job, paged
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from taskbahn_router.stores.contract import CommitBatch, CommitResult


def keep_audit(connection: sqlite3.Connection, batch: CommitBatch, result: CommitResult) -> None:
    """Write the entries of a batch, and delete old ones."""
    if batch.drop_audit is not None:
        result.dropped_audit = connection.execute(SQL["drop_audit"], batch.drop_audit).rowcount
    for row in rows_of(batch.acts, found_in(result), batch.now()):
        result.audited.append(None if row is None else (write_entry(connection, row), row))
    for row in batch.audit:
        result.audited.append((write_entry(connection, row), row))


def write_entry(connection: sqlite3.Connection, row: AuditRow) -> int:
    """Write an entry in the open transaction of a connection, beside the change that it describes; return its id."""
    return connection.execute(SQL["insert_audit"], row).lastrowid or 0


class SqliteAuditReader:
    """The questions of `contract.Reader` about the audit."""

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        raise NotImplementedError

    def audit(self, wanted: AuditFilter) -> AuditPage:
        if wanted.job is not None:
            return self._audit_of_job(wanted, wanted.job)
        if wanted.kind is not None and wanted.object is not None:
            found = self._rows(SQL["audit_of_object"], (wanted.before, wanted.most, wanted.kind, wanted.object))
        else:
            found = self._rows(SQL["audit"], (wanted.before, wanted.most))
        return paged(((id, AuditRow(*rest)) for id, *rest in found), wanted)

    def _audit_of_job(self, wanted: AuditFilter, job: bytes) -> AuditPage:
        own = self._rows(SQL["audit_of_object"], (wanted.before, wanted.most, "job", id_text(job)))
        lists = self._rows(SQL["audit_lists"], (wanted.before, MOST_LISTS, job))
        end = lists[0][0] if lists else None
        return of_job(
            ((id, AuditRow(*rest)) for id, *rest in own), ((id, AuditRow(*rest)) for _, id, *rest in lists if id is not None), end,
            wanted,
        )  # fmt: skip
