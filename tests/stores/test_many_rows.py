"""Rows that are written together, whatever columns of them are empty."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, PARTITIONS, id_of, new_job

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import Batch
from taskbahn_router.stores.rows import Finish
from taskbahn_router.stores.sqlite import SqliteStore
from taskbahn_router.stores.sqlite.statements import bound
from taskbahn_router.stores.sqlite.store import STEPS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from taskbahn_router.stores.contract import Store

OPTIONS: dict[str, Callable[[int], str | None]] = {
    "none": lambda _: None,
    "some": lambda seq: None if seq % 3 else f'{{"n":{seq}}}',
    "all": lambda seq: f'{{"n":{seq}}}',
}
RESULTS: dict[str, Callable[[int], str | None]] = {
    "none": lambda _: None,
    "some": lambda seq: str(seq) if seq % 2 else None,
    "all": str,
}


@pytest.mark.parametrize("which", OPTIONS)
@pytest.mark.parametrize("count", [1, 3, 4, 130, 1000, 1123])
def test_many_jobs_and_outcomes_are_written_as_they_are(store: Store, count: int, which: str) -> None:
    options, results = OPTIONS[which], RESULTS[which]
    seqs = range(1, count + 1)
    jobs = [new_job(seq, state=State.RUNNING, options=options(seq)) for seq in seqs]
    store.commit(Batch(partitions=PARTITIONS, new=jobs))
    outcome = store.commit(
        Batch(finishes=[Finish("succeeded", NOW, results(seq), None, None, 3, 0, 0, NOW + 1, None, seq, 1) for seq in seqs])
    )
    assert not outcome.duplicates
    reader = store.reader()
    rows = [reader.job(id_of(seq)) for seq in seqs]
    assert [(row.state, row.options, row.result, row.error) for row in rows if row] == [
        ("succeeded", options(seq), results(seq), None) for seq in seqs
    ]


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
    store.commit(Batch(partitions=PARTITIONS, new=[new_job(1)]))
    other = sqlite3.connect(tmp_path / "taskbahn.db", isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        other.execute("UPDATE job SET state = 'nonsense'")
    other.close()
    store.close()
