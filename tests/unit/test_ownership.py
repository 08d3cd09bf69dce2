"""A client has its own jobs and no others: every procedure that clients have, asked about own, others' and no jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn_router.access.ownership import Own
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.recorded_call import RecordedCall

ADA, EVE = "ada", "eve"
CLIENT = Role.CLIENT.value
OF_JOBS = [procedure for procedure in PROCEDURES if procedure.of_clients in (Own.JOB, Own.JOBS, Own.WAIT)]
MORE: dict[str, list[Any]] = {messages.JOB_ANSWER: ["a", 1], messages.JOB_SEND: [1]}


@pytest.fixture
def node() -> DispatcherHarness:
    """A node with a job of ada's that runs, one that has ended, and one that waits."""
    harness = DispatcherHarness()
    worker = harness.worker(slots=2)
    for number in (1, 2):
        start(harness, ADA, number)
    harness.settle()
    runs = worker.take()
    worker.done(runs[1])
    harness.settle()
    start(harness, ADA, 3, delay=600)
    harness.settle()
    return harness


def start(harness: DispatcherHarness, name: str, number: int, role: str = CLIENT, **options: Any) -> RecordedCall:
    call = {"task": TASK, "id": job_id(number), "args": [], "options": options}
    return harness.ask_as(name, role, messages.SUBMIT, [call])


def answer(harness: DispatcherHarness, name: str, uri: str, id: str, role: str = CLIENT) -> tuple[str, Any]:
    """Return what a session hears about a job, with the id left out."""
    own = next(procedure.of_clients for procedure in PROCEDURES if procedure.uri == uri)
    progress = uri != messages.JOB_WAIT  # which would then answer with nothing at its end
    asked = harness.ask_as(name, role, uri, [id] if own is Own.JOBS else id, *MORE.get(uri, []), progress=progress)
    harness.settle()
    if not asked.sent:
        return "open", None
    kind, said, *_ = asked.sent[-1]
    text = str(said if kind != "fail" else (said.uri, said.message, said.detail))
    return kind, text.replace(id, "ID")


@pytest.mark.parametrize("uri", [procedure.uri for procedure in OF_JOBS])
def test_jobs_of_others_are_answered_as_none(node: DispatcherHarness, uri: str) -> None:
    nothing = answer(node, EVE, uri, str(uuid4()))
    assert "unknown_job" in nothing[1]
    for number in (1, 2, 3):
        assert answer(node, EVE, uri, job_id(number)) == nothing


@pytest.mark.parametrize("uri", [procedure.uri for procedure in OF_JOBS])
def test_own_jobs_are_answered_as_to_who_sees_all(uri: str, node: DispatcherHarness) -> None:
    for number in (1, 2, 3):
        assert "unknown_job" not in str(answer(node, ADA, uri, job_id(number))[1])
        assert "unknown_job" not in str(answer(node, "boss", uri, job_id(number), Role.OPERATOR.value)[1])


def test_in_a_list_each_job_is_answered_for_itself(node: DispatcherHarness) -> None:
    start(node, EVE, 4, delay=600)
    node.settle()
    asked = node.ask_as(EVE, CLIENT, messages.JOB_CANCEL, [job_id(3), job_id(4), "no id", job_id(1)])
    node.settle()
    states = [each if isinstance(each, str) else each["error"].rpartition(".")[2] for each in asked.answer]
    assert states == ["unknown_job", "cancelled", "invalid_request", "unknown_job"]
    waited = node.ask_as(EVE, CLIENT, messages.JOB_WAIT, [job_id(2), job_id(4)], progress=False)
    node.settle()
    assert {id: state for id, state, *_ in waited.answer["outcomes"]} == {job_id(2): "unknown", job_id(4): "cancelled"}


def test_lists_have_own_jobs_alone(node: DispatcherHarness) -> None:
    def seen(name: str, **wanted: Any) -> list[str]:
        asked = node.ask_as(name, CLIENT, messages.VIEW_JOBS, **wanted)
        node.settle()
        return [job["id"] for job in asked.answer["jobs"]]

    assert sorted(seen(ADA)) == [job_id(number) for number in (1, 2, 3)]
    for wanted in ({}, {"caller": ADA}, {"caller": "*"}, {"caller": "[*]"}, {"id_part": job_id(1)}, {"root": job_id(1)}):
        assert seen(EVE, **wanted) == []


