"""What SQLite does for promises: data of before there were any, indexes for each question, and what salvage makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.promise_tables import tables_of
from support.rows import NOW, PARTITIONS, finish, id_of, new_job, put, seqs
from support.storing import QuickStore

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import ASKS_KEY, NewEdge, NewMember
from taskbahn_router.core.rows import Gate, Lane, Permit, Purge, Room
from taskbahn_router.core.unique_keys import ACTIVE, JOIN, NewKey
from taskbahn_router.promises.engine import Promises
from taskbahn_router.promises.reactions import Reactions
from taskbahn_router.promises.registry import limit_from
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.rows import Claim
from taskbahn_router.stores.sqlite import SqliteStore, salvage
from taskbahn_router.stores.sqlite.statements import SQL

if TYPE_CHECKING:
    from pathlib import Path


KEYS = '[["g",1]]'
LIMITS = {"g": limit_from({"kind": "concurrency", "name": "g", "limit": 1})}
QUESTIONS: dict[str, tuple[Any, ...]] = {
    "lanes": ("[]",), "gates": ("[]",), "open_lanes": ("[]", 1), "lanes_before": ("[]", 1), "lanes_before_after": ("[]", 1),
    "plain_heads": ("[]", 1), "lane_heads": ("[]", 1), "due_gates": (1, 1), "gates_of_limits": ("[]", 1), "touched_jobs": ("[]", "[]"),
    "permits": ("[]",), "next_wake": (), "next_gates": ("", 1), "lanes_of": ("[]", 1), "chosen": ("[]",),
    "lanes_with": ("[]",), "ready_counts": ("[]", 1), "oldest_in_lanes": ("[]", 1), "oldest_in_lines": ("[]", 1),
    "claim": (1, 0.0, 1), "holding": (), "flagged_jobs": ("[]",), "jobs_by_seq": ("[]",), "edges_to_settle": ("[]", 1), "duties": (1,),
    "delete_lane": ("[]",), "delete_lane_key": ("[]",), "delete_permit": ("[]",), "children": (1,), "due_jobs": (0.0, 1), "next_due": (),
    "holders_of_unique": ("[]",), "asking": ("[]",), "followed": ("[]",), "waiting_for": ("[]", 1), "result_of": (1,),
}  # fmt: skip


def rules(*rooms: Room) -> Promises:
    return Promises(NOW, LIMITS, rooms)


def started(store: SqliteStore, free: int = 9) -> list[int]:
    batch = CommitBatch(claims=[Claim("w", (1,), free, NOW)], rules=rules(Room("w", frozenset({1}), free)))
    return seqs(store.commit(batch).claimed[0])


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_of_the_rules_has_an_index(name: str, tmp_path: Path) -> None:
    store = QuickStore(tmp_path)
    store.open()
    connection = store._connection
    assert connection is not None
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", QUESTIONS[name])]
    store.close()
    read_before = {step.split()[1] for step in plan if step.startswith("CO-ROUTINE")}
    scanned = {step.split()[1] for step in plan if step.startswith("SCAN") and "USING INDEX gate_wakes" not in step}
    assert not scanned & {"job", "lane", "gate", "edge"} - read_before, plan


@pytest.mark.parametrize("name, index", [("window_members", "job_member"), ("window_tree", "job_tree")])
def test_a_window_of_members_reads_an_index_in_order(name: str, index: str, tmp_path: Path) -> None:
    store = QuickStore(tmp_path)
    store.open()
    assert store._connection is not None
    values = {"parent": id_of(1), "root": id_of(1), "before": 9, "each": 1}
    plan = [row[3] for row in store._connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", values)]
    store.close()
    assert any(step.startswith(f"SEARCH job USING INDEX {index} (") and "<" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN") for step in plan), plan


def test_jobs_in_no_tree_are_in_no_index_of_trees(tmp_path: Path) -> None:
    store = QuickStore(tmp_path)
    store.open()
    assert store._connection is not None
    found = store._connection.execute("SELECT sql FROM sqlite_schema WHERE name IN ('job_member', 'job_tree')").fetchall()
    store.close()
    assert sorted(sql.partition(" WHERE ")[2] for (sql,) in found) == ["parent IS NOT NULL", "root IS NOT NULL"]


def test_ten_thousand_idle_keys_leave_no_row(tmp_path: Path) -> None:
    store = QuickStore(tmp_path)
    store.open()
    assert store._connection is not None
    limits = {
        "r": limit_from({"kind": "rate", "name": "r", "rate": "1/s", "burst": 1}),
        "f": limit_from({"kind": "fair", "name": "f"}),
    }
    paid_back_us = int((NOW + 1) * 1e6)
    gates = [Gate(f"r[{number}]", "r", time_us=paid_back_us) for number in range(5000)]
    gates += [Gate(f"f[{number}]", "f", virtual_time=1 + number % 3) for number in range(5000)]
    store._connection.executemany("INSERT INTO gate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", gates)

    def left(now: float) -> set[str]:
        after: str | None = ""
        while after is not None:
            rules = Promises(now, limits, purge=Purge(after, 1000), turns={"f": (1,)})
            after = store.commit(CommitBatch(rules=rules)).purge_after
        return set(tables_of(store).gates)

    assert left(NOW + 0.5) == {"@turn[1]", *(f"r[{number}]" for number in range(5000))}
    assert left(NOW + 1) == {"@turn[1]"}
    store.close()


def test_salvage_makes_lanes_and_permits_of_the_jobs(tmp_path: Path) -> None:
    store = QuickStore(tmp_path)
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    put(store, new_job(1))
    store.commit(CommitBatch(new=[new_job(seq, keys=KEYS) for seq in (2, 3, 4)], rules=rules()))
    assert started(store) == [1, 2]
    store.close()
    salvage.salvage(tmp_path)
    store.open()
    tables = tables_of(store)
    assert tables.lanes == {(1, KEYS): Lane(1, KEYS, 0, 0, 3, None)}
    assert tables.permits == [Permit(2, 1, KEYS)]
    assert {key: gate.used for key, gate in tables.gates.items()} == {"g": 1}
    store.commit(CommitBatch(finishes=[finish(2)], rules=rules()))
    assert started(store) == [3]
    store.close()


def test_salvage_keeps_edges_and_ends_what_waits_for_lost_jobs(tmp_path: Path) -> None:
    store = QuickStore(tmp_path)
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    after = [NewEdge(2, 1, 0), NewEdge(4, 3, 0), NewEdge(5, 4, 0)]
    jobs = [new_job(seq, state=State.RUNNING if seq in (1, 3) else State.READY) for seq in range(1, 6)]
    store.commit(CommitBatch(submissions=[jobs], edges=after, rules=rules()))
    assert store._connection is not None
    store._connection.execute("DELETE FROM job WHERE seq = 3")
    store.close()
    salvage.salvage(tmp_path)
    assert store.open().has_duties
    store.commit(CommitBatch(finishes=[finish(1)], reactions=Reactions(NOW, goes_on=True)))
    assert {seq: job.state for seq, job in tables_of(store).jobs.items()} == {
        1: "succeeded",
        2: "ready",
        4: "failed",
        5: "failed",
    }
    store.close()


def test_salvage_has_a_member_ask_again_whose_joined_job_is_lost(tmp_path: Path) -> None:
    store = QuickStore(tmp_path)
    store.open()
    store.commit(CommitBatch(partitions=PARTITIONS))
    reactions = Reactions(NOW, goes_on=True, key_of=lambda _, __: NewKey(0, "k", ACTIVE, JOIN))
    batch = CommitBatch(submissions=[[new_job(1)], [new_job(2)], [new_job(3)]], rules=rules(), reactions=reactions)
    batch.unique, batch.members = [NewKey(1, "k", ACTIVE, JOIN)], [NewMember(seq, None, ASKS_KEY) for seq in (2, 3)]
    store.commit(batch)
    assert {edge[:2] for edge in tables_of(store).edges} == {(1, 2), (1, 3)}
    assert store._connection is not None
    store._connection.execute("DELETE FROM job WHERE seq = 1")
    store.close()
    salvage.salvage(tmp_path)
    assert store.open().has_duties
    store.commit(CommitBatch(reactions=reactions))
    tables = tables_of(store)
    assert {seq: job.state for seq, job in tables.jobs.items()} == {2: "ready", 3: "waiting"}
    assert {edge[:2] for edge in tables.edges} == {(2, 3)}
    store.close()
