"""The fingerprints of failed jobs: the stored ones, and for jobs of older versions computed once. On the reader's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn_router.core.error_fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.stores.contract import FailedRow, Reader
    from taskbahn_router.stores.rows import JobRow

MAX_KEPT = 50_000


class FingerprintCache:
    """Keeps the fingerprints that it computed: while a job has no new event, its error is the same."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[int, tuple[int, str]] = {}  # seq -> number of the newest event, fingerprint

    def of(self, rows: Sequence[JobRow | FailedRow]) -> list[str]:
        """Return the fingerprint of each failed job."""
        unkept = [row for row in rows if row.fingerprint is None]
        new = [row for row in unkept if self._known.get(row.seq, (0,))[0] != row.number]
        if len(self._known) + len(new) > MAX_KEPT:
            self._known.clear()
            new = unkept
        errors = self._reader.errors([row.seq for row in new]) if new else {}
        for row in new:
            self._known[row.seq] = row.number, fingerprint(row.task, messages.from_json(errors.get(row.seq, "{}")))
        return [row.fingerprint or self._known[row.seq][1] for row in rows]
