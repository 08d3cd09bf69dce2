"""Rows that are written together, whatever columns of them are empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rows import NOW, PARTITIONS, id_of, new_job

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Finish

if TYPE_CHECKING:
    from collections.abc import Callable

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
    store.commit(CommitBatch(partitions=PARTITIONS, new=jobs))
    outcome = store.commit(
        CommitBatch(finishes=[Finish("succeeded", NOW, results(seq), None, None, 3, 0, 0, NOW + 1, None, seq, 1) for seq in seqs])
    )
    assert not outcome.duplicates
    reader = store.reader()
    rows = [reader.job(id_of(seq)) for seq in seqs]
    assert [(row.state, row.options, row.result, row.error) for row in rows if row] == [
        ("succeeded", options(seq), results(seq), None) for seq in seqs
    ]
