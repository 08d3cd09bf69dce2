"""Each place that goes by the time of a job does so by the formula of `core/job_times.py`, to the microsecond."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.rows import NOW, claim, finish, new_job, put, seqs, state_of

from taskbahn.protocol.states import State
from taskbahn_router.core.job_times import expiry, is_due, is_over
from taskbahn_router.core.reactions import NewEdge
from taskbahn_router.core.rows import Room
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim, Sweep

if TYPE_CHECKING:
    from taskbahn_router.stores.contract import Store

MICROSECOND = 1e-6
TIMES = (None, 0.0, NOW - 60, NOW - MICROSECOND, NOW, NOW + MICROSECOND, NOW + 60)
PAIRS = dict(enumerate([(due_at, expires_at) for due_at in TIMES for expires_at in TIMES], 1))  # by seq
LIMITS = {"g": limit_from({"kind": "concurrency", "name": "g", "limit": 1000})}
KEYS = '[["g",1]]'


def test_the_formulas_count_the_moment_itself() -> None:
    assert [is_due(time, NOW) for time in TIMES] == [True, True, True, True, True, False, False]
    assert [is_over(time, NOW) for time in TIMES] == [False, True, True, True, True, False, False]
    assert expiry(NOW, None, 5) == expiry(NOW, NOW - 1, 5) == NOW + 5
    assert expiry(NOW, NOW + 1, 5) == NOW + 6
    assert expiry(NOW, NOW + 1, None) is None


def test_a_sweep_goes_by_the_formulas(store: Store) -> None:
    pairs = {seq: times for seq, times in PAIRS.items() if times[0] is not None}
    put(store, *(new_job(seq, state=State.WAITING, due_at=due, expires_at=end) for seq, (due, end) in pairs.items()))
    store.commit(CommitBatch(sweep=Sweep(NOW, 1000, 60.0)))
    for seq, (due_at, expires_at) in pairs.items():
        expected = "expired" if is_over(expires_at, NOW) else "ready" if is_due(due_at, NOW) else "waiting"
        assert state_of(store, seq) == expected, (due_at, expires_at)


def test_a_claim_goes_by_the_formulas(store: Store) -> None:
    put(store, *(new_job(seq, expires_at=end) for seq, end in enumerate(TIMES, 1)))
    assert seqs(claim(store, 1, limit=100, now=NOW)) == [seq for seq, end in enumerate(TIMES, 1) if not is_over(end, NOW)]


def test_jobs_under_limits_start_by_the_formulas(store: Store) -> None:
    new = [new_job(seq, expires_at=end, keys=KEYS) for seq, end in enumerate(TIMES, 1)]
    store.commit(CommitBatch(new=new, rules=Promises(NOW, LIMITS)))
    batch = CommitBatch(claims=[Claim("w", (1,), 100, NOW)], rules=Promises(NOW, LIMITS, [Room("w", frozenset({1}), 100)]))
    store.commit(batch)
    for seq, expires_at in enumerate(TIMES, 1):
        assert state_of(store, seq) == ("expired" if is_over(expires_at, NOW) else "running"), expires_at


def test_a_job_behind_another_starts_by_the_formulas(store: Store) -> None:
    parent = 100
    put(store, new_job(parent, state=State.RUNNING))
    children = {seq: due_at for seq, due_at in enumerate(TIMES, 1) if due_at is not None}
    jobs = [new_job(seq, state=State.WAITING, due_at=due_at) for seq, due_at in children.items()]
    edges = [NewEdge(seq, parent, 0) for seq in children]
    store.commit(CommitBatch(submissions=[jobs], edges=edges, rules=Promises(NOW - 3600, {})))
    store.commit(CommitBatch(finishes=[finish(parent)], reactions=Reactions(NOW)))
    for seq, due_at in children.items():
        assert state_of(store, seq) == ("ready" if is_due(due_at, NOW) else "waiting"), due_at