def test_why_a_job_waits_names_no_jobs_of_others() -> None:
    harness = DispatcherHarness()
    harness.worker(slots=2, declaration={"limits": [DeclaredLimit(kind="concurrency", name="one", limit=1)]})
    for name, number in ((ADA, 1), (EVE, 2), (ADA, 3)):
        start(harness, name, number)
        harness.settle()

    def why(name: str, number: int, role: str = CLIENT) -> list[dict[str, Any]]:
        asked = harness.ask_as(name, role, messages.JOB_EXPLAIN, job_id(number))
        harness.settle()
        return [reason for reason in asked.answer if not reason["open"]]

    assert job_id(1) in str(why("boss", 2, Role.OPERATOR.value))
    [reason] = why(EVE, 2)
    assert job_id(1) not in str(reason)
    assert reason["why"]
    assert job_id(1) in str(why(ADA, 3))


def test_of_tasks_a_client_sees_how_to_call_them_and_the_load(node: DispatcherHarness) -> None:
    asked = node.ask_as(EVE, CLIENT, messages.VIEW_TASKS)
    assert [set(task) <= {"name", "doc", "signature", "workers", "ready", "running"} for task in asked.answer] == [True]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("kind", ["single", "bulk", "flow"])
def test_an_id_of_another_ones_job_starts_and_shows_nothing(node: DispatcherHarness, number: int, kind: str) -> None:
    id = job_id(number)
    entry = {
        "single": {"task": TASK, "id": id, "args": []},
        "bulk": {"task": TASK, "calls": [[id, "[[],{}]"]]},
        "flow": {"flow": {"task": TASK, "args": []}, "id": id},
    }[kind]
    asked = node.ask_as(EVE, CLIENT, messages.SUBMIT, [entry], follow=True)
    node.settle()
    [said] = asked.answer
    error = said["errors"]["0"] if kind == "bulk" else said
    assert error["error"] == "taskbahn.error.invalid_request"
    assert "taken" in error["message"]
    assert asked.progress == []
    again = start(node, ADA, number, delay=600)
    node.settle()
    assert again.answer == [id]


@pytest.mark.parametrize("number", [1, 2, 3, 99])
@pytest.mark.parametrize(
    "entry",
    [
        lambda id: {"task": TASK, "args": [], "parent": id},
        lambda id: {"task": TASK, "calls": [[str(uuid4()), "[[],{}]"]], "parent": id},
        lambda id: {"flow": {"task": TASK, "args": []}, "parent": id},
        lambda id: {"flow": {"task": TASK, "args": []}, "group_of": id},
        lambda id: {"flow": {"task": TASK, "args": [{"$result": id}], "after": [id]}},
    ],
    ids=["single", "bulk", "flow", "group", "after"],
)
def test_what_a_client_starts_is_tied_to_its_own_jobs_alone(
    node: DispatcherHarness, number: int, entry: Callable[[str], dict[str, Any]]
) -> None:
    asked = node.ask_as(EVE, CLIENT, messages.SUBMIT, [entry(job_id(number))])
    node.settle()
    assert asked.answer[0]["error"] in ("taskbahn.error.unknown_job", "taskbahn.error.invalid_flow")


def test_what_an_attempt_starts_is_of_the_caller_of_its_job(node: DispatcherHarness) -> None:
    asked = node.ask_as(
        "w", Role.WORKER.value, messages.SUBMIT, [{"task": TASK, "args": [], "id": job_id(9), "parent": job_id(1)}]
    )
    node.settle()
    assert asked.answer == [job_id(9)]
    assert "unknown_job" not in str(answer(node, ADA, messages.JOB_GET, job_id(9))[1])
    assert "unknown_job" in answer(node, EVE, messages.JOB_GET, job_id(9))[1]


def test_a_client_declares_no_tasks_and_sends_no_mail(node: DispatcherHarness) -> None:
    declaration = messages.plain(messages.TaskDeclaration(name="eve.made"))
    entries = [
        {"task": "eve.made", "args": [], "declarations": [declaration]},
        {"task": "taskbahn.mail", "args": ["a@example.org"]},
        {"task": "taskbahn.mail", "calls": [[str(uuid4()), "[[],{}]"]]},
        {"flow": {"chain": [{"task": TASK, "args": []}, {"task": "taskbahn.webhook", "args": ["http://example.org"]}]}},
    ]
    asked = node.ask_as(EVE, CLIENT, messages.SUBMIT, entries)
    node.settle()
    errors = [each["error"].rpartition(".")[2] for each in asked.answer]
    assert errors == ["unknown_task", "not_allowed", "not_allowed", "not_allowed"]


def test_without_login_each_session_has_all_jobs(node: DispatcherHarness) -> None:
    for uri in (procedure.uri for procedure in OF_JOBS):
        own = next(procedure.of_clients for procedure in PROCEDURES if procedure.uri == uri)
        asked = node.ask(uri, [job_id(1)] if own is Own.JOBS else job_id(1), *MORE.get(uri, []))
        node.settle()
        assert "unknown_job" not in str(asked.sent)
