"""Events start tasks: by topic, filter and mapping, while no worker is there, once, within bounds, and visibly when they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.trigger_fields import DeclaredTrigger
from taskbahn_router.dispatcher import event_starts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOPIC = "orders.created"


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = DispatcherHarness(store)
    made.worker("w", slots=3).lost()
    made.settle()
    yield made
    store.close()


def asks(harness: DispatcherHarness, uri: str, *args: Any, **words: Any) -> Any:
    asked = harness.ask(uri, *args, **words)
    harness.settle()
    return asked


def add(harness: DispatcherHarness, id: str = "t", topic: str = TOPIC, call: dict[str, Any] | None = None, **spec: Any) -> Any:
    return asks(harness, messages.TRIGGER_ADD, id, {"topic": topic, "call": call or {"task": TASK}, **spec}, who="ada")


def views(harness: DispatcherHarness) -> dict[str, dict[str, Any]]:
    return {view["id"]: view for view in asks(harness, messages.VIEW_TRIGGERS).answer["triggers"]}


def jobs(harness: DispatcherHarness) -> list[Any]:
    """Return the arguments of all jobs, the oldest first."""
    found = asks(harness, messages.VIEW_JOBS, task=TASK).answer["jobs"][::-1]
    return [messages.from_json(harness.row(job["id"]).packed) for job in found]


def publishes(harness: DispatcherHarness, topic: str, *args: Any, **kwargs: Any) -> None:
    harness.publishes(topic, *args, **kwargs)
    harness.settle()


def publish(harness: DispatcherHarness, topic: str = TOPIC, *args: Any, **words: Any) -> Any:
    return asks(harness, messages.EVENT_PUBLISH, topic, list(args), words.pop("kwargs", {}), **words)


def test_an_event_starts_a_task_with_its_arguments(harness: DispatcherHarness) -> None:
    found = add(harness).answer
    assert (found["words"], found["changed_by"], found["kind"]) == ("events of orders.created", "ada", "topic")
    publishes(harness, TOPIC, 1, "two", three=[3])
    publishes(harness, "orders.changed", 4)
    assert jobs(harness) == [[[1, "two"], {"three": [3]}]]
    view = views(harness)["t"]
    assert (view["started"], view["last_at"]) == (1, harness.wall())
    assert view["last_job"] == asks(harness, messages.VIEW_JOBS).answer["jobs"][0]["id"]
    harness.check()


def test_a_filter_and_a_mapping_make_the_call(harness: DispatcherHarness) -> None:
    add(
        harness,
        where={"country": "DE"},
        call={
            "task": TASK,
            "kwargs": {"day": "{event.day}", "note": "order {event.id}, {topic}"},
            "options": {"tags": ["o:{event.id}"]},
        },
    )
    for country in ("DE", "FR"):
        publishes(harness, TOPIC, {"country": country, "day": 5, "id": 17})
    publishes(harness, TOPIC)
    assert jobs(harness) == [[[], {"day": 5, "note": "order 17, orders.created"}]]
    assert asks(harness, messages.VIEW_JOBS, tag="o:17").answer["jobs"]
    assert views(harness)["t"]["words"] == 'events of orders.created, where {"country":"DE"}'


def test_topics_are_meant_as_in_subscriptions(harness: DispatcherHarness) -> None:
    add(harness, "prefix", "orders.", match="prefix", call={"task": TASK, "args": ["prefix", "{topic}"]})
    add(harness, "wildcard", "orders..paid", match="wildcard", call={"task": TASK, "args": ["wildcard", "{topic}"]})
    add(harness, "second", "orders.", match="prefix", call={"task": TASK, "args": ["second", "{topic}"]})
    publishes(harness, "orders.eu.paid")
    publishes(harness, "order.eu.paid")
    assert sorted(args for args, _ in jobs(harness)) == [[name, "orders.eu.paid"] for name in ("prefix", "second", "wildcard")]
    assert set(harness.patterns) == {("orders.", "prefix"), ("orders..paid", "wildcard")}
    assert sorted(publish(harness, "orders.eu.paid").answer) == sorted(
        job["id"] for job in asks(harness, messages.VIEW_JOBS, limit=3).answer["jobs"]
    )
    asks(harness, messages.TRIGGER_DELETE, "prefix")
    asks(harness, messages.TRIGGER_EDIT, "wildcard", {"topic": "orders.us.paid", "match": "exact"})
    assert (set(harness.patterns), set(harness.topics)) == ({("orders.", "prefix")}, {"orders.us.paid"})


def test_triggers_work_after_a_restart_without_a_worker(harness: DispatcherHarness) -> None:
    add(harness)
    harness.restart()
    publishes(harness, TOPIC, 1)
    assert [job["state"] for job in asks(harness, messages.VIEW_JOBS).answer["jobs"]] == ["ready"]
    worker = harness.worker("v")
    assert len(worker.take()) == 1


@pytest.mark.parametrize(
    "spec, sentence",
    [
        ({"topic": "taskbahn.job.x"}, "the topic taskbahn.job.x is one of the node's own"),
        ({"topic": "wamp.session.on_join"}, "one of the node's own"),
        ({"topic": "", "match": "prefix"}, "the prefix '' covers topics of the node itself"),
        ({"topic": "task", "match": "prefix"}, "covers topics of the node itself, such as taskbahn.; make it longer"),
        ({"topic": "..x", "match": "wildcard"}, "its first component must not be empty"),
        ({"topic": "a..b"}, "empty components for match='wildcard' only"),
        ({"topic": "a b"}, "it is a URI"),
        ({"match": "regex"}, "Invalid enum value 'regex'"),
        ({"kind": "nothing"}, "a trigger is an object with a kind, one of topic"),
        ({"call": {"task": TASK, "id": "x"}}, "without an id"),
        ({"call": {}}, "call is one task"),
        ({"call": {"task": TASK, "args": ["{evnt}"]}}, "args.0, position 1: {evnt} is unknown"),
        ({"call": {"task": "missing.task"}}, "missing.task"),
        ({"surprise": 1}, "unknown field `surprise`"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_what_cannot_be_a_trigger_is_refused(harness: DispatcherHarness, spec: dict[str, Any], sentence: str) -> None:
    asked = asks(harness, messages.TRIGGER_ADD, "t", {"topic": TOPIC, "call": {"task": TASK}, **spec})
    assert sentence in str(asked.sent[-1][1])
    assert views(harness) == {}
    assert (harness.topics, harness.patterns) == ({}, {})


def test_an_event_that_cannot_be_mapped_is_the_trouble_of_its_trigger(harness: DispatcherHarness) -> None:
    add(harness, call={"task": TASK, "args": ["{event.day}"]})
    add(harness, "other")
    publishes(harness, TOPIC, {"month": 1})
    found = views(harness)
    assert "{event.day}: what has come has nothing there" in found["t"]["trouble"]["message"]
    assert (found["t"].get("started", 0), found["other"]["started"]) == (0, 1)
    publishes(harness, TOPIC, {"day": 1})
    assert "trouble" not in views(harness)["t"]


def test_a_pause_holds_a_trigger(harness: DispatcherHarness) -> None:
    add(harness)
    assert asks(harness, messages.TRIGGER_PAUSE, "t", reason="holidays", within=60).answer["pause"]["reason"] == "holidays"
    publishes(harness, TOPIC, 1)
    harness.passes(61)
    publishes(harness, TOPIC, 2)
    asks(harness, messages.TRIGGER_PAUSE, "t")
    harness.restart()
    publishes(harness, TOPIC, 3)
    asks(harness, messages.TRIGGER_RESUME, "t")
    publishes(harness, TOPIC, 4)
    assert jobs(harness) == [[[2], {}], [[4], {}]]


# app.publish


def test_publish_answers_when_the_jobs_are_durable(harness: DispatcherHarness) -> None:
    add(harness)
    add(harness, "other", call={"task": TASK, "args": ["other"]})
    add(harness, "wrong", call={"task": TASK, "args": ["{event.x.y}"]})
    harness.hold_commits()
    asked = harness.ask(messages.EVENT_PUBLISH, TOPIC, [1], {"two": 2})
    harness.settle()
    assert (asked.sent, harness.passed_on) == ([], [])
    harness.release_commits()
    started, refused = asked.answer[1:], asked.answer[0]
    assert [type(id) for id in started] == [str, str]
    assert (refused["trigger"], refused["error"]) == ("wrong", InvalidRequest.uri)
    assert harness.passed_on == [(TOPIC, [1], {"two": 2})]
    assert sorted(jobs(harness), key=str) == [[["other"], {}], [[1], {"two": 2}]]
    assert "nothing there" in views(harness)["wrong"]["trouble"]["message"]
    harness.check()


def test_an_event_that_is_published_again_starts_nothing_twice(harness: DispatcherHarness) -> None:
    add(harness)
    first = publish(harness, TOPIC, 1, id="e1").answer
    harness.restart()
    assert publish(harness, TOPIC, 1, id="e1").answer == first
    assert (len(jobs(harness)), views(harness)["t"]["started"]) == (1, 1)
    assert publish(harness, TOPIC, 1, id="e2").answer != first
    assert len(harness.passed_on) == 3, "subscribers may hear of it twice"


def test_a_job_that_waits_hears_what_is_published(harness: DispatcherHarness) -> None:
    worker = harness.worker("v")
    harness.submit()
    harness.settle()
    ((id, attempt),) = worker.take()
    worker.notices((id, attempt), "event", {"name": "paid", "topic": TOPIC, "where": {"order": 7}})
    harness.settle()
    add(harness)
    publish(harness, TOPIC, {"order": 8})
    publish(harness, TOPIC, {"order": 7})
    notes = [note[2:] for order in worker.asked.progress for note in order.get("notes", [])]
    assert notes == [["event:paid", '{"value":{"order":7}}']]
    assert len(jobs(harness)) == 3, "each event starts one"


def test_an_event_without_triggers_is_passed_on(harness: DispatcherHarness) -> None:
    assert publish(harness, "a.b", 1, kwargs={"topic": 2, "options": 3}).answer == []
    assert harness.passed_on == [("a.b", [1], {"topic": 2, "options": 3})]


@pytest.mark.parametrize(
    "args, words, sentence",
    [
        (("taskbahn.x",), {}, "node's own"),
        (("a..b",), {}, "it is a URI"),
        ((5,), {}, "it is a URI"),
        (("a.b", 5), {}, "takes a topic, a list of arguments"),
        (("a.b", [], {}), {"id": "x\n"}, "the id of an event is text"),
        (("a.b", [], {}), {"id": 5}, "the id of an event is text"),
    ],
)
def test_what_cannot_be_published_is_refused(harness: DispatcherHarness, args: Any, words: Any, sentence: str) -> None:
    assert sentence in str(asks(harness, messages.EVENT_PUBLISH, *args, **words).sent[-1][1])
    assert harness.passed_on == []


# bounds


def test_events_without_room_wait_and_then_start(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    add(harness)
    harness.dispatcher.fair_queue.reserve(10_000_000, 0)
    for number in range(3):
        publishes(harness, TOPIC, number)
    assert asks(harness, messages.EVENT_PUBLISH, TOPIC, [9]).error == "queue_full"
    assert harness.passed_on == [], "its caller publishes it again"
    harness.passes(2)
    assert jobs(harness) == []
    harness.dispatcher.fair_queue.reserve(-10_000_000, 0)
    harness.passes(2)
    assert jobs(harness) == [[[number], {}] for number in range(3)]


def test_a_storm_of_events_is_bounded_and_seen(harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_starts, "MAX_HELD", 10)
    add(harness)
    harness.dispatcher.fair_queue.reserve(10_000_000, 0)
    for number in range(25):
        publishes(harness, TOPIC, number)
    harness.passes(1.5)
    view = views(harness)["t"]
    assert (view["lost"], view["trouble"]["message"]) == (15, "there was no room for 15 events: 10 of them waited already")
    harness.dispatcher.fair_queue.reserve(-10_000_000, 0)
    harness.passes(2)
    assert (len(jobs(harness)), views(harness)["t"]["started"], views(harness)["t"]["lost"]) == (10, 10, 15)
    assert "trouble" not in views(harness)["t"]
    harness.check()


def test_events_that_the_store_refuses_come_again(harness: DispatcherHarness) -> None:
    add(harness)
    harness.store.refuses = "full"
    publishes(harness, TOPIC, 1)
    harness.passes(3)
    harness.store.refuses = ""
    harness.passes(10)
    assert jobs(harness) == [[[1], {}]]
    assert views(harness)["t"]["started"] == 1


# declared in code


def test_a_worker_brings_the_triggers_of_its_code(harness: DispatcherHarness) -> None:
    declared = [DeclaredTrigger(id="t", spec={"kind": "topic", "topic": TOPIC, "call": {"task": TASK, "args": []}})]
    harness.worker("old", triggers=declared)
    harness.settle()
    view = views(harness)["t"]
    assert (view["declared"]["topic"], view.get("changed", {})) == (TOPIC, {})
    assert "declared in code" in str(asks(harness, messages.TRIGGER_DELETE, "t").sent[-1][1])
    changed = asks(harness, messages.TRIGGER_EDIT, "t", {"where": {"a": 1}, "topic": TOPIC}).answer["changed"]
    assert changed == {"where": {"a": 1}}
    assert asks(harness, messages.TRIGGER_EDIT, "t", {"where": {}}).answer.get("changed", {}) == {}


def test_a_trigger_that_newer_code_lacks_is_orphaned(harness: DispatcherHarness) -> None:
    declared = [DeclaredTrigger(id="t", spec={"kind": "topic", "topic": TOPIC, "call": {"task": TASK, "args": []}})]
    old = harness.worker("old", triggers=declared)
    harness.passes(1)
    harness.worker("new")
    old.lost()
    harness.passes(15)
    assert views(harness)["t"]["pause"]["orphaned"]
    publishes(harness, TOPIC, 1)
    assert jobs(harness) == []
    asks(harness, messages.TRIGGER_RESUME, "t")
    publishes(harness, TOPIC, 1)
    assert jobs(harness) == [[[], {}]]
    assert views(harness)["t"].get("declared") is None


def test_a_worker_with_a_trigger_that_cannot_be_is_refused(harness: DispatcherHarness) -> None:
    declared = [{"id": "t", "spec": {"kind": "topic", "topic": "taskbahn.x", "call": {"task": TASK}}}]
    hello = messages.Hello(protocol=messages.PROTOCOL, worker="x", slots=1, tasks=[])
    asked = harness.ask(messages.WORKER_ATTACH, {**messages.plain(hello), "triggers": declared})
    harness.settle()
    assert "trigger t: the topic taskbahn.x is one of the node's own" in str(asked.sent[-1][1])


def test_a_flow_starts_for_an_event(harness: DispatcherHarness) -> None:
    flow = {"chain": [{"task": TASK, "args": ["{event.n}"]}, {"task": TASK}]}
    add(harness, call={"flow": flow, "options": {"tags": ["n:{event.n}"]}})
    (root,) = publish(harness, TOPIC, {"n": 7}, id="e").answer
    assert publish(harness, TOPIC, {"n": 7}, id="e").answer == [root]
    worker = harness.worker("v", slots=5)
    (run,) = worker.take()
    assert messages.from_json(harness.row(run[0]).packed) == [[7], {}]
    assert root in {job["id"] for job in asks(harness, messages.VIEW_JOBS, tag="n:7").answer["jobs"]}
    assert views(harness)["t"]["last_job"] == root


def problems(harness: DispatcherHarness) -> list[dict[str, Any]]:
    """Return the problems of triggers after a look at what the store has."""
    for _ in range(2):
        harness.passes(6)
        harness.parts.status.look()
        harness.settle()
    found = asks(harness, messages.VIEW_STATUS).answer["problems"]
    return [problem for problem in found if problem["kind"] == "trigger_refused"]


def test_an_event_that_starts_nothing_is_a_problem_until_one_does(harness: DispatcherHarness) -> None:
    for number in range(6):
        add(harness, f"t{number}", call={"task": TASK, "args": ["{event.day}"]})
    add(harness, "paused", call={"task": TASK, "args": ["{event.day}"]})
    publishes(harness, TOPIC, {})
    asks(harness, messages.TRIGGER_PAUSE, "paused")
    found = problems(harness)
    assert [problem.get("id", "") for problem in found] == ["t0", "t1", "t2", "t3", ""]
    sentence = "The newest event of the trigger t0 started no job: {event.day}: what has come has nothing there"
    assert found[0]["sentence"].startswith(sentence)
    assert found[4]["sentence"] == "The newest events of 2 more triggers started no job, too."
    publishes(harness, TOPIC, {"day": 1})
    assert problems(harness) == []
