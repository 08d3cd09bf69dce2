"""Jobs under two limits that others saturate, in every store: they start in time, and one that cannot start holds back no other."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.promise_tables import tables_of
from support.rows import NOW, cancel, finish, new_job, state_of
from support.saturation import (
    BOTH,
    ELDER_SECONDS,
    IN_TIME_SECONDS,
    JOB_SECONDS,
    LEFT,
    RIGHT,
    STEP_SECONDS,
    TASKS,
    Saturation,
    starve,
    trickle,
)
from support.stores import KINDS, opened

from taskbahn_router.core.rows import Room, text_of
from taskbahn_router.promises import elder
from taskbahn_router.promises.domains import domains_of
from taskbahn_router.promises.engine import Pause, Promises
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.stores import StoreKind

    from taskbahn_router.stores.contract import Store
    from taskbahn_router.stores.rows import NewJob


def test_a_job_under_two_limits_starts_though_others_saturate_both(store: Store) -> None:
    starve(store, 1)


def test_without_the_rule_it_starves(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elder, "ELDER_US", 10**15)
    saturation = Saturation(store)
    saturation.both()
    saturation.passes(5 * IN_TIME_SECONDS)
    assert saturation.started == {}


def test_many_jobs_under_two_limits_get_their_turn_in_order(store: Store) -> None:
    starve(store, 7)


def test_a_better_job_is_not_held_back(store: Store) -> None:
    saturation = Saturation(store)
    worse = saturation.both()
    better = saturation.both(priority=1)
    saturation.passes(IN_TIME_SECONDS + 2 * JOB_SECONDS)
    assert list(saturation.started) == [better, worse]


def test_tokens_of_a_closed_rate_are_kept_but_no_permits(store: Store) -> None:
    saturation = Saturation(store, kind="rate", rate="6/m", burst=1)
    saturation.passes(3)  # so that permits and tokens never come together
    seq = saturation.both()
    for _ in range(80):
        saturation.passes(STEP_SECONDS)
        if seq in saturation.started:
            break
        assert saturation.now - saturation.idle[LEFT] <= JOB_SECONDS
    assert seq in saturation.started


def test_a_rate_lets_others_through_beside_the_start_that_it_keeps(store: Store) -> None:
    trickle(store)


def cancelled(saturation: Saturation, seq: int) -> None:
    saturation.commit(cancels=[cancel(seq)._replace(now=saturation.now)])


def paused(saturation: Saturation, seq: int) -> None:
    saturation.commit(pauses=[Pause(f'own["{seq}"]')])


def lowered(saturation: Saturation, seq: int) -> None:
    saturation.declared["own"]["limit"] = 0
    saturation.commit(changed=["own"])


def left(saturation: Saturation, seq: int) -> None:
    saturation.served = [frozenset({LEFT, RIGHT})]


def without_slots(saturation: Saturation, seq: int) -> None:
    saturation.slots = 0
    saturation.passes(2 * ELDER_SECONDS)  # until it becomes the elder, and so long its permits are kept


def separated(saturation: Saturation, seq: int) -> None:
    saturation.tasks = (("left",), ("right",))


def expired(saturation: Saturation, seq: int) -> None:
    """Its time was set when it was submitted."""


ENDS = [cancelled, paused, lowered, left, without_slots, separated, expired]


@settings(max_examples=80)
@given(kind=st.sampled_from(list(KINDS.values())), ends=st.sampled_from(ENDS), after=st.integers(6, 15))
def test_an_elder_that_cannot_start_holds_back_no_other_for_long(
    kind: StoreKind, ends: Callable[[Saturation, int], None], after: int
) -> None:
    with TemporaryDirectory() as folder, opened(kind, Path(folder, "data")) as store:
        live_without(store, ends, after)


def live_without(store: Store, ends: Callable[[Saturation, int], None], after: int) -> None:
    """Have something end an elder, or what may become one: the others go on, and when it may start again, it does."""
    saturation = Saturation(store)
    seq = saturation.both(expires_at=NOW + after if ends is expired else None)
    saturation.passes(after)
    ends(saturation, seq)
    saturation.passes(ELDER_SECONDS + JOB_SECONDS)
    for _ in range(20):
        saturation.passes(STEP_SECONDS)
        assert set(saturation.idle.values()) == {saturation.now}
    saturation.declared["own"]["limit"], saturation.slots, saturation.served, saturation.tasks = (
        1,
        10,
        [frozenset({LEFT, RIGHT, BOTH})],
        TASKS,
    )
    saturation.commit(pauses=[Pause(f'own["{seq}"]', None)], changed=["own"])
    saturation.passes(IN_TIME_SECONDS + ELDER_SECONDS)
    assert state_of(store, seq) in ("succeeded", "cancelled" if ends is cancelled else "expired")
    saturation.passes(4 * JOB_SECONDS, is_last=True)
    tables = tables_of(store)
    assert not tables.lanes
    assert [gate for gate in tables.gates.values() if gate.used or gate.blocked or gate.wakes_at_us is not None] == []


def test_what_a_better_job_takes_frees_at_once_what_was_kept(store: Store) -> None:
    """Under the rate, a better job takes the token of the elder, which then waits: the job that it held back comes before a worse one."""
    one = {"kind": "concurrency", "limit": 1}
    declared = {"k": one, "g": one, "r": {"kind": "rate", "rate": "6/m", "burst": 1}}
    limits = {name: limit_from({"name": name, **each}) for name, each in declared.items()}

    def commit(seconds: float, *new: NewJob, slots: int = 0, **rows: Any) -> list[int]:
        rooms = [Room("w", frozenset({1, 3}), 10), Room("two", frozenset({2}), slots)]
        now = NOW + seconds
        rules = Promises(now, limits, rooms, 100.0, domains=domains_of([["k", "r", "g"]]), served=[{1, 2, 3}])
        claims = [Claim(room.worker, tuple(room.partitions), room.free, now) for room in rooms]
        return sorted(
            row.seq
            for each in store.commit(CommitBatch(new=list(new), rules=rules, claims=claims, **rows)).claimed
            for row in each
        )

    k, r, g = (text_of(((name, 1),)) for name in "krg")
    assert commit(0, new_job(1, keys=k), new_job(2, keys=r)) == [1, 2]
    assert commit(0, new_job(3, partition=3, keys=text_of((("k", 1), ("r", 1), ("g", 1)))), new_job(4, keys=k)) == []
    assert commit(1, finishes=[finish(1)]) == [4]  # the third one was passed over
    assert commit(1 + ELDER_SECONDS) == []
    assert commit(10, new_job(5, partition=2, keys=g), new_job(6, partition=2), new_job(7, keys=r, priority=1), slots=1) == [5, 7]
