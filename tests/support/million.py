"""A store with very many jobs, written straight into its file: accepting them would take minutes."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import PartitionRow
from taskbahn_router.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

MANY = 1_000_000
FAILED_EACH = 1_000  # one job in this number failed
TAGGED = 777_777  # how many jobs ago one was accepted that has the tag of its own
TAG = "needle"
EACH = 0.01  # seconds from one job to the next: the oldest is a few hours old
PARTITIONS = [PartitionRow(1, "default", "images.thumbnail"), PartitionRow(2, "mail", "mail.send")]
FILL = """
WITH RECURSIVE each (seq, at) AS (
    SELECT 1, :now - :many * :each
    UNION ALL SELECT seq + 1, at + :each FROM each WHERE seq < :many
)
INSERT INTO job (seq, id, line, state, priority, attempt, number, created_at, started_at, finished_at, delete_at, worker, tags, packed,
    result, error, fingerprint)
SELECT seq, id_of(at, seq), 1 + seq % 2, iif(seq % :failed, 'succeeded', 'failed'), 0, 1, 3, at, at, at + 0.05, at + 1e6, 'office',
    iif(seq = :many - :tagged, json_array(:tag), iif(seq % 10, NULL, '["to:ada"]')), '[["a.jpg"],{}]',
    iif(seq % :failed, '"a@320.jpg"', NULL), iif(seq % :failed, NULL, '{"type":"ValueError","message":"no picture"}'),
    iif(seq % :failed, NULL, '0123456789ab')
FROM each
"""


def fill(folder: Path) -> None:
    """Make a store in *folder* that has MANY jobs, all of which have ended."""
    store = SqliteStore(folder)
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    store.close()
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.create_function("id_of", 2, id_of, deterministic=True)
    connection.execute("PRAGMA synchronous = OFF")
    values = {"now": time.time(), "many": MANY, "each": EACH, "failed": FAILED_EACH, "tagged": TAGGED, "tag": TAG}
    connection.execute(FILL, values)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def id_of(at: float, seq: int) -> bytes:
    """Return a UUIDv7 of that time."""
    return (round(at * 1000) << 80 | 7 << 76 | 2 << 62 | seq).to_bytes(16)
