"""Which partitions a worker serves: as a look at all of them would say, though only what a new partition or worker touches is looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn_router.core import placement
from taskbahn_router.core.placement import WorkerCapacity
from taskbahn_router.model.state import AttachedWorker, DispatcherState

NAMES = ("a.one", "a.two", "a.three")
QUEUES = ("default", "slow", "own")
SOME_NAMES = st.sets(st.sampled_from(NAMES))
SOME_QUEUES = st.sets(st.sampled_from(QUEUES))
STEPS = st.one_of(
    st.tuples(st.just("partition"), st.sampled_from(QUEUES), st.sampled_from(NAMES)),
    st.tuples(st.just("worker"), SOME_QUEUES, SOME_NAMES),
    st.tuples(st.just("leaves"), st.integers(0, 5), st.none()),
)


def worker_of(queues: set[str], names: set[str]) -> AttachedWorker:
    tasks = [messages.TaskDeclaration(name=name) for name in sorted(names)]
    hello = messages.Hello(protocol=messages.PROTOCOL, worker="w", slots=1, tasks=tasks, queues=sorted(queues))
    return AttachedWorker("w", hello, WorkerCapacity(1), None, 0.0, 0.0, 0.0)


@given(st.lists(STEPS, max_size=30))
def test_a_worker_serves_its_tasks_in_its_queues(steps: list[tuple[str, object, object]]) -> None:
    state = DispatcherState()
    workers: list[AttachedWorker] = []
    for kind, first, second in steps:
        if kind == "partition":
            state.partition(str(first), str(second))
        elif kind == "worker":
            workers.append(worker_of(first, second))  # type: ignore[arg-type]
            state.serves(workers[-1])
        elif workers:
            workers.pop(int(first) % len(workers))  # type: ignore[call-overload]
        for worker in workers:
            queues, names = worker.hello.queues, {task.name for task in worker.hello.tasks}
            served = {one.id for one in state.partitions_by_id.values() if one.queue in queues and one.task in names}
            assert worker.room.partitions == served
            for id in state.partitions_by_id:
                assert any(found is worker.room.partitions for found in state.sets_of(id)) == (id in served)


def test_workers_with_the_same_tasks_and_queues_share_one_set() -> None:
    state = DispatcherState()
    first, second, other = worker_of({"default"}, {"a.one"}), worker_of({"default"}, {"a.one"}), worker_of({"slow"}, {"a.one"})
    for worker in (first, second, other):
        state.serves(worker)
    assert first.room.partitions is second.room.partitions
    assert first.room.partitions is not other.room.partitions


def test_a_thousand_jobs_on_five_hundred_workers_look_at_few_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = DispatcherHarness()
    for number in range(500):
        harness.worker(f"w{number}", slots=4)
    looks = 0
    key_of = placement._free_slots

    def counted(room: WorkerCapacity) -> tuple[int, bool, int] | None:
        nonlocal looks
        looks += 1
        return key_of(room)

    monkeypatch.setattr(placement, "_free_slots", counted)
    harness.ask(messages.SUBMIT, [{"task": TASK, "id": job_id(number), "args": []} for number in range(1, 1001)])
    harness.settle()
    assert sum(len(worker.take()) for worker in harness.workers) == 1000
    assert looks < 5_000  # a look at all for each job takes 500,000
    assert {worker.room.in_flight for worker in harness.dispatcher.state.workers.values()} == {2}
