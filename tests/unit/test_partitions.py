"""A partition (a task in a queue) is there as long as a job of it is kept, in memory and in the store, and then no longer."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.dispatcher_harness import DispatcherHarness, busy, job_id
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.protocol import messages
from taskbahn_router.dispatcher import cancels, dispatcher

if TYPE_CHECKING:
    from taskbahn_router.stores.rows import PartitionRow
from taskbahn_router.stores.sqlite.start import start_state

LONG = 150.0  # seconds: jobs that are kept for 1 s are pruned, and what they leave empty has vanished


def queues(harness: DispatcherHarness) -> set[str]:
    """The queues that are shown."""
    asked = harness.ask(messages.VIEW_QUEUES)
    harness.settle()
    return {queue["name"] for queue in asked.answer}


def stored(harness: DispatcherHarness) -> list[PartitionRow]:
    """The partitions that the store would give to the next dispatcher."""
    store = harness.store
    if isinstance(store, FakeSqliteStore):
        assert store._connection is not None
        return start_state(store._connection).partitions
    return store.open().partitions


@pytest.fixture
def harness() -> DispatcherHarness:
    """A harness whose worker takes one of the queues, and has no room."""
    harness = DispatcherHarness()
    busy(harness)
    return harness


def test_a_queue_vanishes_with_its_last_job(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancels, "DEFAULT_KEEP", 1.0)
    harness.submit(queue="tenant")
    harness.settle()
    harness.ask(messages.JOB_CANCEL, [job_id(2)])
    harness.settle()
    assert queues(harness) == {"default", "tenant"}
    harness.passes(LONG)
    assert queues(harness) == {"default"}
    assert [row.queue for row in stored(harness)] == ["default"]
    harness.check()


def test_a_queue_stays_while_a_finished_job_of_it_is_kept(harness: DispatcherHarness) -> None:
    worker = harness.worker("other", queues=["tenant"])
    harness.submit(queue="tenant", keep=1000)
    harness.settle()
    worker.done(*worker.take())
    worker.lost()
    harness.passes(LONG)
    assert queues(harness) == {"default", "tenant"}
    harness.passes(1000)
    assert queues(harness) == {"default"}
    harness.check()


def test_a_queue_that_a_worker_takes_is_listed_without_a_job(harness: DispatcherHarness) -> None:
    worker = harness.worker("other", queues=["tenant", "spare"])
    harness.submit(queue="tenant", keep=1)
    harness.settle()
    worker.done(*worker.take())
    harness.passes(LONG)
    assert queues(harness) == {"default", "tenant", "spare"}
    assert [row.queue for row in stored(harness)] == ["default"]
    harness.submit(queue="tenant")
    harness.settle()
    assert len(worker.take()) == 1
    harness.check()


def test_an_id_is_not_given_twice(harness: DispatcherHarness) -> None:
    worker = harness.worker("other", queues=["tenant"])
    ids = []
    for _ in range(3):
        harness.submit(queue="tenant", keep=1)
        harness.settle()
        ids += [row.id for row in stored(harness) if row.queue == "tenant"]
        worker.done(*worker.take())
        harness.passes(LONG)
    assert len(set(ids)) == 3


def test_a_job_that_comes_while_its_queue_is_deleted_recreates_it(harness: DispatcherHarness) -> None:
    worker = harness.worker("other", queues=["tenant"])
    harness.submit(queue="tenant", keep=1)
    harness.settle()
    worker.done(*worker.take())
    harness.settle()
    harness.hold_commits()
    while not any(partition.queue == "tenant" for partition in harness.dispatcher.state.partitions.values()):
        harness.passes(1)
    for _ in range(300):  # until the commit that forgets it is on its way
        if not any(partition.queue == "tenant" for partition in harness.dispatcher.state.partitions.values()):
            break
        harness.writing.release()
        harness.hold_commits()
        harness.passes(0.5)
    asked = harness.submit(queue="tenant")
    harness.release_commits()
    assert asked.answer
    assert len(worker.take()) == 1
    harness.check()
    harness.restart()
    harness.check()


def test_what_a_refused_commit_was_about_leaves_no_queue(harness: DispatcherHarness) -> None:
    harness.store.refuses = "disk full"
    asked = harness.submit(queue="tenant")
    harness.settle()
    assert asked.error == "store_unavailable"
    harness.store.refuses = ""
    harness.passes(LONG)
    assert queues(harness) == {"default"}
    assert [row.queue for row in stored(harness)] == ["default"]


def test_many_empty_queues_vanish_a_bounded_number_in_each_commit(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "VACATED_LIMIT", 2)
    worker = harness.worker("other", slots=5, queues=[f"q{number}" for number in range(5)])
    for number in range(5):
        harness.submit(queue=f"q{number}", keep=1)
    harness.settle()
    worker.done(*worker.take())
    harness.passes(LONG)
    assert [len(batch.vacated) for batch in harness.store.commits if batch.vacated] == [2, 2, 1]
    harness.check()


class PartitionsComeAndGo(RuleBasedStateMachine):
    """Jobs in a few queues come, start, end, are pruned; commits are refused; the router restarts."""

    def store(self) -> FakeStore | FakeSqliteStore:
        return FakeStore()

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        for module in (cancels, dispatcher):  # of cancelled and expired jobs
            self.patch.setattr(module, "DEFAULT_KEEP", 50.0)
        self.harness = DispatcherHarness(self.store())
        self.submitted = 0
        self.attach()

    def attach(self) -> None:
        self.worker = self.harness.worker(slots=2, queues=["default", "a", "b"])

    @rule(queue=st.sampled_from(["default", "a", "b", "c"]), keep=st.sampled_from([1, 200]), delay=st.sampled_from([0, 100]))
    def submit(self, queue: str, keep: int, delay: int) -> None:
        self.submitted += 1
        options: dict[str, Any] = {"delay": delay} if delay else {}
        self.harness.submit(id=job_id(self.submitted), queue=queue, keep=keep, start_within=50, **options)

    @precondition(lambda self: self.submitted)
    @rule(pick=st.integers(0, 2), queue=st.sampled_from(["a", "d"]))
    def submit_again(self, pick: int, queue: str) -> None:
        """A repetition, which may say another queue than the first."""
        self.harness.submit(id=job_id(max(1, self.submitted - pick)), queue=queue, keep=1)

    @precondition(lambda self: self.submitted)
    @rule(pick=st.integers(0, 2), procedure=st.sampled_from([messages.JOB_CANCEL, messages.JOB_RETRY]))
    def move(self, pick: int, procedure: str) -> None:
        self.harness.ask(procedure, [job_id(max(1, self.submitted - pick))])

    @rule()
    def work(self) -> None:
        self.harness.settle()
        self.worker.take()
        self.worker.done(*self.worker.runs)

    @rule(seconds=st.sampled_from([0.0, 1.0, 70.0, 200.0]))
    def time_passes(self, seconds: float) -> None:
        self.harness.passes(seconds)

    @rule()
    def a_commit_is_refused(self) -> None:
        self.harness.store.refuses = "disk full"
        self.harness.passes(0.05)
        self.harness.store.refuses = ""
        self.harness.passes(2.5)

    @rule()
    def the_router_restarts(self) -> None:
        self.harness.restart()
        self.attach()

    @invariant()
    def memory_and_store_have_the_partitions_of_all_jobs(self) -> None:
        if hasattr(self, "harness"):
            self.harness.settle()
            self.harness.passes(0.01)  # what is held back is not in the store yet
            self.harness.check()  # no job without its partition, none counted wrongly
            waits = {row.id for row in self.harness.dispatcher.state.new_partitions}
            assert {row.id for row in stored(self.harness)} | waits >= set(self.harness.dispatcher.state.partitions_by_id)

    def teardown(self) -> None:
        if hasattr(self, "harness"):
            self.patch.undo()
            self.harness.passes(LONG)
            state = self.harness.dispatcher.state
            kept = {(row.id, row.queue, row.task) for row in stored(self.harness)}
            assert kept == {(one.id, one.queue, one.task) for one in state.partitions.values()}
            assert all(one.jobs for one in state.partitions.values()), "a partition without a job stays"
            self.harness.check()


class PartitionsComeAndGoInSqlite(PartitionsComeAndGo):
    """The same with the other store."""

    def store(self) -> FakeSqliteStore:
        self.folder = Path(tempfile.mkdtemp())
        return FakeSqliteStore(self.folder)

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            if hasattr(self, "harness"):
                self.harness.store.reader().close()
                self.harness.store.close()
                shutil.rmtree(self.folder)


TestPartitionsComeAndGo = PartitionsComeAndGo.TestCase
TestPartitionsComeAndGo.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestPartitionsComeAndGoInSqlite = PartitionsComeAndGoInSqlite.TestCase
TestPartitionsComeAndGoInSqlite.settings = settings(max_examples=6, stateful_step_count=15, deadline=None)
