"""A worker's id, and the attempts under it, are of the name that came with it, and of what its role may offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn_router.model.roles import RoleRules, set_in_force
from taskbahn_router.workers.offers import Offers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.recorded_call import RecordedCall

OTHER = "other.task"
WORKER = Role.WORKER.value


@pytest.fixture(autouse=True)
def _in_force() -> Iterator[None]:
    set_in_force([RoleRules("narrow", Role.WORKER, offers=(OTHER,))])
    yield
    set_in_force(())


class Works:
    """A node with login, and a worker that runs a job."""

    def __init__(self) -> None:
        self.node = DispatcherHarness()
        self.session = 500
        self.first = self.attached("photos")
        asked = self.node.ask_as("ada", Role.CLIENT.value, messages.SUBMIT, [{"task": TASK, "id": job_id(1), "args": []}])
        self.node.settle()
        assert asked.answer == [job_id(1)]
        assert self.job.worker is not None

    @property
    def job(self) -> Any:
        return self.node.dispatcher.state.jobs[job_id(1)]

    def attached(
        self, name: str, role: str = WORKER, id: str = "w", task: str = TASK, running: tuple[tuple[str, int], ...] = ()
    ) -> RecordedCall:
        declared = [messages.TaskDeclaration(name=task)]
        hello = messages.Hello(protocol=messages.PROTOCOL, worker=id, slots=1, tasks=declared, running=list(running))
        self.session += 1
        asked = self.node.ask_as(name, role, messages.WORKER_ATTACH, messages.plain(hello), session=self.session)
        self.node.settle()
        return asked


@pytest.mark.parametrize("role, task", [(WORKER, TASK), ("narrow", OTHER)])
def test_another_login_does_not_come_under_the_id_of_a_worker(role: str, task: str) -> None:
    works = Works()
    before = works.job.worker
    other = works.attached("eve", role, task=task, running=((job_id(1), 1),))
    assert other.error == "worker_id_taken"
    assert works.job.worker is before
    assert before.orders is not None
    assert works.first.sent[-1][0] != "fail"
    works.node.dispatcher.state.workers["w"].orders = None  # it has lost its session a moment ago
    assert works.attached("eve", role, task=task, running=((job_id(1), 1),)).error == "worker_id_taken"


def test_the_same_name_comes_back_to_what_it_runs() -> None:
    works = Works()
    again = works.attached("photos", running=((job_id(1), 1),))
    assert again.progress
    assert works.job.worker is works.node.dispatcher.state.workers["w"]
    assert works.first.error == "worker_id_taken"


def test_a_worker_gets_back_attempts_of_tasks_that_it_offers_alone() -> None:
    works = Works()
    works.node.restart()
    works.attached("eve", "narrow", task=OTHER, running=((job_id(1), 1),))
    assert works.node.dispatcher.state.workers["w"].attempts == {}
    assert job_id(1) not in works.node.dispatcher.state.jobs  # its attempt is lost, as of a worker that comes back without it


def test_an_offer_of_another_login_is_another_worker() -> None:
    works = Works()
    offers = Offers(works.node.dispatcher, works.node.parts.registry, works.node)
    registration = {"id": 7, "uri": f"{messages.OFFER_AS_PREFIX}n1.{TASK}", "match": "exact"}
    offers.created(registration, WORKER, "photos")
    works.node.dispatcher.state.workers[f"offer-n1.{TASK}"].orders = None
    offers.created({**registration, "id": 8}, WORKER, "eve")
    workers = works.node.dispatcher.state.workers
    assert (workers[f"offer-n1.{TASK}"].owner, workers[f"offer-n1.{TASK}-8"].owner) == ("photos", "eve")
