"""What every store does with the fingerprints of failed jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.rows import finish, new_job, put, retry, row_of

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store

ALIKE = "0123456789ab"


def test_a_failed_job_keeps_its_fingerprint_until_it_is_retried(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    store.commit(CommitBatch(finishes=[finish(1, state="failed", result=None, error="{}", fingerprint=ALIKE)]))
    assert row_of(store, 1).fingerprint == ALIKE
    assert store.reader().rows([1])[0].fingerprint == ALIKE
    store.commit(CommitBatch(retries=[retry(1)]))
    assert row_of(store, 1).fingerprint is None
