"""How SQLite writes many rows in few steps."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from support.rows import PARTITIONS, new_job

from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.statements import bound
from taskbahn_router.stores.sqlite.store import STEPS

if TYPE_CHECKING:
    from pathlib import Path


def test_only_columns_that_are_empty_in_all_rows_are_left_out() -> None:
    assert bound([(1, None, "a", None), (2, None, None, None)]) == ((1, 3), [1, "a", 2, None])
    assert bound([(1, 2), (3, 4)]) == ((), [1, 2, 3, 4])


def test_any_number_of_rows_takes_few_steps() -> None:
    steps = []
    for rows in range(1, 2001):
        left, taken = rows, 0
        while left:
            left -= next(size for size in STEPS if size <= left)
            taken += 1
        steps.append(taken)
    assert (steps[999], steps[1999]) == (1, 2)
    assert max(steps) <= 12


def test_states_that_other_programs_write_are_still_checked(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS, new=[new_job(1)]))
    other = sqlite3.connect(tmp_path / "taskbahn.db", isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        other.execute("UPDATE job SET state = 'nonsense'")
    other.close()
    store.close()
