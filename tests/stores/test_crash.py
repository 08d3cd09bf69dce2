"""What a new process finds when the process with the store was killed, in each store whose data outlast that."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.rows import a_bit_of_all, everything, fill, new_job, put
from support.stores import opened

from taskbahn_router.stores.contract import CommitBatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.stores import StoreKind

    from taskbahn_router.stores.contract import Store


@pytest.fixture
def running(durable: StoreKind, tmp_path: Path) -> Iterator[Store]:
    """An open store that will not be closed in order."""
    with opened(durable, tmp_path / "data") as made:
        yield made


def crashed(durable: StoreKind, running: Store, tmp_path: Path) -> Store:
    assert durable.crash is not None
    return durable.crash(running, tmp_path / "after")


def test_a_crash_loses_nothing_of_what_was_committed(durable: StoreKind, running: Store, tmp_path: Path) -> None:
    fill(running)
    running.commit(a_bit_of_all())
    with closing(crashed(durable, running, tmp_path)) as after:
        start = after.open()
        assert everything(after) == everything(running)
        running.close()
        assert replace(start, minutes=[]) == replace(running.open(), minutes=[])  # see test_history_lives.py


def test_a_crash_leaves_nothing_of_what_was_only_prepared(durable: StoreKind, running: Store, tmp_path: Path) -> None:
    put(running, new_job(1))
    running.prepare(CommitBatch(new=[new_job(2)]))
    with closing(crashed(durable, running, tmp_path)) as after:
        assert after.open().last_seq == 1
        put(after, new_job(2))
        assert [job.seq for job in everything(after)[0]] == [2, 1]
