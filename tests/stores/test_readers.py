"""What every reader answers, and that it sees whole batches only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.rows import NOW, claim, finish, id_of, new_job, put, put_in, requeue, seqs

from taskbahn.protocol.states import State
from taskbahn_router.stores.contract import CommitBatch, Filter, OutcomeRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn_router.stores.contract import Reader, Store


@pytest.fixture
def reader(store: Store) -> Iterator[Reader]:
    made = store.reader()
    yield made
    made.close()


def test_a_job_that_does_not_exist_is_none(reader: Reader) -> None:
    assert reader.job(id_of(1)) is None


def test_a_reader_sees_what_was_committed_after_it_was_made(store: Store, reader: Reader) -> None:
    put(store, new_job(1))
    assert reader.job(id_of(1)) is not None


def test_jobs_are_listed_newest_first(store: Store, reader: Reader) -> None:
    put(store, *(new_job(seq, partition=1 + seq % 3) for seq in range(1, 8)))
    assert seqs(reader.jobs(Filter()).rows) == [7, 6, 5, 4, 3, 2, 1]
    assert seqs(reader.jobs(Filter(limit=2)).rows) == [7, 6]
    assert seqs(reader.jobs(Filter(limit=2, before=6)).rows) == [5, 4]


@pytest.fixture
def mixed(store: Store) -> Store:
    """A job of each state (1 to 7, default/a.one), then one of each line, some with tags."""
    for seq, state in enumerate(State, 1):
        put_in(store, seq, state)
    put(
        store,
        new_job(8, partition=2, tags='["red"]'),
        new_job(9, partition=3, tags='["red","blue \\"x\\""]'),
        new_job(10, partition=3, tags='["reddish"]'),
    )
    return store


@pytest.mark.parametrize(
    "wanted, found",
    [
        ({"states": ("waiting",)}, [1]),
        ({"states": ("ready",)}, [10, 9, 8, 2]),
        ({"states": ("running",)}, [3]),
        ({"states": ("succeeded",)}, [4]),
        ({"states": ("failed",)}, [5]),
        ({"states": ("cancelled",)}, [6]),
        ({"states": ("expired",)}, [7]),
        ({"states": ("of tomorrow",)}, []),
        ({"task": "a.two"}, [8]),
        ({"queue": "slow"}, [10, 9]),
        ({"queue": "slow", "task": "a.two"}, []),
        ({"tag": "red"}, [9, 8]),
        ({"tag": 'blue "x"'}, [9]),
        ({"tag": "%"}, []),
        ({"tag": "red", "queue": "slow", "states": ("ready",), "task": "a.one"}, [9]),
        ({"before": 3}, [2, 1]),
        ({"before": 1}, []),
        ({"states": ("ready",), "before": 10, "limit": 2}, [9, 8]),
        ({"states": ("failed",), "before": 5}, []),
        ({"states": ("running",), "before": 4, "queue": "default", "limit": 1}, [3]),
    ],
    ids=str,
)
def test_jobs_are_filtered(mixed: Store, reader: Reader, wanted: dict[str, Any], found: list[int]) -> None:
    assert seqs(reader.jobs(Filter(**wanted)).rows) == found


def test_a_listed_job_is_the_job_without_its_large_columns(mixed: Store, reader: Reader) -> None:
    for listed in reader.jobs(Filter()).rows:
        job = reader.job(listed.id)
        assert job is not None
        assert listed._replace(packed="", result=None, error=None) == job._replace(packed="", result=None, error=None)
        assert reader.rows([listed.seq]) == [listed]


def test_lists_have_an_errors_type_and_beginning_a_job_all_of_it(store: Store, reader: Reader) -> None:
    error = {"type": "Ä.E", "message": "é\n" * 400, "traceback": "t" * 5000}
    put(store, new_job(1, state=State.RUNNING), new_job(2))
    store.commit(CommitBatch(finishes=[finish(1, state="failed", result=None, error=json.dumps(error))]))
    shown = {"type": "Ä.E", "message": error["message"][:500]}
    assert [row.error and json.loads(row.error) for row in reader.jobs(Filter()).rows] == [None, shown]
    assert [row.error and json.loads(row.error) for row in reader.rows([1, 2, 3])] == [None, shown]
    assert {seq: json.loads(text) for seq, text in reader.errors([1, 2, 3]).items()} == {1: error}


def test_outcomes_tell_how_those_stand_that_exist(mixed: Store, reader: Reader) -> None:
    mixed.commit(
        CommitBatch(
            new=[new_job(11, state=State.RUNNING)], finishes=[finish(11, state="failed", result=None, error='{"type":"E"}')]
        )
    )
    ids = [id_of(seq) for seq in (4, 2, 11, 99)]
    assert sorted(reader.outcomes(ids)) == [
        OutcomeRow(id_of(2), "ready", None, None),
        OutcomeRow(id_of(4), "succeeded", "1", None),
        OutcomeRow(id_of(11), "failed", None, '{"type":"E"}'),
    ]
    assert reader.outcomes([]) == []


def test_outcomes_of_very_many_are_all_returned(store: Store, reader: Reader) -> None:
    put(store, *(new_job(seq) for seq in range(1, 2101)))
    assert len(reader.outcomes([id_of(seq) for seq in range(1, 2101)])) == 2100


def test_the_oldest_ready_job_of_each_line_is_returned(store: Store, reader: Reader) -> None:
    put(
        store,
        new_job(1, partition=1, state=State.RUNNING),
        new_job(2, partition=1, priority=-5),
        new_job(3, partition=1, priority=9),
        new_job(4, partition=1, priority=9),
        new_job(5, partition=2, state=State.WAITING),
        new_job(6, partition=3),
    )
    assert reader.oldest() == {1: NOW + 2, 3: NOW + 6}
    claim(store, 3)
    assert reader.oldest() == {1: NOW + 2}


def test_waiting_jobs_are_counted_by_line(store: Store, reader: Reader) -> None:
    put(
        store,
        new_job(1, state=State.WAITING),
        new_job(2, state=State.WAITING),
        new_job(3, partition=3, state=State.RUNNING),
        new_job(4),
    )
    store.commit(CommitBatch(requeues=[requeue(3, state="waiting", due_at=NOW)]))
    assert reader.waiting() == {1: 2, 3: 1}


def test_a_reader_may_be_closed_twice(store: Store) -> None:
    made = store.reader()
    made.close()
    made.close()


@pytest.mark.parametrize("text", ['"' + "x" * 998 + '"', '"' + "é" * 499 + '"'])
def test_outcomes_come_up_to_a_weight_and_all_in_the_end(store: Store, reader: Reader, text: str) -> None:
    put(store, *(new_job(seq, state=State.RUNNING) for seq in range(1, 2004)))
    store.commit(CommitBatch(finishes=[finish(seq, result=text) for seq in range(1, 2004)]))
    left = {id_of(seq) for seq in range(1, 2005)}  # one that does not exist
    rounds = 0
    while True:
        rows = reader.outcomes(sorted(left), 600_000)
        left -= {row.id for row in rows}
        rounds += 1
        assert rows
        assert all(row.result == text for row in rows)
        if sum(row.weight() for row in rows) < 600_000:
            break
        assert sum(row.weight() for row in rows) < 601_000
    assert (left, rounds) == ({id_of(2004)}, 4)
