"""Waits that would close a circle, in every store: the commit refuses those and no other (`core.wait_circles`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.promise_runs import STORES
from support.promise_tables import empty_tables, tables_of
from support.rows import NOW, finish, id_of, new_job, requeue

from taskbahn.protocol import messages
from taskbahn.protocol.suspended import circle_note
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import IS_FLOW, NewEdge, NewMember
from taskbahn_router.core.rows import Room
from taskbahn_router.core.suspensions import Suspension
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Sweep

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from taskbahn_router.stores.contract import CommitResult, Store

JOBS = 7


def commit(store: Store, *, free: int = 0, **batch: Any) -> CommitResult:
    claims = [Claim("w", (1, 2), free, NOW)] if free else []
    rooms = [Room("w", frozenset({1, 2}), free)] if free else []
    return store.commit(
        CommitBatch(rules=Promises(NOW, {}, rooms, 100.0), reactions=Reactions(NOW, 100.0), claims=claims, **batch)
    )


def suspend(store: Store, seq: int, attempt: int = 1, **waits: Any) -> list[str] | None:
    """Have a running job wait; return the circle that the commit refuses."""
    asked = Suspension(seq, attempt, **waits)
    commit(store, requeues=[requeue(seq, attempt, state="waiting")], suspensions=[asked])
    noted = {note.name: note.value for note in store.reader().notes(seq, "", 100)}.get(circle_note(attempt))
    return None if noted is None else messages.from_json(noted)


def texts(*seqs: int) -> list[str]:
    return [id_text(id_of(seq)) for seq in seqs]


def put(store: Store, *seqs: int) -> None:
    commit(store, new=[new_job(seq, state="running") for seq in seqs])


def test_the_wait_that_would_close_a_circle_is_refused(store: Store) -> None:
    put(store, 1, 2, 3)
    assert suspend(store, 1, jobs=(id_of(2),)) is None
    assert suspend(store, 2, jobs=(id_of(3),)) is None
    assert suspend(store, 3, jobs=(id_of(1),)) == texts(1, 2)
    commit(store, sweep=Sweep(NOW, 100, 9.0))
    (claimed,) = commit(store, free=5).claimed[0]
    assert (claimed.seq, claimed.attempt) == (3, 2)
    commit(store, finishes=[finish(3, 2, state="failed", error="{}")])
    assert [tables_of(store).jobs[seq].state for seq in (1, 2)] == ["waiting", "ready"]


def test_a_member_that_waits_for_its_flow_is_refused(store: Store) -> None:
    commit(
        store,
        submissions=[[new_job(1, state="running"), new_job(2), new_job(3)]],
        members=[NewMember(1, None, IS_FLOW), NewMember(2, id_of(1)), NewMember(3, id_of(1))],
        edges=[NewEdge(1, id_of(3), 0), NewEdge(3, id_of(2), 0)],
    )
    commit(store, free=5)
    assert suspend(store, 2, jobs=(id_of(1),)) == texts(1, 3)


@pytest.mark.parametrize("waits", [{"until": NOW + 9}, {"notes": ("n",)}, {"jobs": (id_of(1), id_of(3))}])
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_wait_that_something_else_may_end_closes_no_circle(store: Store, waits: dict[str, Any], order: tuple[int, int]) -> None:
    put(store, 1, 2, 3)
    asked: dict[int, dict[str, Any]] = {1: {"jobs": (id_of(2),)}, 2: {"jobs": (id_of(1),)} | waits}
    assert [suspend(store, seq, **asked[seq]) for seq in order] == [None, None]


def test_a_job_that_waits_for_its_retry_waits_for_no_other(store: Store) -> None:
    """The attempt before waited for the first of two jobs, and the edge to the other one is open still."""
    put(store, 1, 2, 3)
    assert suspend(store, 1, jobs=(id_of(2), id_of(3))) is None
    commit(store, finishes=[finish(2)])
    commit(store, free=1)
    commit(store, requeues=[requeue(1, 2, state="waiting", due_at=NOW + 100, failures=1)])
    assert suspend(store, 3, jobs=(id_of(1),)) is None
    assert tables_of(store).jobs[3].state == "waiting"


def test_two_waits_of_one_commit_close_no_circle(store: Store) -> None:
    put(store, 1, 2)
    asked = [Suspension(1, 1, (id_of(2),)), Suspension(2, 1, (id_of(1),))]
    commit(store, requeues=[requeue(seq, state="waiting") for seq in (1, 2)], suspensions=asked)
    assert [note.value for note in store.reader().notes(2, circle_note(0), 1)] == [messages.to_json(texts(1))]


class Waits:
    """Which jobs wait for which, and cannot go on without: *waits* by job; *attempts* of those that run."""

    def __init__(self, store: Store, pick: random.Random) -> None:
        self.store, self.pick = store, pick
        self.waits: dict[int, set[int]] = {}
        self.attempts = dict.fromkeys(range(1, JOBS + 1), 1)
        self.ended: set[int] = set()
        put(store, *self.attempts)
        below = {seq: set(pick.sample(range(1, JOBS + 1), pick.randint(1, 2))) for seq in range(JOBS + 1, JOBS + 4)}
        commit(
            store,
            submissions=[[new_job(seq) for seq in below]],
            edges=[NewEdge(seq, id_of(parent), 0) for seq, parents in below.items() for parent in parents],
        )
        self.waits |= below

    def reaches(self, start: int, end: int, seen: frozenset[int] = frozenset()) -> bool:
        return start == end or any(
            self.reaches(one, end, seen | {start}) for one in self.waits.get(start, ()) if one not in seen | {start}
        )

    def step(self) -> None:
        running = sorted(self.attempts)
        if not running:
            return
        seq = self.pick.choice(running)
        if self.pick.random() < 0.2:
            self.end(seq)
        else:
            self.wait(seq)
        commit(self.store, sweep=Sweep(NOW, 100, 9.0))
        for row in commit(self.store, free=100).claimed[0]:
            self.waits.pop(row.seq, None)
            self.attempts[row.seq] = row.attempt
        assert all(not self.reaches(one, seq) for seq, waits in self.waits.items() for one in waits), "a circle was closed"

    def end(self, seq: int) -> None:
        commit(self.store, finishes=[finish(seq, self.attempts.pop(seq))])
        self.ended.add(seq)
        for waits in self.waits.values():
            waits.discard(seq)

    def wait(self, seq: int) -> None:
        others = self.pick.sample([one for one in range(1, JOBS + 4) if one != seq], self.pick.randint(1, 3))
        every = self.pick.random() < 0.6
        is_certain = every or len(others) == 1
        open_ones = set(others) - self.ended
        closes = is_certain and any(self.reaches(one, seq) for one in open_ones)
        refused = suspend(self.store, seq, self.attempts.pop(seq), jobs=tuple(map(id_of, others)), every=every)
        assert (refused is not None) == closes, (seq, others, every, self.waits, refused)
        if refused is not None:
            path = [next(one for one in range(1, JOBS + 4) if id_text(id_of(one)) == id) for id in refused]
            assert path[0] in others
            assert all(after in self.waits[before] for before, after in zip(path, [*path[1:], seq], strict=True))
        self.waits[seq] = open_ones if is_certain and refused is None else set()


@pytest.mark.parametrize("name", STORES)
def test_those_waits_are_refused_that_close_a_circle(name: str, tmp_path: Path) -> None:
    store = STORES[name].make(tmp_path)
    store.open()

    @settings(max_examples=150, deadline=None)
    @given(st.randoms(use_true_random=False), st.integers(2, 25))
    def live(pick: random.Random, steps: int) -> None:
        empty_tables(store)
        life = Waits(store, pick)
        for _ in range(steps):
            life.step()

    live()
    store.close()
