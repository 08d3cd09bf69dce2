"""Jobs that wait without an attempt, in every store: what wakes them, what they remember, and what a retry or a cancel does to it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, requeue, retry

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import OPEN, SATISFIED, NewMember
from taskbahn_router.core.rows import Room
from taskbahn_router.core.suspensions import SUSPENSIONS, Asked, Note, Suspension, Told
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Answer, Claim, Prune, Sweep

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult, Store

ENDS = ("succeeded", "failed")


def commit(store: Store, *, now: float = NOW, free: int = 0, **batch: Any) -> CommitResult:
    claims = [Claim("w", (1, 2), free, now)] if free else []
    rooms = [Room("w", frozenset({1, 2}), free)] if free else []
    return store.commit(
        CommitBatch(rules=Promises(now, {}, rooms, 100.0), reactions=Reactions(now, 100.0), claims=claims, **batch)
    )


def suspend(store: Store, seq: int, *, attempt: int = 1, now: float = NOW, **waits: Any) -> CommitResult:
    """Have the attempt of a running job end, for its function waits."""
    asked = Suspension(seq, attempt, **waits)
    return commit(store, now=now, requeues=[requeue(seq, attempt, state="waiting")], suspensions=[asked])


def put(store: Store, *seqs: int) -> None:
    commit(store, new=[new_job(seq, state="running") for seq in seqs])


def end(store: Store, seq: int, state: str = "succeeded", **more: Any) -> CommitResult:
    error = None if state == "succeeded" else '{"type":"E"}'
    return commit(store, finishes=[finish(seq, state=state, error=error)], **more)


def sweep(store: Store, now: float) -> None:
    commit(store, now=now, sweep=Sweep(now, 100, 100.0))


def state_of(store: Store, seq: int) -> str:
    return tables_of(store).jobs[seq].state


def notes_of(store: Store, seq: int) -> dict[str, str]:
    return {note.name: note.value for note in store.reader().notes(seq, "", 100)}


@pytest.mark.parametrize("state", ENDS)
def test_the_end_of_a_job_wakes_what_waits_for_it(store: Store, state: str) -> None:
    put(store, 1, 2)
    assert suspend(store, 1, jobs=(id_of(2),)).next_sweep is None
    assert state_of(store, 1) == "waiting"
    end(store, 2, state)
    assert state_of(store, 1) == "ready"
    assert commit(store, free=1).claimed[0][0].attempt == 2


@pytest.mark.parametrize("count", [1, 3])
def test_a_job_waits_for_the_first_or_for_all(store: Store, count: int) -> None:
    put(store, 1, 2, 3, 4)
    suspend(store, 1, jobs=tuple(map(id_of, (2, 3, 4))), every=count == 3)
    for number, seq in enumerate((3, 2, 4), 1):
        assert (state_of(store, 1) == "ready") == (number > count)
        end(store, seq)
    assert state_of(store, 1) == "ready"
    assert {edge.state for edge in tables_of(store).edges.values()} == {SATISFIED}


def test_what_is_there_already_wakes_at_once(store: Store) -> None:
    """The job may have ended, or may be gone, in the same batch or before; the note may have come."""
    put(store, 1, 2, 3, 4, 5)
    end(store, 2)
    commit(store, notes=[Note(3, "answer", "1", NOW)])
    for seq, waits in ((1, {"jobs": (id_of(2),)}), (3, {"notes": ("answer",)}), (4, {"jobs": (id_of(99),)}), (5, {})):
        assert suspend(store, seq, **waits).next_sweep == NOW
    sweep(store, NOW)
    assert {state_of(store, seq) for seq in (1, 3, 4, 5)} == {"ready"}


def test_an_end_in_the_same_batch_is_not_missed(store: Store) -> None:
    put(store, 1, 2)
    asked = Suspension(1, 1, jobs=(id_of(2),))
    commit(store, finishes=[finish(2)], requeues=[requeue(1, state="waiting")], suspensions=[asked])
    sweep(store, NOW)
    assert state_of(store, 1) == "ready"


@pytest.mark.parametrize("waits", [{}, {"jobs": (id_of(2),)}, {"jobs": (id_of(2), id_of(3)), "every": True}, {"notes": ("n",)}])
def test_a_moment_wakes_whatever_else_is_waited_for(store: Store, waits: dict[str, Any]) -> None:
    put(store, 1, 2, 3)
    assert suspend(store, 1, until=NOW + 5, **waits).next_sweep == NOW + 5
    sweep(store, NOW + 4)
    assert state_of(store, 1) == "waiting"
    sweep(store, NOW + 5)
    assert state_of(store, 1) == "ready"


def test_a_job_with_a_moment_wakes_before_it(store: Store) -> None:
    put(store, 1, 2)
    suspend(store, 1, jobs=(id_of(2),), until=NOW + 500)
    end(store, 2)
    assert state_of(store, 1) == "ready"


def test_a_job_with_a_moment_looks_seldom_while_it_waits_for_many(store: Store) -> None:
    """With a timeout of a batch each of 1,000 ends would cost an attempt."""
    put(store, 1, 2, 3, 4)
    suspend(store, 1, jobs=tuple(map(id_of, (2, 3, 4))), every=True, until=NOW + 10)
    end(store, 2)
    end(store, 3)
    assert state_of(store, 1) == "waiting"
    end(store, 4)
    assert state_of(store, 1) == "ready"


def test_a_note_wakes_and_is_kept_once(store: Store) -> None:
    put(store, 1, 2)
    suspend(store, 1, notes=("question", "other"))
    commit(store, notes=[Note(1, "else", "0", NOW), Note(2, "question", "0", NOW)])
    assert state_of(store, 1) == "waiting"
    result = commit(store, now=NOW + 3, notes=[Note(1, "question", '"yes"', NOW), Note(1, "question", '"no"', NOW)])
    assert result.next_sweep == NOW + 3
    sweep(store, NOW + 3)
    assert state_of(store, 1) == "ready"
    assert notes_of(store, 1) == {SUSPENSIONS: "1", "else": "0", "question": '"yes"'}


def test_a_job_forgets_what_it_waited_for_before(store: Store) -> None:
    put(store, 1, 2, 3)
    suspend(store, 1, jobs=(id_of(2),), notes=("old",), until=NOW + 1)
    sweep(store, NOW + 1)
    commit(store, free=1)
    suspend(store, 1, attempt=2, jobs=(id_of(3),))
    end(store, 2)
    commit(store, notes=[Note(1, "old", "1", NOW)])
    sweep(store, NOW + 100)
    assert state_of(store, 1) == "waiting"
    end(store, 3)
    assert state_of(store, 1) == "ready"
    assert notes_of(store, 1)[SUSPENSIONS] == "2"


def test_an_attempt_that_has_ended_suspends_nothing(store: Store) -> None:
    put(store, 1, 2)
    commit(store, cancels=[cancel(1)])
    suspend(store, 1, jobs=(id_of(2),))
    assert state_of(store, 1) == "cancelled"
    assert not tables_of(store).edges
    assert SUSPENSIONS not in notes_of(store, 1)


def test_a_suspended_job_does_not_expire(store: Store) -> None:
    commit(store, new=[new_job(1, state="running", expires_at=NOW + 10), new_job(2, state="running")])
    suspend(store, 1, jobs=(id_of(2),))
    sweep(store, NOW + 1000)
    assert state_of(store, 1) == "waiting"


def test_a_retry_by_hand_does_not_wait_for_what_was_waited_for(store: Store) -> None:
    """The worker calls its function from the top, and that waits again."""
    put(store, 1, 2)
    commit(store, notes=[Note(1, "step", "7", NOW)])
    suspend(store, 1, notes=("answer",))
    commit(store, cancels=[cancel(1)])
    commit(store, retries=[retry(1)])
    job = tables_of(store).jobs[1]
    assert (job.state, job.pending) == ("ready", 0)
    assert notes_of(store, 1)["step"] == "7"


def test_a_job_that_is_waited_for_is_kept_as_long(store: Store) -> None:
    put(store, 1, 2, 3)
    suspend(store, 1, jobs=(id_of(2), id_of(3)), every=True)
    end(store, 2)
    commit(store, now=NOW + 1e6, prune=Prune(NOW + 1e6, 0, 100))
    assert set(tables_of(store).jobs) == {1, 2, 3}
    assert [edge.state for edge in tables_of(store).edges.values() if edge.parent == 3] == [OPEN]


def test_notes_go_with_their_job(store: Store) -> None:
    put(store, 1)
    commit(store, notes=[Note(1, "step", "7", NOW)])
    end(store, 1)
    commit(store, now=NOW + 1e6, prune=Prune(NOW + 1e6, 0, 100))
    assert notes_of(store, 1) == {}


def test_notes_are_read_in_pages(store: Store) -> None:
    put(store, 1)
    commit(store, notes=[Note(1, f"n{number:03}", '"0123456789"', NOW) for number in range(30)])
    read, after = [], ""
    for limit, most_bytes in itertools.cycle([(7, 10**9), (100, 30)]):
        page = store.reader().notes(1, after, limit, most_bytes)
        if not page:
            break
        assert len(page) <= limit
        read += [note.name for note in page]
        after = page[-1].name
    assert read == [f"n{number:03}" for number in range(30)]


def test_a_job_with_notes_says_so_at_its_claim(store: Store) -> None:
    put(store, 1)
    commit(store, notes=[Note(1, "step", "7", NOW)])
    commit(store, requeues=[requeue(1)])
    assert commit(store, free=1).claimed[0][0].flags & 512


def ask(store: Store, *seqs: int, name: str = "q") -> None:
    commit(store, asked=[Asked(seq, name, f'{{"name":"{name}"}}', NOW + len(name)) for seq in seqs])


def open_questions(store: Store, seq: int | None = None, after: int = 0, limit: int = 100) -> list[tuple[int, str]]:
    found = store.reader().questions(seq, after, limit)
    assert all(one.id == id_of(one.seq) and one.partition == 1 for one in found)
    return [(one.seq, one.value) for one in found]


def test_a_question_is_open_until_its_answer(store: Store) -> None:
    put(store, 1, 2)
    ask(store, 1, 2)
    ask(store, 1, name="other")
    ask(store, 1)  # an attempt that comes later asks again
    assert open_questions(store) == [(1, '{"name":"q"}'), (1, '{"name":"other"}'), (2, '{"name":"q"}')]
    assert open_questions(store, after=1) == open_questions(store, 2) == [(2, '{"name":"q"}')]
    assert len(open_questions(store, limit=2)) == 2
    told = commit(store, told=[Told(id_of(1), "answer:q", "1", NOW), Told(id_of(1), "answer:q", "2", NOW)]).told
    assert told == [(Answer(State.RUNNING, is_moved=True), "answer:q"), (Answer(State.RUNNING, is_moved=False), "answer:q")]
    ask(store, 1)
    assert open_questions(store, 1) == [(1, '{"name":"other"}')]
    assert notes_of(store, 1)["answer:q"] == "1"


@pytest.mark.parametrize("state", ENDS)
def test_a_question_ends_with_its_job(store: Store, state: str) -> None:
    put(store, 1)
    ask(store, 1)
    end(store, 1, state)
    assert open_questions(store) == open_questions(store, 1) == []
    assert commit(store, told=[Told(id_of(1), "answer:q", "1", NOW)]).told == [(Answer(State(state), is_moved=False), "answer:q")]
    commit(store, now=NOW + 1e6, prune=Prune(NOW + 1e6, 0, 100))
    put(store, 2)
    assert open_questions(store) == []


def test_an_attempt_closes_its_question(store: Store) -> None:
    put(store, 1)
    ask(store, 1)
    commit(store, notes=[Note(1, "answer:q", '{"is_late":true}', NOW)])
    assert open_questions(store) == []


def test_an_answer_wakes_what_waits_for_it(store: Store) -> None:
    put(store, 1)
    ask(store, 1)
    suspend(store, 1, notes=("answer:q",))
    assert open_questions(store, 1)
    result = commit(store, now=NOW + 7, told=[Told(id_of(1), "answer:q", "1", NOW + 7)])
    assert result.next_sweep == NOW + 7
    sweep(store, NOW + 7)
    assert state_of(store, 1) == "ready"


def test_messages_have_numbers_in_their_order(store: Store) -> None:
    put(store, 1)
    suspend(store, 1, notes=("message:000000002",))
    names = [commit(store, told=[Told(id_of(1), "", f"{number}", NOW)]).told for number in (1, 2)]
    assert names == [[(Answer(State.WAITING, is_moved=True), f"message:00000000{number}")] for number in (1, 2)]
    sweep(store, NOW)
    assert state_of(store, 1) == "ready"
    assert {name: value for name, value in notes_of(store, 1).items() if name.startswith("message")} == {
        "message:000000001": "1",
        "message:000000002": "2",
    }
    assert commit(store, told=[Told(id_of(9), "", "1", NOW)]).told == [None]


def replace(store: Store, seq: int, by: int) -> CommitResult:
    """Let another job take the place of a running one."""
    asked = Suspension(seq, 1, replaced_by=id_of(by))
    members = [NewMember(by, id_of(seq))]
    commit(store, submissions=[[new_job(by, state="ready")]], members=members)
    commit(store, free=1)
    return commit(store, requeues=[requeue(seq, state="waiting")], suspensions=[asked])


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("state", ENDS)
def test_a_job_ends_as_the_one_does_that_takes_its_place(store: Store, state: str, order: str) -> None:
    put(store, 1)
    commit(store, submissions=[[new_job(2)]], members=[NewMember(2, id_of(1))])
    commit(store, free=1)
    suspension: dict[str, Any] = {
        "requeues": [requeue(1, state="waiting")],
        "suspensions": [Suspension(1, 1, replaced_by=id_of(2))],
    }
    if order == "after":
        commit(store, **suspension)
        assert state_of(store, 1) == "waiting"
        end(store, 2, state)
    else:
        end(store, 2, state)
        commit(store, **suspension)
    assert state_of(store, 1) == state
    row = store.reader().job(id_of(1))
    assert row is not None
    assert (row.result is not None) == (state == "succeeded")
    assert commit(store, free=5).claimed == [[]]


def test_a_cancel_ends_what_takes_the_place(store: Store) -> None:
    put(store, 1)
    replace(store, 1, 2)
    commit(store, cancels=[cancel(1)])
    assert state_of(store, 2) == "cancelled"


def test_a_retry_of_a_replaced_job_begins_at_what_failed(store: Store) -> None:
    put(store, 1)
    replace(store, 1, 2)
    end(store, 2, "failed")
    assert state_of(store, 1) == "failed"
    commit(store, retries=[retry(1)])
    assert (state_of(store, 1), state_of(store, 2)) == ("running", "ready")
    commit(store, free=1)
    commit(store, finishes=[finish(2, 2)])
    assert state_of(store, 1) == "succeeded"


def test_a_job_goes_on_whose_replacement_does_not_exist(store: Store) -> None:
    put(store, 1)
    assert suspend(store, 1, replaced_by=id_of(9)).next_sweep == NOW
    sweep(store, NOW)


@pytest.mark.parametrize("late", ["job", "note"])
def test_what_comes_after_a_wake_shortens_no_delay(store: Store, late: str) -> None:
    """A retry has its delay, though the attempt before it had waited for something else, too."""
    put(store, 1, 2, 3)
    suspend(store, 1, jobs=(id_of(2), id_of(3)), notes=("late",))
    end(store, 2)
    commit(store, free=1)
    assert (state_of(store, 1), tables_of(store).jobs[1].attempt) == ("running", 2)
    commit(store, requeues=[requeue(1, 2, state="waiting", due_at=NOW + 1000, failures=1)])
    if late == "job":
        end(store, 3)
    else:
        commit(store, notes=[Note(1, "late", "1", NOW)])
    assert (state_of(store, 1), tables_of(store).jobs[1].due_at) == ("waiting", NOW + 1000)
    sweep(store, NOW + 1000)
    assert state_of(store, 1) == "ready"


def test_readers_see_what_a_job_waits_for_now(store: Store) -> None:
    put(store, 1, 2, 3)
    suspend(store, 1, jobs=(id_of(2), id_of(3)), notes=("b", "a"))
    reader = store.reader()
    assert [(edge.parent, edge.policy, edge.state) for edge in reader.edges_to([1], 10)] == [(2, "wake", OPEN), (3, "wake", OPEN)]
    assert [edge.child for edge in reader.edges_from([2], 10)] == [1]
    assert reader.awaited(1, 10) == ["a", "b"]
    assert reader.awaited(1, 1) == ["a"]
    end(store, 2)
    commit(store, free=1)
    suspend(store, 1, attempt=2, jobs=(id_of(3),))
    assert [edge.parent for edge in reader.edges_to([1], 10)] == [3]
    assert reader.awaited(1, 10) == []


def test_a_suspension_that_a_cancel_ended_counts_as_a_failure(store: Store) -> None:
    """The retry by hand starts the children again that were cancelled with it, as it does after a failure."""
    put(store, 1, 2)
    suspend(store, 1, jobs=(id_of(2),))
    commit(store, cancels=[cancel(1)])
    commit(store, retries=[retry(1)])
    assert notes_of(store, 1)[SUSPENSIONS] == "0"
    commit(store, cancels=[cancel(1)])
    commit(store, retries=[retry(1)], free=1)
    assert notes_of(store, 1)[SUSPENSIONS] == "0"
    assert tables_of(store).jobs[1].attempt == 2
