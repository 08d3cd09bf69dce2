"""Members of jobs in every store, as readers ask for them: counts, pages, edges, and lists of a tree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rows import NOW, PARTITIONS, cancel, id_of, new_job, state_of
from support.stores import KINDS, opened

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import Edge, NewEdge, NewMember
from taskbahn_router.promises.engine import THREAD_BUDGET, Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.stores.contract import CommitBatch, Filter

if TYPE_CHECKING:
    from support.stores import StoreKind

    from taskbahn_router.stores.contract import Reader, Store

STATES = (State.READY, State.WAITING, State.RUNNING, State.CANCELLED)
TREES = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(STATES)), min_size=1, max_size=30)


def commit(store: Store, **batch: Any) -> None:
    store.commit(
        CommitBatch(rules=Promises(NOW, {}, [], 100.0, THREAD_BUDGET), reactions=Reactions(NOW, 100.0, THREAD_BUDGET), **batch)
    )


def put_tree(store: Store, jobs: list[tuple[int, State]]) -> dict[int, int]:
    """Store jobs from seq 1 on, each a member of an earlier one or of none; return the parents of those that have one."""
    parents = {seq: parent % seq for seq, (parent, _) in enumerate(jobs, 1) if parent % seq}
    for seq, (_, state) in enumerate(jobs, 1):
        first = State.READY if state == State.CANCELLED else state
        parent = id_of(parents[seq]) if seq in parents else None
        commit(store, submissions=[[new_job(seq, state=first)]], members=[NewMember(seq, parent, 0, f"n{seq}")])
    for seq, (_, state) in enumerate(jobs, 1):
        if state == State.CANCELLED and seq not in parents.values():
            commit(store, cancels=[cancel(seq)])
    return parents


def root_of(parents: dict[int, int], seq: int) -> int | None:
    while seq in parents:
        seq = parents[seq]
        if seq not in parents:
            return seq
    return None


def listed(reader: Reader, **wanted: Any) -> list[int]:
    found, before = [], None
    while True:
        rows, before = reader.jobs(Filter(**wanted, before=before, limit=7))
        found += [row.seq for row in rows]
        if before is None:
            return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(list(KINDS.values())), jobs=TREES, limit=st.integers(1, 9))
def test_readers_see_each_member_of_a_tree_once(kind: StoreKind, jobs: list[tuple[int, State]], limit: int) -> None:
    with TemporaryDirectory() as folder, opened(kind._replace(make=kind.make_quick), Path(folder)) as store:
        parents = put_tree(store, jobs)
        reader = store.reader()
        rows = {row.seq: row for row in reader.rows(list(range(1, len(jobs) + 1)))}
        counts = reader.member_counts(list(rows), 10_000)
        for seq, row in rows.items():
            whole = reader.job(row.id)
            parent, root = parents.get(seq), root_of(parents, seq)
            places = (parent and id_of(parent), root and id_of(root), f"n{seq}", row.flags)
            assert (row.parent, row.root, row.label, row.flags) == places
            assert whole is not None
            assert (whole.parent, whole.root, whole.label, whole.flags) == places
            members = [member for member, its in parents.items() if its == seq]
            its_tree = [one for one in sorted(rows, reverse=True) if root_of(parents, one) == seq]
            assert counts[seq] == Counter(rows[member].state for member in members)
            assert paged(reader, seq, limit) == members
            for state in STATES:
                assert paged(reader, seq, limit, (state,)) == [member for member in members if rows[member].state == state]
            assert listed(reader, parent=row.id) == members[::-1]
            assert listed(reader, parent=row.id, states=("ready",)) == [
                one for one in members[::-1] if rows[one].state == "ready"
            ]
            assert listed(reader, root=row.id) == its_tree
        reader.close()


def paged(reader: Reader, seq: int, limit: int, states: tuple[str, ...] = ()) -> list[int]:
    found: list[int] = []
    while page := reader.members(seq, found[-1] if found else 0, limit, states):
        assert len(page) <= limit
        found += page
    return found


def test_no_more_members_are_counted_than_asked_for(store: Store) -> None:
    put_tree(store, [(0, State.RUNNING), (1, State.READY), (1, State.READY), (0, State.RUNNING), (4, State.READY)])
    reader = store.reader()
    assert reader.member_counts([1, 4], 2) == {1: {"ready": 2}}
    assert reader.member_counts([1, 4], 3) == {1: {"ready": 2}, 4: {"ready": 1}}
    reader.close()


def test_nothing_is_listed_below_a_job_that_is_not_there(store: Store) -> None:
    put_tree(store, [(0, State.RUNNING)])
    reader = store.reader()
    assert listed(reader, parent=id_of(9)) == listed(reader, root=id_of(9)) == []
    reader.close()


def test_edges_are_found_from_both_ends(store: Store) -> None:
    jobs = [new_job(seq) for seq in (1, 2, 3)]
    edges = [NewEdge(3, id_of(2), 1, "none"), NewEdge(3, id_of(1), 0), NewEdge(2, id_of(1), -1)]
    commit(store, submissions=[jobs], members=[NewMember(seq, None) for seq in (1, 2, 3)], edges=edges)
    reader = store.reader()
    first, second, third = Edge(1, 2, -1, "fail", 0), Edge(1, 3, 0, "fail", 0), Edge(2, 3, 1, "none", 0)
    assert reader.edges_to([2, 3], 10) == [first, second, third]
    assert reader.edges_to([2, 3], 2) == [first, second]
    assert reader.edges_from([1, 2], 10) == [first, second, third]
    assert reader.edges_from([2], 10) == [third]
    reader.close()


def test_members_are_cancelled_with_their_job_in_a_store_without_edges(tmp_path: Path) -> None:
    for name, kind in KINDS.items():
        store = kind.make(tmp_path / name)
        store.open()
        store.commit(CommitBatch(partitions=PARTITIONS))
        put_tree(store, [(0, State.READY), (1, State.READY)])
        store.close()
        store.open()
        commit(store, cancels=[cancel(1)])
        assert [state_of(store, seq) for seq in (1, 2)] == ["cancelled", "cancelled"]
        store.close()
