"""What leaves the dispatcher of jobs with secrets: to their caller and their worker all of it, to others nothing secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id
from support.storing import FakeSqliteStore, FakeStore

from taskbahn import Secret
from taskbahn.errors import InvalidArguments
from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn.signatures.signature import TaskSignature
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARD = "4711-secret-card"
MARKER = {"$secret": True}
ASKS: dict[str, tuple[list[Any], dict[str, Any]]] = {  # what a viewer gives to procedures that want more than the id of a job
    messages.JOB_WAIT: ([[job_id(1)]], {}),
    messages.VIEW_SCHEDULE_TIMES: (["0 0 * * *"], {}),
    messages.VIEW_DUE_TIMES: ([1.7e9, 1.7e9 + 60], {}),
    messages.VIEW_FIRINGS: (["nightly"], {}),
    messages.VIEW_SCHEDULE_WAITS: (["nightly"], {}),
}


@dataclass
class User:
    """What a task takes."""

    name: str
    password: Secret[str]
    email: str = ""


def charge(card: Secret[str], user: User, pin: str, codes: list[Secret[int]], anything: Any = None) -> Secret[str]:
    return card


SIGNATURE = TaskSignature.of(charge, TASK, ("pin", "user.email", "anything.*.key"))
ARGUMENTS: list[Any] = [CARD, {"name": "ada", "password": CARD, "email": CARD}, CARD, [471_100_001], [{"key": CARD}]]


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    made = DispatcherHarness(FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path))
    yield made
    made.check()
    made.store.close()


def declared(harness: DispatcherHarness, **more: Any) -> Any:
    return harness.worker(declaration={"signature": SIGNATURE.wire}, **more)


def seen_by_others(harness: DispatcherHarness) -> str:
    """Return all that the procedures for viewers answer to a session that started nothing, and what topics said."""
    asked = []
    for procedure in PROCEDURES:
        if procedure.role == Role.VIEWER:
            of_job: list[Any] = [job_id(1)] if procedure.uri.startswith("taskbahn.job.") else []
            args, kwargs = ASKS.get(procedure.uri, (of_job, {}))
            asked.append(harness.ask(procedure.uri, *args, authid="eve", caller=77, **kwargs))
    asked.append(harness.ask(messages.VIEW_JOBS, task=TASK, authid="eve", caller=77))
    harness.passes(1)
    refused = {one.call.procedure for one in asked if one.sent and one.sent[-1][0] == "fail"}
    assert refused <= {access.OWN_PASSWORD, *(uri for uri in refused if "schedule" in uri)}  # there is no schedule, and no login
    return repr([one.sent for one in asked]) + repr(harness.published) + repr(harness.dispatcher.publisher.changes)


def test_only_caller_and_worker_get_a_secret(harness: DispatcherHarness) -> None:
    harness.watched.add(messages.JOB_TOPIC + job_id(1))
    harness.dispatcher.publisher.changes_wanted = True
    worker = declared(harness)
    owner = harness.submit(*ARGUMENTS, follow=True)
    harness.settle()
    (run,) = worker.take()
    args, kwargs = SIGNATURE.unpack(worker.asked.progress[-1]["run"][0][3])
    assert [args[0].reveal(), args[1].password.reveal(), *args[1:3], kwargs] == [
        CARD,
        CARD,
        User("ada", Secret(CARD), CARD),
        CARD,
        {},
    ]
    worker.notices(run, "log", {"level": "INFO", "logger": "x", "message": f"pays with {CARD}"})
    worker.notices(run, "progress", {"fraction": 0.5, "message": CARD, "data": {"at": [CARD]}})
    worker.notices(run, "question", {"name": "question:q", "question": f"{CARD}?", "schema": {}, "at": 1.0})
    harness.passes(2)
    assert CARD not in seen_by_others(harness)
    worker.done(run, result=messages.to_json(CARD))
    harness.passes(1)
    seen = seen_by_others(harness)
    assert CARD not in seen
    assert "471100001" not in seen
    assert owner.sent[-1][2]["outcomes"] == [[job_id(1), "succeeded", f'{{"$secret":["{CARD}"]}}', None]]
    view = harness.ask(messages.JOB_GET, job_id(1))
    harness.settle()
    hidden_user = {"name": "ada", "password": MARKER, "email": MARKER}
    assert view.answer["args"] == [MARKER, hidden_user, MARKER, [MARKER], [{"key": MARKER}]]
    assert view.answer["result"] == MARKER


def test_an_error_that_quotes_a_secret_is_kept_without_it(harness: DispatcherHarness) -> None:
    worker = declared(harness)
    harness.submit(*ARGUMENTS, retries=0)
    harness.settle()
    (run,) = worker.take()
    worker._ended([run])
    error = {"type": "E", "message": f"no {CARD}", "traceback": f"…{CARD}", "cause": {"message": CARD}, "notes": [CARD]}
    worker.says(failed=[messages.Failed(id=run[0], attempt=run[1], kind="error", error=error, retry=False)])
    harness.settle()
    seen = seen_by_others(harness)
    assert CARD not in seen
    assert "no [hidden]" in seen
    assert CARD not in (harness.row(1).error or "")


def test_a_retried_job_gets_the_true_value(harness: DispatcherHarness) -> None:
    worker = declared(harness)
    harness.submit(*ARGUMENTS, retries=0)
    harness.settle()
    worker.failed(*worker.take(), retry=False)
    harness.settle()
    harness.ask(messages.JOB_RETRY, [job_id(1)])
    harness.passes(1)
    assert worker.take() == [(job_id(1), 2)]
    args, _ = SIGNATURE.unpack(worker.asked.progress[-1]["run"][0][3])
    assert args[0].reveal() == CARD


def test_a_secret_stays_one_when_its_task_is_declared_otherwise(harness: DispatcherHarness) -> None:
    declared(harness).lost()
    harness.submit(*ARGUMENTS)
    harness.passes(60)
    harness.worker("other", queues=["other"])
    harness.settle()
    assert CARD not in seen_by_others(harness)


def test_the_mark_of_a_secret_starts_no_job(harness: DispatcherHarness) -> None:
    declared(harness)
    for arguments in ([MARKER, *ARGUMENTS[1:]], [*ARGUMENTS[:4], [{"key": MARKER}]], [*ARGUMENTS[:4], {"deep": [MARKER]}]):
        asked = harness.submit(*arguments)
        harness.settle()
        assert "give the value itself" in asked.answer[0]["message"]
    packed = messages.to_json([[MARKER, *ARGUMENTS[1:]], {}])
    for text in (packed, packed.replace('{"$secret":true}', '{ "$secret" : true }')):
        asked = harness.ask(messages.SUBMIT, [{"task": TASK, "packed": text, "checked": SIGNATURE.wire.digest}])
        harness.settle()
        assert "give the value itself" in asked.answer[0]["message"]
    assert not harness.dispatcher.state.counts["ready"]


def test_data_that_looks_like_a_secret_is_data(harness: DispatcherHarness) -> None:
    worker = declared(harness)
    look = {"$secret": ["x"], "$$secret": 1, "of": [{"$secret": False}, {"$secret": True, "b": 1}]}
    harness.submit(*ARGUMENTS[:4], look)
    harness.settle()
    worker.take()
    args, _ = SIGNATURE.unpack(worker.asked.progress[-1]["run"][0][3])
    assert args[4] == look
    view = harness.ask(messages.JOB_GET, job_id(1))
    harness.settle()
    assert view.answer["args"][4] == {"$$secret": ["x"], "$$$secret": 1, "of": [{"$$secret": False}, {"$$secret": True, "b": 1}]}


@pytest.mark.parametrize(
    "wrong",
    [
        [5, *ARGUMENTS[1:]],
        [CARD, {"name": 5, "password": CARD}, CARD, []],
        [CARD, CARD, CARD, []],
        [CARD, *ARGUMENTS[1:3], CARD],
    ],
)
def test_no_error_quotes_what_may_be_secret(harness: DispatcherHarness, wrong: list[Any]) -> None:
    declared(harness)
    asked = harness.submit(*wrong)
    harness.settle()
    assert asked.answer[0]["error"] == InvalidArguments.uri
    assert CARD not in repr(asked.sent)


def test_a_secret_of_an_sdk_is_one_where_the_task_says_nothing(harness: DispatcherHarness) -> None:
    worker = declared(harness)
    packed = SIGNATURE.pack((Secret("c"), User("a", Secret("p")), "1234", [], {"free": Secret(CARD)}), {})
    harness.ask(messages.SUBMIT, [{"task": TASK, "packed": packed, "checked": SIGNATURE.wire.digest, "id": job_id(1)}])
    harness.settle()
    assert CARD not in seen_by_others(harness)
    worker.take()
    args, _ = SIGNATURE.unpack(worker.asked.progress[-1]["run"][0][3])
    assert args[4]["free"].reveal() == CARD
