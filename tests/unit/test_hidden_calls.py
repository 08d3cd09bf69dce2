"""Secrets beside the arguments of plain jobs: in flows, schedules, triggers, callbacks, offers, answers, and what jobs remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn import Secret
from taskbahn.protocol import messages
from taskbahn.signatures.payloads import pack_plain
from taskbahn.signatures.signature import TaskSignature
from taskbahn_router.workers.offers import Offers

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker

CARD = "4711-secret-card"
MARK = {"$secret": True}


def takes(card: Secret[str], pin: str = "", other: Any = None) -> Secret[str]:
    return card


WIRE = TaskSignature.of(takes, TASK, ("pin",)).wire
PACKED = pack_plain(TASK, (Secret(CARD), CARD), {})


@pytest.fixture
def worker(harness: DispatcherHarness) -> FakeWorker:
    return harness.worker(slots=5, tasks=(TASK, "b.task"), declaration={"signature": WIRE})


def asks(harness: DispatcherHarness, procedure: str, *args: Any, **kwargs: Any) -> Any:
    asked = harness.ask(procedure, *args, **kwargs)
    harness.passes(1)
    assert asked.sent[-1][0] == "answer", asked.sent
    return asked.answer


@pytest.mark.parametrize("call", [{"task": TASK, "args": [CARD, CARD]}, {"task": TASK, "packed": PACKED}])
def test_a_schedule_starts_with_the_secret_and_shows_none(harness: DispatcherHarness, worker: FakeWorker, call: Any) -> None:
    shown = [asks(harness, messages.SCHEDULE_ADD, "s", {"when": "* * * * *", "call": call})]
    shown += [asks(harness, messages.VIEW_SCHEDULES), asks(harness, messages.VIEW_SCHEDULES, id="s")]
    assert CARD not in repr(shown)
    id = asks(harness, messages.SCHEDULE_RUN, "s")
    assert CARD in worker.asked.progress[-1]["run"][0][3]
    view = asks(harness, messages.JOB_GET, id)
    assert view["args"] == [MARK, MARK]
    refused = harness.ask(messages.SCHEDULE_EDIT, "s", {"call": shown[0]["spec"]["call"]})
    harness.settle()
    assert "give the value itself" in refused.sent[-1][1].message
    asks(harness, messages.SCHEDULE_DELETE, "s")


def test_a_trigger_starts_with_the_secret_and_shows_none(harness: DispatcherHarness, worker: FakeWorker) -> None:
    spec = {"topic": "orders.paid", "call": {"task": TASK, "args": [CARD], "kwargs": {"pin": "{event.pin}"}}}
    shown = [asks(harness, messages.TRIGGER_ADD, "t", spec), asks(harness, messages.VIEW_TRIGGERS)]
    assert CARD not in repr(shown)
    (id,) = asks(harness, messages.EVENT_PUBLISH, "orders.paid", [], {"pin": CARD})
    view = asks(harness, messages.JOB_GET, id)
    assert (view["args"], view["kwargs"]) == ([MARK], {"pin": MARK})
    assert worker.asked.progress[-1]["run"][0][3].count(CARD) == 2


def test_what_a_job_of_a_flow_gives_stays_secret_where_it_goes(harness: DispatcherHarness, worker: FakeWorker) -> None:
    flow = {"chain": [{"task": TASK, "args": [CARD]}, {"task": "c.task", "args": ["a"], "immutable": False}]}
    harness.worker("other", tasks=("c.task",))
    (id,) = asks(harness, messages.SUBMIT, [{"flow": flow}])
    run = worker.take()[0]
    worker.done(run, result=messages.to_json(CARD))
    harness.passes(1)
    other = harness.workers[-1]
    ((second, _),) = other.take()
    assert f'{{"$secret":["{CARD}"]}}' in other.asked.progress[-1]["run"][0][3]
    for job in (id, run[0], second):
        asked = [
            harness.ask(uri, job, authid="eve", caller=9) for uri in (messages.JOB_GET, messages.JOB_RESULTS, messages.JOB_EVENTS)
        ]
        asked.append(harness.ask(messages.JOB_WAIT, [job], authid="eve", caller=9))
        harness.passes(1)
        assert CARD not in repr([one.sent for one in asked])
    for_worker = harness.ask_as("w", "worker", messages.JOB_RESULTS, second)
    harness.settle()
    assert CARD in repr(for_worker.answer)
    other.done((second, 1), result=f'{{"$secret":["{CARD}"]}}')
    harness.passes(1)
    assert asks(harness, messages.JOB_WAIT, [id], authid="eve", progress=False)["outcomes"][0][2] == '{"$secret":true}'
    assert asks(harness, messages.JOB_WAIT, [id], progress=False)["outcomes"][0][2] == f'{{"$secret":["{CARD}"]}}'


def test_callbacks_of_a_task_show_no_secret(harness: DispatcherHarness, worker: FakeWorker) -> None:
    packed, plain = {"task": TASK, "packed": PACKED, "immutable": True}, {"task": TASK, "args": [CARD], "immutable": True}
    callbacks = {"on_end": [packed], "on_success": [plain]}
    harness.worker("other", tasks=("c.task",), declaration={"callbacks": callbacks})
    assert CARD not in repr(asks(harness, messages.VIEW_TASKS))


def test_an_offer_gets_plain_values_and_tells_no_one(harness: DispatcherHarness) -> None:
    uri = messages.OFFER_PREFIX + "shop.pays"
    harness.worker("declares", tasks=("shop.pays",), queues=["elsewhere"], declaration={"signature": WIRE})
    heard: list[list[Any]] = []
    call_offer = harness.call_offer

    def hear(uri: str, args: list[Any], kwargs: dict[str, Any], on_progress: Any) -> Any:
        heard.append([args, kwargs])
        return call_offer(uri, args, kwargs, on_progress)

    cast("Any", harness).call_offer = hear
    Offers(harness.dispatcher, harness.registry, cast("Any", harness)).created({"id": 1, "uri": uri})
    harness.settle()
    called = harness.ask("shop.pays", CARD, pin=CARD)
    harness.settle()
    assert heard == [[[CARD], {"pin": CARD}]]
    say, ends = harness.heard[uri]
    say({"message": f"with {CARD}"})
    harness.passes(2)
    ends.callback(CARD)
    harness.passes(1)
    assert called.answer == CARD  # who calls a task by its name gets what it returns
    assert CARD not in repr(called.sent[:-1])
    listed = asks(harness, messages.VIEW_JOBS, task="shop.pays")["jobs"][0]
    view = asks(harness, messages.JOB_GET, listed["id"])
    assert (view["args"], view["kwargs"], view["result"]) == ([MARK], {"pin": MARK}, MARK)
    assert "with [hidden]" in repr(view["progress"])


def test_an_answer_asked_for_as_a_secret_is_kept_as_one(harness: DispatcherHarness, worker: FakeWorker) -> None:
    harness.submit("x")
    harness.settle()
    (run,) = worker.take()
    question = {"name": "go", "question": "Password?", "asked_at": 5.0, "schema": {"type": "string", "writeOnly": True}}
    worker.notices(run, "question", question)
    harness.settle()
    refused = harness.ask(messages.JOB_ANSWER, run[0], "go", [CARD])
    harness.settle()
    assert CARD not in str(refused.sent[-1][1])
    asks(harness, messages.JOB_ANSWER, run[0], "go", CARD)
    notes = [note for order in worker.asked.progress for note in order.get("notes", ())]
    assert messages.from_json(notes[0][3])["value"] == {"$secret": [CARD]}
    assert CARD not in repr(asks(harness, messages.JOB_NOTES, run[0], authid="eve"))
    for_worker = harness.ask_as("w", "worker", messages.JOB_NOTES, run[0])
    harness.settle()
    assert CARD in repr(for_worker.answer)


def test_a_secret_is_the_same_one_however_it_is_given(harness: DispatcherHarness, worker: FakeWorker) -> None:
    ids = []
    for call in (
        {"args": [CARD, CARD]},
        {"packed": PACKED, "checked": WIRE.digest},
        {"packed": messages.to_json([[CARD], {"pin": CARD}])},
    ):
        ids += asks(harness, messages.SUBMIT, [{"task": TASK, "options": {"key": "k"}, **call}])
    assert len(set(ids)) == 1, ids
    (other,) = asks(harness, messages.SUBMIT, [{"task": TASK, "options": {"key": "k"}, "args": ["another-card"]}])
    assert other["error"].endswith("duplicate")
    assert "another-card" not in repr(other)
    assert CARD not in repr(other)


def test_who_joins_a_job_of_another_does_not_get_its_secret(harness: DispatcherHarness, worker: FakeWorker) -> None:
    one = harness.ask(messages.SUBMIT, [{"task": TASK, "args": [CARD], "options": {"key": "k"}, "id": job_id(1)}], follow=True)
    other = harness.ask(
        messages.SUBMIT, [{"task": TASK, "args": [CARD], "options": {"key": "k"}}], follow=True, authid="eve", caller=7
    )
    harness.settle()
    worker.done(*worker.take(), result=messages.to_json(CARD))
    harness.passes(1)
    assert CARD in repr(one.sent)
    assert CARD not in repr(other.sent)
