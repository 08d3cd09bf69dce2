"""Every store: a commit that starts many jobs starts those that as many commits would start, one after the other."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.promise_tables import tables_of
from support.rows import NOW, new_job, seqs
from support.stores import KINDS, opened

from taskbahn_router.core.rows import Room, text_of
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim

if TYPE_CHECKING:
    from support.stores import StoreKind

    from taskbahn_router.stores.rows import NewJob

HUNG = {1: (("g", 1),), 2: (("g", 1),)}  # the third partition has jobs without limits
OWN = (None, "a", "b")  # what jobs have as keys of their own
Waiting = tuple[int, str | None, int, float | None]  # partition, own key, priority, expires_at
PLAIN: Waiting = (1, None, 0, None)
KEYED: Waiting = (1, "a", 0, None)
alike = st.tuples(
    st.sampled_from((1, 1, 1, 2, 3)), st.sampled_from(OWN), st.sampled_from((0, 0, 0, 1)), st.sampled_from((None, None, None, NOW))
)  # fmt: skip
waiting: st.SearchStrategy[list[tuple[Waiting, int]]] = st.lists(st.tuples(alike, st.integers(1, 4)), max_size=15)


def job(seq: int, one: Waiting) -> NewJob:
    partition, own, priority, expires_at = one
    keys = text_of(((f'k["{own}"]', 1),)) if own is not None else None
    return new_job(seq, partition=partition, keys=keys, priority=priority, expires_at=expires_at)


def started(kind: StoreKind, jobs: list[NewJob], limits: dict[str, int], places: int, commits: int) -> tuple[list[int], object]:
    """Return what commits started, each in a number of places, and the gates and permits that are left."""
    its = {name: limit_from({"kind": "concurrency", "name": name, "limit": limit}) for name, limit in limits.items()}
    with tempfile.TemporaryDirectory() as folder, opened(kind, Path(folder)) as store:
        store.commit(CommitBatch(new=jobs, rules=Promises(NOW, its, hung=HUNG)))
        found: list[int] = []
        for _ in range(commits):
            rooms = [Room("w", frozenset({1, 2, 3}), places)]
            rules = Promises(NOW + 1, its, rooms, hung=HUNG)
            found += seqs(store.commit(CommitBatch(claims=[Claim("w", (1, 2, 3), places, NOW + 1)], rules=rules)).claimed[0])
        tables = tables_of(store)
        used = {key: gate.used for key, gate in tables.gates.items()}
        return found, (used, sorted(tables.permits))


@settings(deadline=None, max_examples=150)
@example("memory", [(PLAIN, 2), (KEYED, 1), (PLAIN, 2)], 1000, 1000, 5)
@given(st.sampled_from(sorted(KINDS)), waiting, st.sampled_from((3, 1000)), st.sampled_from((2, 1000)), st.integers(1, 20))
def test_one_commit_starts_the_jobs_that_many_would(
    kind: str, runs: list[tuple[Waiting, int]], most: int, most_of_key: int, places: int
) -> None:
    jobs = [one for one, count in runs for _ in range(count)]
    new = [job(seq, one) for seq, one in enumerate(jobs, 1)]
    limits = {"g": most, "k": most_of_key}
    assert started(KINDS[kind], new, limits, places, 1) == started(KINDS[kind], new, limits, 1, places)
