"""What every store does with the moves of a batch: insert, finish, requeue, cancel, retry, each guarded by state and attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.rows import NOW, cancel, claim, finish, id_of, new_job, put, put_in, requeue, retry, row_of, state_of

from taskbahn.protocol.states import FINAL_STATES, State
from taskbahn_router.core.lifecycle import MOVES, Event
from taskbahn_router.stores.contract import CommitBatch, StoreUnavailable
from taskbahn_router.stores.rows import Answer, AttemptRow, EventRow, JobRow, Moved, PartitionRow, Snapshot, Sweep

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store

EACH_STATE = pytest.mark.parametrize("state", list(State))


def test_a_job_is_kept_with_every_field(store: Store) -> None:
    new = new_job(
        7, partition=3, state=State.WAITING, priority=-5, due_at=NOW + 5.5, expires_at=NOW + 9.75, caller="joe", options='{"retries":3}',
        tags='["a","ä"]', packed='[["ä\\u0000"],{}]',
    )  # fmt: skip
    put(store, new)
    assert row_of(store, 7) == JobRow(
        seq=7, id=id_of(7), partition=3, queue="slow", task="a.one", state="waiting", priority=-5, attempt=0, failures=0, crashes=0, number=1,
        created_at=NOW + 7, due_at=NOW + 5.5, expires_at=NOW + 9.75, started_at=None, finished_at=None, delete_at=None, worker=None,
        caller="joe", options='{"retries":3}', tags='["a","ä"]', packed='[["ä\\u0000"],{}]', progress=None, result=None, error=None,
        fingerprint=None,
    )  # fmt: skip


def test_a_job_that_starts_at_once_is_kept_as_running(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    row = row_of(store, 1)
    assert (row.state, row.attempt, row.number, row.started_at, row.worker) == ("running", 1, 2, NOW, "w")


def test_text_is_kept_as_it_is(store: Store) -> None:
    text = "ä \U0001f600 \x00 ' \" \n"
    put(store, new_job(1, packed=text, caller=text))
    assert (row_of(store, 1).packed, row_of(store, 1).caller) == (text, text)
    assert claim(store, 1)[0].packed == text


def test_an_id_that_is_there_already_inserts_nothing_and_is_a_duplicate(store: Store) -> None:
    put(store, new_job(1, packed="first"))
    result = store.commit(CommitBatch(new=[new_job(2), new_job(3, id=id_of(1), packed="second"), new_job(4)]))
    assert result.duplicates == {3}
    assert row_of(store, 1).packed == "first"
    assert [state_of(store, seq) for seq in (2, 4)] == ["ready", "ready"]


def test_an_id_given_twice_in_one_batch_inserts_the_first(store: Store) -> None:
    result = store.commit(CommitBatch(new=[new_job(1, packed="first"), new_job(2, id=id_of(1), packed="second")]))
    assert result.duplicates == {2}
    assert (row_of(store, 1).seq, row_of(store, 1).packed) == (1, "first")


def test_the_result_says_which_ids_have_jobs_of_other_partitions(store: Store) -> None:
    put(store, new_job(1), new_job(2, partition=2))
    again = [new_job(3, id=id_of(1), partition=2), new_job(4, id=id_of(2), partition=2), new_job(5, partition=2)]
    result = store.commit(CommitBatch(new=[*again, new_job(6, id=id_of(5))]))
    assert (result.duplicates, {seq: job.partition for seq, job in result.others.items()}) == ({3, 4, 6}, {3: 1, 6: 2})


def test_an_id_is_known_once_it_is_there(store: Store) -> None:
    assert not store.knows(id_of(1))
    put(store, new_job(1))
    assert store.knows(id_of(1))
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.knows(id_of(1))


def test_a_job_may_be_accepted_and_finished_in_one_batch(store: Store) -> None:
    store.commit(CommitBatch(new=[new_job(1, state=State.RUNNING)], finishes=[finish(1)]))
    assert (row_of(store, 1).state, row_of(store, 1).number) == ("succeeded", 3)


def test_a_duplicate_leaves_a_finished_job_as_it_is(store: Store) -> None:
    put_in(store, 1, State.SUCCEEDED)
    assert store.commit(CommitBatch(new=[new_job(2, id=id_of(1), state=State.RUNNING)])).duplicates == {2}
    assert (row_of(store, 1).state, row_of(store, 1).result) == ("succeeded", "1")


def test_a_line_that_is_there_already_stays_as_it_is(store: Store) -> None:
    store.commit(CommitBatch(partitions=[PartitionRow(1, "default", "a.one"), PartitionRow(4, "new", "a.two")]))
    store.close()
    assert [partition.id for partition in store.open().partitions] == [1, 2, 3, 4]


def test_the_newest_declaration_of_a_task_counts(store: Store) -> None:
    store.commit(CommitBatch(tasks=[("a.one", "{1}", NOW), ("a.two", "{2}", NOW)]))
    store.commit(CommitBatch(tasks=[("a.one", "{3}", NOW + 1)]))
    store.close()
    assert store.open().tasks == [("a.one", "{3}", NOW + 1), ("a.two", "{2}", NOW)]


def test_a_finish_writes_every_field(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    store.commit(
        CommitBatch(
            finishes=[
                finish(1, state="failed", result=None, error="{}", progress='{"fraction":1}', number=9, failures=3, crashes=1)
            ]
        )
    )
    row = row_of(store, 1)
    assert (row.state, row.finished_at, row.result, row.error, row.progress, row.number, row.failures, row.crashes) == (
        "failed", NOW + 50, None, "{}", '{"fraction":1}', 9, 3, 1,
    )  # fmt: skip
    assert (row.worker, row.started_at, row.attempt) == ("w", NOW, 1)


@EACH_STATE
def test_only_a_running_job_is_finished(store: Store, state: State) -> None:
    put_in(store, 1, state)
    before = row_of(store, 1)
    store.commit(CommitBatch(finishes=[finish(1, before.attempt, state="failed", result="late", number=50)]))
    after = row_of(store, 1)
    assert (after.state, after.number) == ("failed", 50) if state is State.RUNNING else after == before


@pytest.mark.parametrize("attempt", [0, 2, 99])
def test_another_attempt_neither_finishes_nor_requeues_a_job(store: Store, attempt: int) -> None:
    put(store, new_job(1, state=State.RUNNING))
    before = row_of(store, 1)
    store.commit(CommitBatch(finishes=[finish(1, attempt)], requeues=[requeue(1, attempt)]))
    assert row_of(store, 1) == before


def test_a_job_that_does_not_exist_is_not_finished(store: Store) -> None:
    store.commit(CommitBatch(finishes=[finish(5)], requeues=[requeue(5)], snapshots=[Snapshot(1, None, 5)]))
    assert store.reader().job(id_of(5)) is None


def test_a_requeued_job_is_ready_and_belongs_to_no_worker(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    store.commit(CommitBatch(requeues=[requeue(1, number=4, crashes=1)]))
    row = row_of(store, 1)
    assert (row.state, row.worker, row.number, row.crashes, row.attempt) == ("ready", None, 4, 1, 1)
    assert [(job.seq, job.attempt, job.number, job.crashes) for job in claim(store)] == [(1, 2, 5, 1)]


def test_a_retried_job_waits_for_its_time(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    store.commit(CommitBatch(requeues=[requeue(1, state="waiting", due_at=NOW + 30, failures=1)]))
    assert (row_of(store, 1).state, row_of(store, 1).due_at) == ("waiting", NOW + 30)
    assert claim(store) == []
    assert store.commit(CommitBatch(sweep=Sweep(NOW + 29, 10, 5))).next_sweep == NOW + 30


@EACH_STATE
def test_only_a_running_job_is_requeued(store: Store, state: State) -> None:
    put_in(store, 1, state)
    before = row_of(store, 1)
    store.commit(CommitBatch(requeues=[requeue(1, before.attempt, number=50)]))
    after = row_of(store, 1)
    assert (after.state, after.number) == ("ready", 50) if state is State.RUNNING else after == before


@pytest.mark.parametrize("charge", [{"failures": 1}, {"crashes": 1}])
def test_a_job_whose_attempt_counts_has_started_in_time(store: Store, charge: dict[str, Any]) -> None:
    put(store, new_job(1, state=State.RUNNING, expires_at=NOW + 5))
    store.commit(CommitBatch(requeues=[requeue(1, **charge)]))
    assert store.commit(CommitBatch(sweep=Sweep(NOW + 20, 10, 5))).moved == []
    assert [job.seq for job in claim(store, now=NOW + 20)] == [1]


def test_a_job_that_was_handed_back_may_still_expire(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING, expires_at=NOW + 5))
    store.commit(CommitBatch(requeues=[requeue(1)]))
    assert [job.seq for job in store.commit(CommitBatch(sweep=Sweep(NOW + 20, 10, 5))).moved] == [1]


def test_a_snapshot_updates_a_running_job_only(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING), new_job(2))
    store.commit(CommitBatch(snapshots=[Snapshot(8, '{"fraction":0.5}', 1), Snapshot(8, '{"fraction":0.5}', 2)]))
    assert [(row_of(store, seq).number, row_of(store, seq).progress) for seq in (1, 2)] == [(8, '{"fraction":0.5}'), (1, None)]


@EACH_STATE
def test_a_job_is_cancelled_where_the_table_says_so(store: Store, state: State) -> None:
    put_in(store, 1, state)
    before = row_of(store, 1)
    result = store.commit(CommitBatch(cancels=[cancel(1)]))
    row = row_of(store, 1)
    if (state, Event.CANCEL) in MOVES:
        assert result.moved == [Moved(id_of(1), 1, 1, Event.CANCEL, state, before.number + 1)]
        assert result.answers == [Answer(State.CANCELLED, is_moved=True)]
        assert (row.state, row.finished_at, row.error, row.number) == (
            "cancelled",
            NOW + 60,
            '{"message":"no"}',
            before.number + 1,
        )
    else:
        assert (result.moved, result.answers) == ([], [Answer(state, is_moved=False)])
        assert row == before


@EACH_STATE
def test_a_job_is_retried_by_hand_where_the_table_says_so(store: Store, state: State) -> None:
    put_in(store, 1, state)
    before = row_of(store, 1)
    result = store.commit(CommitBatch(retries=[retry(1)]))
    row = row_of(store, 1)
    if (state, Event.RETRY_BY_HAND) in MOVES:
        assert result.moved == [Moved(id_of(1), 1, 1, Event.RETRY_BY_HAND, state, before.number + 1)]
        assert result.answers == [Answer(State.READY, is_moved=True)]
        assert row == before._replace(
            state="ready", number=before.number + 1, failures=0, crashes=0, finished_at=None, delete_at=None, result=None, error=None,
            worker=None, expires_at=None,
        )  # fmt: skip
        assert [(job.seq, job.attempt) for job in claim(store)] == [(1, before.attempt + 1)]
    else:
        assert (result.moved, result.answers) == ([], [Answer(state, is_moved=False)])
        assert row == before


def test_a_job_retried_by_hand_is_not_pruned_nor_expired(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING, expires_at=NOW + 1))
    store.commit(CommitBatch(finishes=[finish(1, state="failed", result=None, failures=2)], retries=[retry(1)]))
    result = store.commit(CommitBatch(sweep=Sweep(NOW + 9999, 10, 1)))
    assert (result.moved, result.next_sweep) == ([], None)
    assert state_of(store, 1) == "ready"


def test_what_does_not_exist_is_neither_cancelled_nor_retried(store: Store) -> None:
    result = store.commit(CommitBatch(cancels=[cancel(9)], retries=[retry(9)]))
    assert (result.moved, result.answers) == ([], [None, None])


def test_answers_run_parallel_to_what_was_asked(store: Store) -> None:
    put(store, new_job(1), new_job(2))
    result = store.commit(CommitBatch(cancels=[cancel(2), cancel(9), cancel(1), cancel(2)], retries=[retry(1), retry(9)]))
    ended, ready = Answer(State.CANCELLED, is_moved=True), Answer(State.READY, is_moved=True)
    assert result.answers == [ended, None, ended, Answer(State.CANCELLED, is_moved=False), ready, None]
    assert [(moved.seq, moved.event, moved.before, moved.after) for moved in result.moved] == [
        (2, "cancel", "ready", "cancelled"), (1, "cancel", "ready", "cancelled"), (1, "retry_by_hand", "cancelled", "ready"),
    ]  # fmt: skip


def test_a_report_goes_before_a_cancel_of_the_same_batch(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    result = store.commit(CommitBatch(finishes=[finish(1)], cancels=[cancel(1)]))
    assert (result.moved, result.answers) == ([], [Answer(State.SUCCEEDED, is_moved=False)])


def test_a_job_may_be_accepted_and_cancelled_in_one_batch(store: Store) -> None:
    result = store.commit(CommitBatch(new=[new_job(1, state=State.RUNNING)], cancels=[cancel(1)]))
    assert result.moved == [Moved(id_of(1), 1, 1, Event.CANCEL, State.RUNNING, 3)]


def test_events_and_attempts_are_kept_in_order(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING), new_job(2, state=State.RUNNING))
    events = [EventRow(1, number, NOW + number, "log", f'{{"n":{number}}}') for number in (3, 5, 4)]
    attempts = [AttemptRow(1, attempt, "w", NOW, NOW + attempt, "error", '{"type":"E"}') for attempt in (2, 1)]
    store.commit(CommitBatch(events=[*events, EventRow(2, 3, NOW, "chunk", "1")], attempts=attempts))
    reader = store.reader()
    assert [event.number for event in reader.events(1, 0, 100)] == [3, 4, 5]
    assert reader.events(1, 3, 1) == [events[2]]
    assert reader.events(1, 5, 100) == []
    assert [reader.newest_event(seq) for seq in (1, 2, 3)] == [5, 3, 0]
    assert reader.attempts(1) == [attempts[1], attempts[0]]
    assert reader.attempts(2) == []
    reader.close()


def test_no_more_events_are_read_than_asked_but_always_one(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    lengths = [40, 10, 30, 10, 10]
    texts = [f'"{"ä" * (length // 2 - 1)}"' for length in lengths]
    events = [EventRow(1, number, NOW, "log", text, 1, number) for number, text in enumerate(texts, 3)]
    store.commit(CommitBatch(events=events))
    reader = store.reader()
    for after, most, found in [(0, 1, 1), (0, 40, 1), (0, 41, 2), (0, 51, 3), (3, 40, 2), (3, 41, 3), (0, 100, 5)]:
        assert reader.events(1, after, 100, most) == [event for event in events if event.number > after][:found]
    assert reader.events(1, 0, 2, 10_000) == events[:2]


def test_a_number_that_has_an_event_keeps_it(store: Store) -> None:
    put(store, new_job(1, state=State.RUNNING))
    store.commit(CommitBatch(events=[EventRow(1, 3, NOW, "log", '"first"'), EventRow(1, 3, NOW, "log", '"second"')]))
    store.commit(CommitBatch(events=[EventRow(1, 3, NOW, "log", '"third"')]))
    assert [event.data for event in store.reader().events(1, 0, 10)] == ['"first"']


def test_more_rows_than_one_statement_takes_are_all_written(store: Store) -> None:
    count = 1237
    store.commit(CommitBatch(new=[new_job(seq, state=State.RUNNING) for seq in range(1, count + 1)]))
    store.commit(
        CommitBatch(
            finishes=[finish(seq) for seq in range(1, count, 2)],
            requeues=[requeue(seq) for seq in range(2, count, 2)],
            events=[EventRow(seq, 3, NOW, "log", "1") for seq in range(1, count + 1)],
            snapshots=[Snapshot(77, None, count)],
        )
    )
    assert {state_of(store, seq) for seq in (1, 3, 1235)} == {"succeeded"}
    assert (row_of(store, count).state, row_of(store, count).number) == ("running", 77)
    assert [job.seq for job in claim(store, limit=5000)] == list(range(2, count, 2))
    assert len(store.reader().events(1236, 0, 10)) == 1


def test_final_states_are_final_for_every_move_but_one(store: Store) -> None:
    for seq, state in enumerate(sorted(FINAL_STATES), 1):
        put_in(store, seq, state)
    before = [row_of(store, seq) for seq in range(1, 5)]
    moves = [(finish(row.seq, row.attempt), requeue(row.seq, row.attempt), Snapshot(99, None, row.seq)) for row in before]
    store.commit(
        CommitBatch(
            finishes=[move[0] for move in moves],
            requeues=[move[1] for move in moves],
            snapshots=[move[2] for move in moves],
            sweep=Sweep(NOW + 9999, 10, 1),
        )
    )
    assert [row_of(store, seq) for seq in range(1, 5)] == before
    assert claim(store) == []
