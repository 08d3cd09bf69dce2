"""What is asked together is answered from one moment, whatever is committed meanwhile."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from support.rows import id_of, new_job, put, retried

from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store


def test_a_snapshot_sees_no_commit_that_comes_after_it_began(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    reader = store.reader()
    commit = threading.Thread(target=store.commit, args=(retried(),))
    with reader.snapshot():
        row = reader.job(id_of(1))
        assert row is not None
        commit.start()
        commit.join(0.2)  # a store may let it through meanwhile, or have it wait
        assert (reader.attempts(1), reader.events(1, 0, 10), reader.job(id_of(1))) == ([], [], row)
    commit.join()
    after = reader.job(id_of(1))
    assert after is not None
    assert (len(reader.attempts(1)), len(reader.events(1, 0, 10)), after.attempt) == (1, 1, 2)
    reader.close()


def test_a_snapshot_that_fails_is_over(store: Store) -> None:
    reader = store.reader()
    with pytest.raises(ZeroDivisionError), reader.snapshot():
        raise ZeroDivisionError
    put(store, new_job(1))
    with reader.snapshot():
        assert reader.job(id_of(1)) is not None
    reader.close()
