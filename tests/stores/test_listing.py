"""Lists of jobs: what is asked for is found, all of it and nothing else, however often one must go on asking."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from support.rows import NOW, PARTITIONS, cancel, claim, finish, new_job, put, requeue, seqs

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.globs import fits
from taskbahn_router.stores.contract import CommitBatch, FailedRow, Filter, QueueCursor
from taskbahn_router.stores.queries import SLACK
from taskbahn_router.stores.rows import AttemptRow, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stores import StoreKind

    from taskbahn_router.stores.contract import Reader, Store
    from taskbahn_router.stores.rows import JobRow

WORKERS = ("web-1", "web-2", "w[1]")
CALLERS = (None, "schedule:nightly", "schedule:n*", "admin")
TAGS = ("user:42", "user:4", "a*b", "what?")


def bound(kind: StoreKind, monkeypatch: pytest.MonkeyPatch, **limits: float) -> None:
    """Set limits of one look, in a store that has them."""
    for name, limit in limits.items():
        if kind.listing is not None:
            monkeypatch.setattr(kind.listing, name, limit)


@pytest.fixture
def reader(store: Store) -> Iterator[Reader]:
    made = store.reader()
    yield made
    made.close()


def some_jobs(store: Store, count: int) -> None:
    """Jobs of all states, lines, priorities, workers and tags, mixed as chance has it; the same each time."""
    chance = random.Random(count)
    for seq in range(1, count + 1):
        first = chance.choice([State.WAITING, State.READY, State.RUNNING, State.RUNNING])
        tags = "[" + ",".join(f'"{tag}"' for tag in TAGS if chance.random() < 0.3) + "]"
        changes = {"partition": chance.randint(1, 3), "priority": chance.randint(-1, 1), "tags": tags}
        changes["caller"] = chance.choice(CALLERS)
        worker = {"worker": chance.choice(WORKERS)} if first is State.RUNNING else {}
        state = chance.choice(["", "succeeded", "failed", "expired"]) if worker else ""
        put(store, new_job(seq, state=first, expires_at=NOW if state == "expired" else None, **changes, **worker))
        if state == "expired":
            store.commit(CommitBatch(requeues=[requeue(seq)], sweep=Sweep(NOW, 10, 10)))
        elif state:
            store.commit(CommitBatch(finishes=[finish(seq, state=state, result=None)]))


def all_of(reader: Reader, **wanted: Any) -> list[JobRow]:
    """Go on asking until the end."""
    rows: list[JobRow] = []
    before = None
    while True:
        found, before = reader.jobs(Filter(**wanted, before=before))
        assert len(found) <= wanted.get("limit", 50)
        rows += found
        if before is None:
            return rows


def is_one(
    row: JobRow, states: tuple[str, ...] = (), since: float = 0.0, until: float = NOW * 2, id_part: str = "", **patterns: str
) -> bool:
    names = {
        "task": [row.task],
        "queue": [row.queue],
        "worker": [row.worker or ""],
        "caller": [row.caller or ""],
        "tag": [tag for tag in TAGS if f'"{tag}"' in (row.tags or "")],
    }
    return (
        (not states or row.state in states)
        and (row.id.hex().startswith(id_part) or row.id.hex().endswith(id_part))
        and since <= row.created_at < until
        and all(any(fits(name, pattern) for name in names[what]) for what, pattern in patterns.items())
    )  # fmt: skip


WANTED: list[dict[str, Any]] = [
    {},
    *({"states": (str(state),)} for state in State),
    {"states": ("waiting", "ready")},
    {"states": ("running", "failed", "waiting", "ready")},
    {"states": ("failed", "expired"), "task": "a.*"},
    {"task": "*.one"},
    {"task": "*t*o*"},
    {"task": "a.*", "queue": "s*w"},
    {"task": "A.*"},
    {"queue": "*"},
    {"tag": "user:*"},
    {"tag": "a*b"},
    {"tag": "*?"},
    {"tag": "user:4"},
    {"worker": "web-*"},
    {"worker": "w[*"},
    {"worker": "w[1]"},
    {"tag": "a[*]b"},
    {"tag": "[*]*"},
    {"caller": "schedule:*"},
    {"caller": "schedule:n[*]", "states": ("ready", "running")},
    {"caller": "admin"},
    {"id_part": "0007"},
    {"id_part": new_job(12).id.hex()[:9]},
    {"id_part": new_job(12).id.hex()[-5:], "states": ("ready", "running", "waiting")},
    {"id_part": "ffffffff"},
    {"worker": "*", "states": ("failed",)},
    {"since": NOW + 20},
    {"until": NOW + 20},
    {"since": NOW + 20.5, "until": NOW + 30, "states": ("ready", "failed")},
    {"since": NOW - 1000, "until": NOW - 500},
    {"tag": "user:*", "states": ("ready",), "task": "*.two", "since": NOW + 3},
]


@pytest.mark.parametrize("each, heads, waiting", [(2000, 64, 20_000), (3, 64, 20_000), (3, 1, 0)])
def test_what_is_asked_for_is_found(
    kind: StoreKind, store: Store, reader: Reader, monkeypatch: pytest.MonkeyPatch, each: int, heads: int, waiting: int
) -> None:
    """As well in small windows, and where the indexes of what waits are of no use."""
    bound(kind, monkeypatch, EACH=each, MAX_HEADS=heads, MAX_WAITING=waiting)
    some_jobs(store, 60)
    everything = reader.jobs(Filter(limit=100)).rows
    assert len(everything) == 60
    for wanted in WANTED:
        expected = [row for row in everything if is_one(row, **wanted)]
        for limit in (7, 100):
            assert all_of(reader, **wanted, limit=limit) == expected, wanted


def test_a_query_reads_a_bounded_slice_and_says_where_to_continue(store: Store, reader: Reader) -> None:
    put(store, *(new_job(seq, tags='["rare"]' if seq in (5, 40) else None) for seq in range(1, 51)))
    assert reader.jobs(Filter(tag="rare", most=5)) == ([], 46)
    assert seqs(reader.jobs(Filter(tag="rare", most=20)).rows) == [40]
    assert reader.jobs(Filter(tag="unused", most=100)) == ([], None)
    assert reader.jobs(Filter(task="unused", most=5)) == ([], None)
    assert seqs(all_of(reader, tag="rare", most=7)) == [40, 5]


def test_a_slow_question_ends_early(kind: StoreKind, store: Store, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    bound(kind, monkeypatch, EACH=10, SECONDS=-1.0)
    put(store, *(new_job(seq, tags='["rare"]' if seq == 5 else None) for seq in range(1, 51)))
    assert seqs(all_of(reader, tag="rare")) == [5]


def test_jobs_accepted_under_an_earlier_time_are_found_within_the_slack(store: Store, reader: Reader) -> None:
    put(store, *(new_job(seq, created_at=NOW + seq - (SLACK / 2 if seq % 2 else 0)) for seq in range(1, 200)))
    everything = reader.jobs(Filter(limit=500)).rows
    times: list[dict[str, Any]] = [{"since": NOW + 150}, {"until": NOW + 50}, {"since": NOW + 50, "until": NOW + 60}]
    for wanted in times:
        assert all_of(reader, **wanted) == [row for row in everything if is_one(row, **wanted)]


def test_a_question_with_a_beginning_ends_there(
    kind: StoreKind, store: Store, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the beginning of all jobs: looking at those would take many questions more."""
    bound(kind, monkeypatch, EACH=10)
    put(store, *(new_job(seq, created_at=NOW + 100 * seq) for seq in range(1, 100)))
    found, end = reader.jobs(Filter(since=NOW + 9500, most=20))
    assert seqs(found) == [99, 98, 97, 96, 95]
    assert end is None
    assert reader.jobs(Filter(until=NOW + 500, most=20)).next is None, "nor does it look at all that is too new"


