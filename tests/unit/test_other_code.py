"""Which workers get no jobs of a task, for their code does not take the arguments, while several versions of it run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskbahn.protocol import messages
from taskbahn_router.core.placement import WorkerCapacity
from taskbahn_router.model.state import AttachedWorker, DispatcherState

TASKS = ("a.one", "a.two")
VERSIONS = ("1", "2", "3")
STEPS = st.one_of(
    st.tuples(st.just("comes"), st.sampled_from(VERSIONS), st.sets(st.sampled_from(TASKS), min_size=1)),
    st.tuples(st.just("leaves"), st.integers(0, 9), st.none()),
    st.tuples(st.just("stops"), st.integers(0, 9), st.none()),
    st.tuples(st.just("refuses"), st.integers(0, 9), st.sampled_from(TASKS)),
)


def worker_of(id: str, version: str, names: set[str]) -> AttachedWorker:
    signature = messages.Signature(digest=version, parameters={})
    tasks = [messages.TaskDeclaration(name=name, signature=signature, doc=version) for name in sorted(names)]
    hello = messages.Hello(protocol=messages.PROTOCOL, worker=id, slots=1, tasks=tasks)
    return AttachedWorker(id, hello, WorkerCapacity(1), None, 0.0, 0.0, 0.0)


def version_of(worker: AttachedWorker) -> str:
    return worker.hello.tasks[0].doc


@given(st.lists(STEPS, max_size=30))
def test_a_task_is_withheld_only_while_other_code_is_attached(steps: list[tuple[str, object, object]]) -> None:
    state = DispatcherState()
    ids = [state.partition("default", task).id for task in TASKS]
    refused: set[tuple[str, str]] = set()
    for number, (kind, first, second) in enumerate(steps):
        workers = list(state.workers.values())
        if kind == "comes":
            worker = worker_of(f"w{number}", str(first), second)  # type: ignore[arg-type]
            state.workers[worker.id] = worker
            state.serves(worker)
            state.other_code.settle()
        elif workers:
            worker = workers[int(first) % len(workers)]  # type: ignore[call-overload]
            if kind == "refuses" and any(one.name == second for one in worker.hello.tasks):
                refused.add((version_of(worker), str(second)))
                state.other_code.note(worker, str(second))
            elif kind == "leaves":
                del state.workers[worker.id]
            elif kind == "stops":
                worker.room.open = False
            state.other_code.settle()
        for task, partition in zip(TASKS, ids, strict=True):
            offers = [worker for worker in state.workers.values() if any(one.name == task for one in worker.hello.tasks)]
            fits = [worker for worker in offers if (version_of(worker), task) not in refused and worker.room.open]
            for worker in offers:
                gets = (version_of(worker), task) not in refused or not fits
                assert (partition in worker.room.partitions) == gets
