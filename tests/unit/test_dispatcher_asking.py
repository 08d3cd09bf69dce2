"""Questions of jobs and messages to them, at the dispatcher: who may answer what, once, and who hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, busy, job_id
from support.recorded_call import RecordedCall

from taskbahn.protocol import messages
from taskbahn.protocol.suspended import Suspended
from taskbahn_router.dispatcher import event_waits

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker
    from support.recorded_call import RecordedCall

ONE = job_id(1)
QUESTION = {"name": "go", "question": "Go?", "asked_at": 5.0, "to": "role:editor", "schema": {"type": "integer"}}


def asks(harness: DispatcherHarness, worker: FakeWorker, **more: Any) -> None:
    worker.notices((ONE, worker.runs[0][1] if worker.runs else 1), "question", QUESTION | more)
    harness.settle()


def answer(harness: DispatcherHarness, value: Any = 3, name: str = "go", id: str = ONE, **more: Any) -> RecordedCall:
    asked = harness.ask(messages.JOB_ANSWER, id, name, value, **more)
    harness.settle()
    return asked


def send(harness: DispatcherHarness, message: Any, **more: Any) -> Any:
    asked = harness.ask(messages.JOB_SEND, ONE, message, **more)
    harness.settle()
    return asked.answer


def view(harness: DispatcherHarness) -> list[dict[str, Any]]:
    asked = harness.ask(messages.VIEW_QUESTIONS)
    harness.settle()
    found: list[dict[str, Any]] = asked.answer["questions"]
    return found


def told(worker: FakeWorker) -> list[list[Any]]:
    return [note for order in worker.asked.progress for note in order.get("notes", ())]


def test_the_running_attempt_gets_the_first_answer(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    asks(harness, worker)
    assert view(harness) == [QUESTION | {"job": ONE, "task": TASK}]
    assert answer(harness, who="ada").answer is None
    (note,) = told(worker)
    assert note[:3] == [ONE, 1, "answer:go"]
    assert messages.from_json(note[3]) == {"value": 3, "by": "ada", "at": harness.wall()}
    assert answer(harness, 4).error == "no_question"
    assert (view(harness), len(told(worker))) == ([], 1)


def test_a_suspended_job_goes_on_with_its_answer(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    asks(harness, worker)
    worker.says(suspended=[Suspended(id=ONE, attempt=1, notes=["answer:go"])])
    harness.settle()
    harness.passes(100_000)
    assert harness.state(1) == "waiting"
    assert view(harness)
    answer(harness)
    assert worker.take()[-1] == (ONE, 2)
    harness.check()


def test_a_question_outlives_a_restart(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    asks(harness, worker)
    harness.restart()
    assert view(harness)
    worker = harness.worker("w", running=[(ONE, 1)])
    answer(harness)
    assert told(worker)


@pytest.mark.parametrize("ends", ["lost", "replaced", "restart"])
def test_a_worker_that_is_back_reads_the_answers_it_has_missed(harness: DispatcherHarness, ends: str) -> None:
    """Else a parked attempt would wait for ever for an answer that is there."""
    worker = busy(harness)
    asks(harness, worker)
    if ends == "lost":
        worker.lost()
    worker.silent = True
    assert answer(harness).answer is None
    if ends == "restart":
        harness.restart()
    back = harness.worker(running=[(ONE, 1)])
    assert back.asked.progress[0]["welcome"]["noted"] == [(ONE, 1)]
    harness.check()


def test_a_worker_that_is_back_reads_nothing_for_jobs_without_notes(harness: DispatcherHarness) -> None:
    busy(harness).lost()
    assert harness.worker(running=[(ONE, 1)]).asked.progress[0]["welcome"]["noted"] == []


def test_watchers_and_the_view_of_the_job_show_it(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    watching = harness.ask(messages.JOB_WATCH, ONE)
    harness.settle()
    asks(harness, worker)
    answer(harness)
    events = [event for sent in watching.progress for event in sent.get("events", ()) if event["kind"] == "question"]
    assert [event["data"] for event in events] == [QUESTION | {"job": ONE, "task": TASK}, {"name": "go"}]
    asks(harness, worker, name="again")
    got = harness.ask(messages.JOB_GET, ONE)
    harness.settle()
    assert [one["name"] for one in got.answer["questions"]] == ["again"]


@pytest.mark.parametrize(
    "value, more, error",
    [
        ("three", {}, "wrong_answer"),
        (3, {"name": "no"}, "no_question"),
        (3, {"id": job_id(7)}, "unknown_job"),
        ("x" * 2_000_000, {}, "too_large"),
        ("\ud800", {}, "invalid_request"),
        (3, {"name": 7}, "invalid_request"),
    ],
)
def test_an_answer_that_cannot_be_changes_nothing(harness: DispatcherHarness, value: Any, more: Any, error: str) -> None:
    worker = busy(harness)
    asks(harness, worker)
    assert answer(harness, value, **more).error == error
    assert (len(view(harness)), told(worker)) == (1, [])
    assert answer(harness).answer is None


def test_a_question_whose_schema_is_none_says_so(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    asks(harness, worker, schema={"type": "nonsense"})
    asked = answer(harness)
    assert asked.error == "wrong_answer"
    assert "no valid JSON Schema" in asked.sent[-1][1].message


def test_missing_arguments_are_named(harness: DispatcherHarness) -> None:
    busy(harness)
    asked = harness.ask(messages.JOB_ANSWER, ONE)
    assert asked.error == "invalid_request"
    assert "name is missing" in asked.sent[-1][1].message


def test_messages_reach_the_attempt_in_order(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    sent = [harness.ask(messages.JOB_SEND, ONE, {"text": text}) for text in "ab"]
    harness.settle()
    assert [asked.answer for asked in sent] == [1, 2]
    assert [note[2:] for note in told(worker)] == [["message:000000001", '{"text":"a"}'], ["message:000000002", '{"text":"b"}']]


@pytest.mark.parametrize("ended", [False, True])
def test_an_answer_and_a_message_that_come_again_count_once(harness: DispatcherHarness, *, ended: bool) -> None:
    worker = busy(harness)
    asks(harness, worker)
    assert answer(harness, key="a").answer is None
    assert send(harness, "hi", key="b") == 1
    if ended:
        worker.done((ONE, 1))
        harness.settle()
    assert answer(harness, key="a").answer is None
    assert send(harness, "hi", key="b") == 1
    assert answer(harness, 4, key="c").error == "no_question"
    assert [note[2] for note in told(worker)][:2] == ["answer:go", "message:000000001"]
    assert answer(harness, key="x" * 101).error == "invalid_request"


def test_a_job_that_has_ended_gets_no_messages(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    worker.done((ONE, 1))
    harness.settle()
    asked = harness.ask(messages.JOB_SEND, ONE, 1)
    unknown = harness.ask(messages.JOB_SEND, job_id(8), 1)
    harness.settle()
    assert asked.error == "wrong_state"
    assert unknown.error == "unknown_job"


@pytest.mark.parametrize("wrong", [{"name": ""}, {"question": ""}, {"schema": 5}, {"to": "x" * 300}, {"name": "\ud800"}])
def test_a_question_that_cannot_be_is_refused(harness: DispatcherHarness, wrong: dict[str, Any]) -> None:
    worker = busy(harness)
    asked = worker.notices((ONE, 1), "question", QUESTION | wrong)
    harness.settle()
    assert asked.error == "invalid_request"
    assert view(harness) == []


def test_many_questions_come_in_whole_pages_of_jobs(harness: DispatcherHarness) -> None:
    worker = busy(harness, 4)
    for number in range(1, 5):
        for name in "ab":
            worker.notices((job_id(number), 1), "question", QUESTION | {"name": name})
    harness.settle()
    found: list[Any] = []
    after: Any = 0
    while after is not None:
        asked = harness.ask(messages.VIEW_QUESTIONS, after=after, limit=3)
        harness.settle()
        found += [(one["job"], one["name"]) for one in asked.answer["questions"]]
        after = asked.answer["next"]
    assert found == [(job_id(number), name) for number in range(1, 5) for name in "ab"]


EVENT = {"name": "paid", "topic": "shop.paid", "where": {"order": 7}}


def awaits(harness: DispatcherHarness, worker: FakeWorker, id: str = ONE, **more: Any) -> None:
    worker.notices((id, 1), "event", EVENT | more)
    harness.settle()


def publish(harness: DispatcherHarness, data: Any, topic: str = "shop.paid") -> None:
    harness.publishes(topic, data)
    harness.settle()


def test_an_event_that_fits_reaches_the_attempt_once(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    awaits(harness, worker)
    for data in ({"order": 8}, [7], None, {"order": 7, "sum": 3}):
        publish(harness, data)
    assert [note[2:] for note in told(worker)] == [["event:paid", '{"value":{"order":7,"sum":3}}']]
    assert harness.topics == {}


def test_one_event_goes_to_all_who_wait_for_it(harness: DispatcherHarness) -> None:
    worker = busy(harness, 3)
    for number in (1, 2, 3):
        awaits(harness, worker, job_id(number), where={"order": 7} if number < 3 else {"order": 8})
    publish(harness, {"order": 7})
    assert sorted(note[0] for note in told(worker)) == [job_id(1), job_id(2)]
    assert list(harness.topics) == ["shop.paid"]


def test_a_suspended_job_goes_on_with_its_event_after_a_restart(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    awaits(harness, worker)
    worker.says(suspended=[Suspended(id=ONE, attempt=1, notes=["event:paid"])])
    harness.settle()
    harness.restart()
    worker = harness.worker("w")
    assert harness.state(1) == "waiting"
    publish(harness, {"order": 7})
    assert worker.take() == [(ONE, 2)]
    assert harness.topics == {}


@pytest.mark.parametrize("end", ["done", "cancelled"])
def test_the_dispatcher_listens_no_longer_than_the_job_lives(harness: DispatcherHarness, end: str) -> None:
    worker = busy(harness)
    awaits(harness, worker)
    assert harness.topics
    if end == "done":
        worker.done((ONE, 1))
    else:
        harness.ask(messages.JOB_CANCEL, [ONE])
    harness.settle()
    assert harness.topics == {}


def test_what_no_job_may_wait_for_is_refused(harness: DispatcherHarness) -> None:
    worker = busy(harness)
    for topic in ("taskbahn.view.changes", "wamp.session.on_join", ""):
        asked = worker.notices((ONE, 1), "event", EVENT | {"topic": topic})
        harness.settle()
        assert asked.error == "invalid_request"
    assert harness.topics == {}


def test_many_who_wait_are_found_again_after_a_restart(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_waits, "PAGE", 3)
    worker = busy(harness, 5)
    for number in range(1, 6):
        for name in "ab":
            awaits(harness, worker, job_id(number), name=name, topic=f"shop.{name}")
    harness.restart()
    assert sorted(harness.topics) == ["shop.a", "shop.b"]
    assert {len(waiting) for waiting in harness.dispatcher.event_waits._topics.values()} == {5}


def test_explain_says_for_what_a_parked_attempt_waits(harness: DispatcherHarness) -> None:
    worker = busy(harness)

    def explain() -> list[str]:
        asked = harness.ask(messages.JOB_EXPLAIN, ONE)
        harness.settle()
        return [reason["why"] for reason in asked.answer]

    assert explain() == []
    worker.says(parked=[(ONE, 1, True)])
    harness.settle()
    assert explain() == ["Its function waits in its worker, and holds no slot: for a job, an event, a message or a time"]
    asks(harness, worker)
    assert explain() == ["Its function waits for an answer, and holds no slot: Go?"]
    worker.says(parked=[(ONE, 1, False)])
    harness.settle()
    assert explain() == []