def test_failed_jobs_are_listed_briefly(store: Store, reader: Reader) -> None:
    put(store, *(new_job(seq, state=State.RUNNING, partition=3) for seq in range(1, 5)))
    store.commit(
        CommitBatch(
            finishes=[finish(seq, state="failed", number=seq + 7, result=None, fingerprint=f"alike{seq}") for seq in (1, 2, 4)]
        )
    )
    assert reader.failed(None, 2) == [
        FailedRow(seq, seq.to_bytes(16), "a.one", seq + 7, NOW + 50, f"alike{seq}") for seq in (4, 2)
    ]  # fmt: skip
    assert seqs(reader.failed(2, 2)) == [1]
    assert reader.failed(1, 2) == []


def test_what_waits_for_a_retry_is_listed_with_its_last_error(store: Store, reader: Reader) -> None:
    put(store, new_job(1, state=State.RUNNING), new_job(2, state=State.RUNNING), new_job(3))
    attempts = [AttemptRow(seq, 1, "w", NOW, NOW + 1, "error", '{"type":"E","message":"no","traceback":"…"}') for seq in (1, 2)]
    again = [requeue(1, state="waiting", due_at=NOW + 9, failures=1), requeue(2, crashes=1)]
    store.commit(CommitBatch(requeues=again, attempts=attempts))

    def errors() -> dict[int, Any]:
        return {row.seq: row.error and messages.from_json(row.error) for row in reader.jobs(Filter())[0]}

    assert errors() == {1: {"type": "E", "message": "no"}, 2: {"type": "E", "message": "no"}, 3: None}
    claim(store, 1)
    assert errors()[2] is None, "a job that runs"
    store.commit(CommitBatch(requeues=[requeue(2, 2, crashes=1, number=6)]))
    assert errors()[2] is None, "an attempt that was handed back, and does not count"
    store.commit(CommitBatch(cancels=[cancel(1)]))
    assert errors()[1] == {"type": "", "message": "no"}, "a job that has ended"


def test_what_comes_before_a_ready_job_is_what_is_claimed_before_it(store: Store, reader: Reader) -> None:
    chance = random.Random(1)
    put(store, *(new_job(seq, partition=chance.randint(1, 3), priority=chance.randint(-1, 1)) for seq in range(1, 31)))
    rows = {row.seq: row for row in reader.jobs(Filter()).rows}
    order: list[int] = []
    for partitions in ((1,), (1, 3), (1, 2, 3)):
        spots = [QueueCursor(partitions, row.priority, row.seq) for row in rows.values() if row.partition in partitions]
        ahead = reader.ahead(spots, 100)
        assert reader.ahead(spots, 4) == [min(4, count) for count in ahead]
        order = [spot.seq for _, spot in sorted(zip(ahead, spots, strict=True))]
        assert sorted(ahead) == list(range(len(spots)))
        assert order == sorted(order, key=lambda seq: (-rows[seq].priority, seq))
    assert seqs(claim(store)) == order
    assert reader.ahead([QueueCursor((1, 2, 3), 0, 99), QueueCursor((), 0, 99)], 100) == [0, 0]
    assert reader.ahead([], 100) == []


def test_the_lines_of_the_tests_are_those_that_patterns_are_tried_on() -> None:
    assert {(partition.queue, partition.task) for partition in PARTITIONS} == {
        ("default", "a.one"),
        ("default", "a.two"),
        ("slow", "a.one"),
    }
