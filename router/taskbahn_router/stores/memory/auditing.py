"""How the memory store keeps the audit, as SQLite's does."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from taskbahn_router.core.audit import ID_BYTES, AuditRow, rows_of
from taskbahn_router.core.ids import id_text
from taskbahn_router.stores.auditing import MOST_LISTS, SHOWN_JOBS, AuditFilter, AuditPage, found_in, of_job, paged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.memory.tables import Tables


def keep_audit(tables: Tables, batch: CommitBatch, result: CommitResult) -> None:
    """Write the entries of a batch, and delete old ones."""
    if batch.drop_audit is not None:
        old = [id for id in islice(tables.audit, batch.drop_audit.limit) if tables.audit[id].at < batch.drop_audit.before]
        for id in old:
            tables.drop(tables.audit, id)
        result.dropped_audit = len(old)
    for row in (*rows_of(batch.acts, found_in(result), batch.now()), *batch.audit):
        if row is None:
            result.audited.append(None)
        else:
            tables.audited += 1  # none is given twice, also after a batch that is taken back
            tables.put(tables.audit, tables.audited, row)
            result.audited.append((tables.audited, row))


class MemoryAuditReader:
    """The questions of `contract.Reader` about the audit."""

    _tables: Tables

    def audit(self, wanted: AuditFilter) -> AuditPage:
        with self._tables.lock:
            rows = self._tables.audit
            ids = [id for id in sorted(rows, reverse=True) if id < wanted.before]
            job = wanted.job
            if job is None:
                is_one = wanted.kind is not None and wanted.object is not None
                about = (id for id in ids if not is_one or (rows[id].kind, rows[id].object) == (wanted.kind, wanted.object))
                return paged(((id, _shown(rows[id])) for id in about), wanted)
            own = ((id, _shown(rows[id])) for id in ids if (rows[id].kind, rows[id].object) == ("job", id_text(job)))
            looked = [id for id in ids if rows[id].jobs is not None][:MOST_LISTS]
            lists = [(id, _shown(rows[id])) for id in looked if job in set(_jobs(rows[id]))]
            return of_job(own, lists, looked[-1] if len(looked) == MOST_LISTS else None, wanted)


def _shown(row: AuditRow) -> AuditRow:
    return row if row.jobs is None else row._replace(jobs=row.jobs[: SHOWN_JOBS * ID_BYTES])


def _jobs(row: AuditRow) -> Iterator[bytes]:
    jobs = row.jobs or b""
    return (jobs[start : start + ID_BYTES] for start in range(0, len(jobs), ID_BYTES))
