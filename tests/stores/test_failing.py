"""A batch happens as a whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, a_bit_of_all, everything, fill, new_job, put, seqs

from taskbahn.errors import StoreUnavailable
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store


@pytest.fixture
def before(store: Store) -> Store:
    """A store with the jobs that `a_bit_of_all` moves."""
    fill(store)
    return store


def stands(store: Store) -> list[object]:
    """All that a store knows, seen by readers and by who opens it again."""
    seen = everything(store)
    store.close()
    return [seen, store.open()]


def test_a_batch_that_fails_half_way_changes_nothing(before: Store) -> None:
    known = stands(before)
    with pytest.raises(StoreUnavailable, match="nothing was changed, try again"):
        before.commit(a_bit_of_all(requeued_to="nonsense"))
    assert stands(before) == known
    result = before.commit(a_bit_of_all())
    assert result.duplicates == set()
    assert seqs(result.claimed[0]) == [2, 3]


def test_a_batch_whose_claim_fails_changes_nothing(before: Store) -> None:
    known = stands(before)
    batch = a_bit_of_all()
    batch.claims.append(Claim("w", (1,), "many", NOW))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        before.commit(batch)
    assert stands(before) == known


def test_a_seq_is_given_once(store: Store) -> None:
    put(store, new_job(1))
    known = stands(store)
    with pytest.raises(StoreUnavailable):
        store.commit(CommitBatch(new=[new_job(2), new_job(1, id=b"x" * 16)]))
    assert stands(store) == known
