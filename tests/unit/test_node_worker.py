"""The node's own worker: started when one of its jobs is ready, again when it dies, ended when there is nothing left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.outgoing import NODE_QUEUE, WEBHOOK
from taskbahn_router.stores.contract import Filter
from taskbahn_router.workers import node_worker
from taskbahn_router.workers.node_worker import NodeWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.stores.rows import JobRow

URL = "https://example.org/hook"
OF = job_id(900)


class Processes:
    """What was started, and not ended."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.stopped = 0
        self.ended: Callable[[str], None] = lambda _: None

    def start(self, id: str, ended: Callable[[str], None]) -> Any:
        self.ids.append(id)
        self.ended = ended
        return self

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def processes(harness: DispatcherHarness) -> Processes:
    """Give the dispatcher of the harness processes to start."""
    made = Processes()
    harness.registry.node_worker = NodeWorker(harness.dispatcher, made.start)
    return made


def deliver(harness: DispatcherHarness, number: int, **options: Any) -> Any:
    return harness.submit(OF, URL, id=job_id(number), task=WEBHOOK, **options)


def rows(harness: DispatcherHarness) -> list[JobRow]:
    reader = harness.store.reader()
    found = [reader.job(row.id) for row in reader.jobs(Filter(limit=100)).rows]
    return [row for row in found if row is not None]


def attach(harness: DispatcherHarness, id: str) -> Any:
    return harness.worker(id, slots=4, tasks=[WEBHOOK], queues=[NODE_QUEUE])


def test_a_node_that_sends_nothing_starts_no_worker(harness: DispatcherHarness, processes: Processes) -> None:
    harness.submit()
    harness.worker()
    harness.passes(60)
    assert processes.ids == []
    assert WEBHOOK not in harness.dispatcher.state.tasks


def test_a_delivery_starts_the_worker_which_runs_it(harness: DispatcherHarness, processes: Processes) -> None:
    deliver(harness, 1)
    harness.passes(1)
    (id,) = processes.ids
    worker = attach(harness, id)
    assert worker.take() == [(job_id(1), 1)]
    worker.done((job_id(1), 1), result="null")
    harness.settle()
    assert harness.state(1) == "succeeded"
    harness.check()


def test_a_delivery_waits_in_the_queue_of_the_node(harness: DispatcherHarness, processes: Processes) -> None:
    deliver(harness, 1, queue="elsewhere", tags=["mine"])
    harness.settle()
    view = harness.ask(messages.JOB_GET, job_id(1))
    harness.settle()
    assert view.answer["queue"] == NODE_QUEUE
    assert view.answer["tags"] == ["webhook:example.org", view.answer["tags"][1], "mine"]
    assert view.answer["tags"][1].startswith("endpoint:")
    assert len(processes.ids) <= 1


@pytest.mark.parametrize("name", [WEBHOOK, "taskbahn.mail", "taskbahn.anything"])
def test_no_other_worker_offers_the_tasks_of_the_node(harness: DispatcherHarness, processes: Processes, name: str) -> None:
    deliver(harness, 1)
    harness.passes(1)
    assert len(processes.ids) == 1
    for id in ("mine", "node-0000000000000000", ""):
        hello = messages.Hello(protocol=messages.PROTOCOL, worker=id, slots=1, tasks=[messages.TaskDeclaration(name=name)])
        refused = harness.ask(messages.WORKER_ATTACH, messages.plain(hello), caller=9)
        assert refused.error in ("invalid_name", "invalid_request")
    assert harness.dispatcher.state.workers == {}


def test_a_worker_that_dies_starts_again_later_each_time(harness: DispatcherHarness, processes: Processes) -> None:
    deliver(harness, 1)
    for count, pause in enumerate((1, 2, 4, 8, 16, 32, 60, 60), 1):
        harness.passes(node_worker.LOOK_SECONDS)
        assert len(processes.ids) == count
        processes.ended("killed")
        harness.passes(pause - 1)
        assert len(processes.ids) == count
        harness.passes(1)
    assert len(set(processes.ids)) == len(processes.ids)
    assert "killed" in harness.registry.node_worker.trouble


def test_a_worker_without_jobs_ends_and_starts_again_for_the_next(harness: DispatcherHarness, processes: Processes) -> None:
    deliver(harness, 1)
    harness.passes(1)
    worker = attach(harness, processes.ids[0])
    worker.take()
    harness.passes(2 * node_worker.IDLE_SECONDS)
    assert processes.stopped == 0  # its job still runs
    worker.done((job_id(1), 1), result="null")
    harness.passes(node_worker.IDLE_SECONDS - 5)
    assert processes.stopped == 0
    harness.passes(10)
    assert processes.stopped > 0
    worker.lost()
    processes.ended("")
    harness.passes(60)
    assert len(processes.ids) == 1
    deliver(harness, 2)
    harness.passes(1)
    assert len(processes.ids) == 2


@pytest.mark.parametrize(
    "args, options",
    [
        ([OF, "ftp://x/"], {}),
        (["no id", URL], {}),
        ([OF], {}),
        ([OF, URL, "secret"], {}),
        ([OF, "http://a:b@example.org"], {}),
    ],
)
def test_a_wrong_delivery_is_refused_and_not_stored(harness: DispatcherHarness, args: list[Any], options: dict[str, Any]) -> None:
    refused = harness.submit(*args, task=WEBHOOK, id=job_id(1), **options)
    harness.settle()
    assert refused.answer[0]["error"] == "taskbahn.error.invalid_arguments"
    assert rows(harness) == []
    harness.check()


def test_after_a_restart_the_node_knows_its_tasks(harness: DispatcherHarness) -> None:
    deliver(harness, 1)
    harness.settle()
    harness.restart()
    assert WEBHOOK in harness.dispatcher.state.tasks
    deliver(harness, 2)
    harness.settle()
    assert harness.state(2) == "ready"
    harness.check()


@pytest.mark.parametrize("when", ["on_success", "on_end"])
def test_what_follows_a_job_gets_its_id(harness: DispatcherHarness, when: str) -> None:
    worker = harness.worker()
    flow = {"task": "a.task", when: [{"task": WEBHOOK, "args": [URL]}]}
    harness.ask(messages.SUBMIT, [{"flow": flow, "id": job_id(1)}])
    harness.settle()
    worker.take()
    worker.done((job_id(1), 1), result='"something"')
    harness.settle()
    (delivery,) = [row for row in rows(harness) if URL in row.packed]
    assert delivery.packed == messages.to_json([[job_id(1), URL], {}])
    assert delivery.state == "ready"


def test_a_chain_delivers_what_came_before(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.ask(messages.SUBMIT, [{"flow": {"chain": [{"task": "a.task"}, {"task": WEBHOOK, "args": [URL]}]}, "id": job_id(1)}])
    harness.settle()
    ((first, _),) = worker.take()
    worker.done((first, 1), result='"something"')
    harness.settle()
    (delivery,) = [row for row in rows(harness) if URL in row.packed]
    assert delivery.packed == messages.to_json([[first, URL], {}])


def test_kills_of_the_node_do_not_fail_a_delivery(harness: DispatcherHarness, processes: Processes) -> None:
    deliver(harness, 1)
    for number in range(1, 6):
        harness.passes(120)
        worker = attach(harness, processes.ids[-1])
        assert worker.take() == [(job_id(1), number)]
        worker.lost()
        processes.ended("killed")
        harness.passes(20)
    assert harness.state(1) == "ready"
