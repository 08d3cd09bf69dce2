"""The migration to deadlines: jobs of an earlier version have none, and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, claim, new_job, put, put_in_schema, retry, row_of, seqs

from taskbahn.protocol.states import State
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Sweep
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite import store as sqlite_store
from taskbahn_router.stores.sqlite.statements import MIGRATIONS
from taskbahn_router.stores.sqlite.store import connect

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = 11  # the schema
HELD = "SELECT count(*) FROM job INDEXED BY job_deadline WHERE deadline IS NOT NULL AND (state IN ({}) OR flags & 32776 = 8)"


def test_jobs_of_an_earlier_version_have_no_deadline_and_go_on(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(sqlite_store, "MIGRATIONS", MIGRATIONS[:BEFORE])
        SqliteStore(tmp_path)._migrate(connection := connect(tmp_path / "taskbahn.db"))
    for seq, state in enumerate((State.READY, State.RUNNING, State.FAILED), 1):
        put_in_schema(connection, new_job(seq, state=state, options='{"finish_within":60.0}' if seq == 3 else None))
    connection.close()
    store = SqliteStore(tmp_path)
    start = store.open()
    assert ([row.deadline for row in start.running], start.next_sweep) == ([None], None)
    store.commit(CommitBatch(sweep=Sweep(NOW + 1e6, 10, 60.0)))
    assert [row_of(store, seq).state for seq in (1, 2, 3)] == ["ready", "running", "failed"]
    result = store.commit(CommitBatch(retries=[retry(3)], reactions=Reactions(NOW)))
    assert (row_of(store, 3).deadline, result.next_sweep) == (NOW + 60, NOW + 60)
    put(store, new_job(4, deadline=NOW + 9))
    assert seqs(claim(store, 1, limit=9)) == [1, 3, 4]
    store.close()
    assert store.open().next_sweep == NOW + 9
    store.close()


def test_the_index_of_deadlines_has_no_other_jobs(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.open()
    put(store, *(new_job(seq) for seq in range(1, 500)), new_job(500, deadline=NOW), new_job(501, deadline=NOW + 100))
    states = "'waiting', 'ready', 'running'"
    connection = connect(store.path)
    (held,) = connection.execute(HELD.format(states)).fetchone()
    named = connection.execute("SELECT count(*) FROM pragma_index_list('job') WHERE name = 'job_deadline' AND partial").fetchone()
    assert (held, named) == (2, (1,))
    store.commit(CommitBatch(sweep=Sweep(NOW, 10, 60.0)))
    assert connection.execute(HELD.format(states)).fetchone() == (1,)
    connection.close()
    store.close()
