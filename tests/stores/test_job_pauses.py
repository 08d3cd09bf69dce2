"""Pauses of jobs in every store: what they hold does not start, whatever makes it ready, and goes on when they are over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.pause_checks import check_holds
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, id_of, new_job, requeue, retry

from taskbahn.protocol.states import State
from taskbahn_router.core.job_pauses import PauseJob, ResumeJob
from taskbahn_router.core.reactions import HOLD, IS_FLOW, IS_HELD, IS_PAUSED, PAUSE_BIT, NewEdge, NewMember
from taskbahn_router.core.rows import Room
from taskbahn_router.core.suspensions import Note, Suspension
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Answer, Claim, Prune, Sweep

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import CommitResult, Store


def commit(store: Store, *, now: float = NOW, free: int = 0, budget: int = 500, **batch: Any) -> CommitResult:
    """Commit a batch, and go on with what its budget has cut off."""
    claims = [Claim("w", (1, 2), free, now)] if free else []
    rooms = [Room("w", frozenset({1, 2}), free)] if free else []
    first = result = store.commit(
        CommitBatch(rules=Promises(now, {}, rooms, 100.0), reactions=Reactions(now, 100.0, budget), claims=claims, **batch)
    )
    while result.more:
        result = store.commit(
            CommitBatch(
                rules=Promises(now, {}, [], 100.0), reactions=Reactions(now, 100.0, budget, goes_on=True), is_continued=True
            )
        )
    return first


def pause(store: Store, seq: int, *, until: float | None = None, **more: Any) -> Answer | None:
    asked = PauseJob(id_of(seq), "ada", NOW, "too warm", until)
    return commit(store, job_pauses=[asked], **more).paused[0]


def resume(store: Store, seq: int, **more: Any) -> Answer | None:
    return commit(store, resumes=[ResumeJob(id_of(seq))], **more).paused[0]


def put(store: Store, *seqs: int, **more: Any) -> None:
    commit(store, new=[new_job(seq, **more) for seq in seqs])


def put_members(store: Store, parent: int, *seqs: int, flags: int = 0, **more: Any) -> None:
    jobs = [new_job(seq, **more) for seq in seqs]
    commit(store, submissions=[jobs], members=[NewMember(seq, id_of(parent), flags) for seq in seqs])


def started(store: Store, *, now: float = NOW) -> list[int]:
    return sorted(row.seq for rows in commit(store, now=now, free=100).claimed for row in rows)


def state_of(store: Store, seq: int) -> str:
    return tables_of(store).jobs[seq].state


def test_a_paused_job_starts_when_it_is_resumed(store: Store) -> None:
    put(store, 1, 2)
    assert pause(store, 1) == Answer(State.WAITING, is_moved=True)
    assert started(store) == [2]
    assert resume(store, 1) == Answer(State.READY, is_moved=True)
    assert started(store) == [1]


def test_a_pause_and_a_claim_of_one_commit_start_nothing(store: Store) -> None:
    put(store, 1)
    asked = PauseJob(id_of(1), None, NOW, "", None)
    assert commit(store, job_pauses=[asked], free=5).claimed == [[]]


def test_pausing_and_resuming_again_changes_nothing_but_the_pause(store: Store) -> None:
    put(store, 1)
    for until in (None, NOW + 9):
        assert pause(store, 1, until=until) == Answer(State.WAITING, is_moved=True)
        found = store.reader().holding_pause(1)
        assert found is not None
        assert (found.id, found.pause.until, found.pause.paused_by) == (id_of(1), until, "ada")
    for _ in range(2):
        assert resume(store, 1) == Answer(State.READY, is_moved=True)
        assert store.reader().holding_pause(1) is None


def test_jobs_that_have_ended_or_are_unknown_are_not_paused(store: Store) -> None:
    put(store, 1)
    commit(store, cancels=[cancel(1)])
    assert [pause(store, 1), resume(store, 1)] == [Answer(State.CANCELLED, is_moved=False)] * 2
    assert [pause(store, 9), resume(store, 9)] == [None, None]


def test_a_delay_that_ends_meanwhile_is_held(store: Store) -> None:
    put(store, 1, 2, state="waiting", due_at=NOW + 5)
    for seq in (1, 2):
        pause(store, seq)
    resume(store, 1)
    assert commit(store, now=NOW + 6, sweep=Sweep(NOW + 6, 100, 9.0)).next_sweep is None
    assert started(store, now=NOW + 6) == [1]
    resume(store, 2, now=NOW + 7)
    assert started(store, now=NOW + 7) == [2]


@pytest.mark.parametrize("state", ["ready", "waiting"])
def test_an_attempt_that_goes_back_is_held(store: Store, state: str) -> None:
    put(store, 1, state="running")
    assert pause(store, 1) == Answer(State.RUNNING, is_moved=True)
    commit(store, requeues=[requeue(1, state=state, due_at=NOW if state == "waiting" else None)])
    commit(store, sweep=Sweep(NOW, 100, 9.0))
    assert (state_of(store, 1), started(store)) == ("waiting", [])
    resume(store, 1)
    assert started(store) == [1]


def test_what_wakes_a_suspended_job_meanwhile_is_held(store: Store) -> None:
    """By a note, by the end of a job, by a moment."""
    put(store, 1, 2, 3, 4, 5, state="running")
    asked = [
        Suspension(1, 1, notes=("n",)),
        Suspension(2, 1, jobs=(id_of(5),)),
        Suspension(3, 1, until=NOW + 5),
        Suspension(4, 1, jobs=(id_of(5),), until=NOW + 500),
    ]
    commit(store, requeues=[requeue(seq, state="waiting") for seq in (1, 2, 3, 4)], suspensions=asked)
    for seq in (1, 2, 3, 4):
        pause(store, seq)
    commit(store, notes=[Note(1, "n", "1", NOW)], finishes=[finish(5)])
    commit(store, now=NOW + 6, sweep=Sweep(NOW + 6, 100, 9.0))
    assert started(store, now=NOW + 6) == []
    for seq in (1, 2, 3, 4):
        resume(store, seq, now=NOW + 6)
    assert started(store, now=NOW + 6) == [1, 2, 3, 4]


def test_a_job_that_waits_is_not_woken_by_its_resumption(store: Store) -> None:
    put(store, 1, 2, state="running")
    asked = [Suspension(1, 1, notes=("n",)), Suspension(2, 1, until=NOW + 50)]
    commit(store, requeues=[requeue(seq, state="waiting") for seq in (1, 2)], suspensions=asked)
    for seq in (1, 2):
        pause(store, seq)
        assert resume(store, seq) == Answer(State.WAITING, is_moved=True)
    assert started(store) == []
    commit(store, notes=[Note(1, "n", "1", NOW)])
    commit(store, now=NOW + 50, sweep=Sweep(NOW + 50, 100, 9.0))
    assert started(store, now=NOW + 50) == [1, 2]


def test_an_attempt_that_suspends_itself_for_a_pause_goes_on_after_it(store: Store) -> None:
    put(store, 1, state="running")
    pause(store, 1)
    commit(store, requeues=[requeue(1, state="waiting")], suspensions=[Suspension(1, 1, until=NOW)])
    commit(store, sweep=Sweep(NOW, 100, 9.0))
    assert started(store) == []
    resume(store, 1)
    assert started(store) == [1]


def test_a_child_whose_parents_succeed_meanwhile_is_held(store: Store) -> None:
    put(store, 1, state="running")
    commit(store, submissions=[[new_job(2)]], edges=[NewEdge(2, id_of(1), 0)])
    pause(store, 2)
    commit(store, finishes=[finish(1)])
    assert (state_of(store, 2), started(store)) == ("waiting", [])
    resume(store, 2)
    assert started(store) == [2]


def test_a_retry_by_hand_of_a_held_job_waits(store: Store) -> None:
    put(store, 1, state="running")
    put_members(store, 1, 2, 3, state="running")
    commit(store, requeues=[requeue(3, state="waiting")], suspensions=[Suspension(3, 1, notes=("n",))])
    pause(store, 1)
    commit(store, cancels=[cancel(2), cancel(3)])
    commit(store, retries=[retry(2), retry(3)])
    assert started(store) == []
    resume(store, 1)
    assert started(store) == [2, 3]


def test_a_pause_ends_by_itself(store: Store) -> None:
    put(store, 1)
    asked = PauseJob(id_of(1), None, NOW, "", NOW + 5)
    assert commit(store, job_pauses=[asked]).next_sweep == NOW + 5
    commit(store, now=NOW + 4, sweep=Sweep(NOW + 4, 100, 9.0))
    assert started(store) == []
    assert commit(store, now=NOW + 5, sweep=Sweep(NOW + 5, 100, 9.0)).next_sweep is None
    assert started(store) == [1]


def test_the_end_of_a_job_ends_its_pause(store: Store) -> None:
    put(store, 1, 2, state="running")
    for seq in (1, 2):
        pause(store, seq)
    commit(store, finishes=[finish(1, state="failed", error="{}")], cancels=[cancel(2)])
    assert [store.reader().holding_pause(seq) for seq in (1, 2)] == [None, None]
    commit(store, retries=[retry(1), retry(2)])
    assert started(store) == [1, 2]


@pytest.mark.parametrize("budget", [4, 500])
def test_a_pause_holds_the_tree_and_what_comes_to_it(store: Store, budget: int) -> None:
    put(store, 1, state="running")
    put_members(store, 1, *range(2, 12))
    put_members(store, 5, *range(20, 25))
    pause(store, 1, budget=budget)
    put_members(store, 1, 30)
    put_members(store, 7, 31)
    put_members(store, 5, 32, state="waiting", due_at=NOW)
    commit(store, sweep=Sweep(NOW, 100, 9.0))
    assert started(store) == []
    held = {seq for seq, job in tables_of(store).jobs.items() if job.flags & IS_HELD}
    assert held == {1, *range(2, 12), *range(20, 25), 30, 31, 32}
    resume(store, 1, budget=budget)
    assert started(store) == [*range(2, 12), *range(20, 25), 30, 31, 32]
    assert not [job for job in tables_of(store).jobs.values() if job.pending & PAUSE_BIT or job.flags & (IS_HELD | IS_PAUSED)]


def test_a_pause_within_a_pause_holds_after_it(store: Store) -> None:
    put(store, 1, state="running")
    put_members(store, 1, 2, 3)
    put_members(store, 2, 4)
    pause(store, 2)
    pause(store, 1)
    found = [store.reader().holding_pause(seq) for seq in (1, 2, 3, 4)]
    assert [one.id for one in found if one is not None] == [id_of(seq) for seq in (1, 2, 1, 2)]
    resume(store, 1)
    assert started(store) == [3]
    pause(store, 1)
    resume(store, 2)
    assert started(store) == []
    resume(store, 1)
    assert started(store) == [2, 4]


@pytest.mark.parametrize("budget", [4, 500])
def test_a_cancel_of_a_paused_tree_ends_it(store: Store, budget: int) -> None:
    put(store, 1, state="running")
    put_members(store, 1, *range(2, 12))
    put_members(store, 5, 20, 21)
    pause(store, 1)
    result = commit(store, cancels=[cancel(1)], budget=budget, free=5)
    assert [*result.claimed, started(store)] == [[], []]
    jobs = tables_of(store).jobs
    assert {job.state for job in jobs.values()} == {"cancelled"}
    assert not [job for job in jobs.values() if job.flags & (IS_HELD | IS_PAUSED)]


def test_a_flow_that_fails_while_it_is_paused_holds_its_other_members(store: Store) -> None:
    commit(
        store,
        submissions=[[new_job(1, state="running"), new_job(2), new_job(3)]],
        members=[NewMember(1, None, IS_FLOW), NewMember(2, id_of(1)), NewMember(3, id_of(1))],
        edges=[NewEdge(1, id_of(2), 0), NewEdge(1, id_of(3), 1)],
    )
    claimed = commit(store, free=1).claimed[0][0].seq
    other = 5 - claimed
    pause(store, 1)
    commit(store, finishes=[finish(claimed, state="failed", error='{"type":"E"}')])
    assert (state_of(store, 1), state_of(store, other), started(store)) == ("failed", "waiting", [])
    commit(store, now=NOW + 10_000, prune=Prune(NOW + 10_000, 0, 100))
    assert resume(store, 1) == Answer(State.FAILED, is_moved=True)
    assert started(store) == [other]


def test_a_pause_begins_no_member_again_that_failed(store: Store) -> None:
    commit(
        store,
        submissions=[[new_job(1, state="running"), new_job(2), new_job(3)]],
        members=[NewMember(1, None, IS_FLOW), NewMember(2, id_of(1)), NewMember(3, id_of(1))],
        edges=[NewEdge(1, id_of(2), 0, HOLD), NewEdge(1, id_of(3), 1)],
    )
    commit(store, free=5)
    commit(store, finishes=[finish(2, state="failed", error="{}")])
    pause(store, 1)
    assert (state_of(store, 1), state_of(store, 2)) == ("running", "failed")
    assert resume(store, 1) == Answer(State.RUNNING, is_moved=True)
    assert state_of(store, 2) == "failed"
    commit(store, retries=[retry(2)], job_pauses=[PauseJob(id_of(1), None, NOW, "", None)])
    assert (state_of(store, 2), started(store)) == ("waiting", [])
    check_holds(tables_of(store))


def test_a_flow_ends_while_it_is_paused_and_so_does_its_pause(store: Store) -> None:
    commit(
        store,
        submissions=[[new_job(1, state="running"), new_job(2)]],
        members=[NewMember(1, None, IS_FLOW), NewMember(2, id_of(1))],
        edges=[NewEdge(1, id_of(2), 0)],
    )
    assert started(store) == [2]
    assert pause(store, 1) == Answer(State.RUNNING, is_moved=True)
    commit(store, finishes=[finish(2)])
    assert state_of(store, 1) == "succeeded"
    assert store.reader().holding_pause(1) is None
    check_holds(tables_of(store))
    assert commit(store, now=NOW + 10_000, prune=Prune(NOW + 10_000, 0, 100)).pruned == 2
