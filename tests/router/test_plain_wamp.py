"""Calling from anywhere: plain Autobahn sessions on both sides, no SDK, against the real node."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, RegisterOptions
from support.plain import Heard, patiently, session_to
from support.switches import needs
from twisted.internet.defer import CancelledError, Deferred

from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id
from taskbahn.workarounds import RAW_MESSAGES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from support.programs import Node

    from taskbahn.transport.session import Session

pytestmark = pytest.mark.slow
NAMES = itertools.count(1)


class Offer:
    """A task offered by a plain session: each call waits until the test lets it go on."""

    def __init__(self, session: Session, prefix: str = messages.OFFER_PREFIX) -> None:
        self.prefix = prefix
        self.name = f"plain.task_{next(NAMES)}"
        self.session = session
        self.calls = Heard()
        self.interrupted = Heard()

    async def register(self) -> None:
        await patiently(self.session.register(self._run, self.prefix + self.name, options=RegisterOptions(details_arg="details")))

    def _run(self, *args: Any, details: Any = None, **kwargs: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred(lambda _: self.interrupted("stop"))
        self.calls({"args": args, "kwargs": kwargs, "progress": details.progress, "done": done})
        return done

    async def call(self, number: int = 1) -> dict[str, Any]:
        """Return the call of that number once it is there."""
        seen: dict[str, Any] = await self.calls.first(lambda _: len(self.calls.values) >= number)
        return self.calls.values[number - 1] if number > 1 else seen


def with_offer(test: Callable[[Session, Offer], Awaitable[None]]) -> Callable[[Node], Any]:
    @pytest_twisted.ensureDeferred
    async def run(node: Node) -> None:
        async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
            offer = Offer(worker)
            await offer.register()
            await test(client, offer)

    run.__name__ = test.__name__
    wrapped: Callable[[Node], Any] = run
    return wrapped


@with_offer
async def test_a_task_is_a_remote_procedure_with_progressive_results(client: Session, offer: Offer) -> None:
    heard = Heard()
    answer = client.call(offer.name, 3, b=4, options=CallOptions(on_progress=heard))
    call = await offer.call()
    assert (call["args"], call["kwargs"]) == ((3,), {"b": 4})
    call["progress"](0.5)
    await heard.first(lambda value: any(event["kind"] == "progress" for event in value["events"]))
    call["done"].callback({"sum": 7})
    assert await patiently(answer) == {"sum": 7}
    kinds = [(event["kind"], event["data"].get("state")) for event in heard.events]
    assert kinds == [("state", "running"), ("progress", None), ("state", "succeeded")]


@with_offer
async def test_a_caller_cancels_its_job(client: Session, offer: Offer) -> None:
    heard = Heard()
    answer = client.call(offer.name, options=CallOptions(on_progress=heard))
    await offer.call()
    job = (await heard.first(lambda value: bool(value["job"])))["job"]
    answer.cancel()
    with pytest.raises(CancelledError):
        await answer
    await offer.interrupted.first(bool)
    outcome = await patiently(client.call(messages.JOB_WAIT, [job]))
    assert outcome["outcomes"][0][1] == "cancelled"


@with_offer
async def test_a_call_with_a_timeout_gets_the_same_answers_from_crossbars_dealer(client: Session, offer: Offer) -> None:
    heard = Heard()
    answer = client.call(offer.name, 1, options=CallOptions(on_progress=heard, timeout=30))
    (await offer.call())["done"].callback("made")
    assert await patiently(answer) == "made"
    assert [event["data"]["state"] for event in heard.events] == ["running", "succeeded"]
    with pytest.raises(ApplicationError, match="no-such-job"):
        await patiently(client.call("taskbahn.job.get", "no-such-job", options=CallOptions(timeout=30)))

    cancelled = client.call(offer.name, 2, options=CallOptions(timeout=30))
    await offer.call(2)
    cancelled.cancel()
    with pytest.raises(CancelledError):
        await cancelled
    await offer.interrupted.first(bool)

    with pytest.raises(ApplicationError, match="timeout reached"):
        await patiently(client.call(offer.name, 3, options=CallOptions(timeout=5)))
    await offer.interrupted.first(lambda _: len(offer.interrupted.values) == 2)


@pytest_twisted.ensureDeferred
async def test_a_named_offer_that_goes_leaves_its_task_to_the_other(node: Node) -> None:
    async with session_to(node.websocket) as client, session_to(node.websocket) as second:
        two = Offer(second, messages.OFFER_AS_PREFIX + "two.")
        async with session_to(node.rawsocket) as first:
            one = Offer(first, messages.OFFER_AS_PREFIX + "one.")
            one.name = two.name
            await one.register()
            await two.register()
            answers = [client.call(two.name, number) for number in range(2)]
            await one.call()
            kept = await two.call()
            workers = await patiently(client.call(messages.VIEW_WORKERS))
            found = {worker["id"]: worker["slots"] for worker in workers if two.name in worker["tasks"]}
            assert found == {f"offer-one.{two.name}": 1, f"offer-two.{two.name}": 1}
        kept["done"].callback("two")
        (await two.call(2))["done"].callback("two again")  # the job of the one that left
        assert sorted([await patiently(answer) for answer in answers]) == ["two", "two again"]


@pytest_twisted.ensureDeferred
async def test_the_second_on_a_plain_offer_and_odd_names_get_a_sentence(node: Node) -> None:
    async with session_to(node.rawsocket) as first, session_to(node.websocket) as second:
        offer, again = Offer(first), Offer(second)
        again.name = offer.name
        await offer.register()
        with pytest.raises(ApplicationError, match=rf"register taskbahn\.offer_as\.<name>\.{offer.name}") as refused:
            await again.register()
        assert refused.value.error == "wamp.error.procedure_already_exists"
        for prefix, why in (
            ("taskbahn.offer_as.Odd!name.", "is no name of a worker"),
            ("taskbahn.offer.UPPER.", "cannot name a task"),
        ):
            with pytest.raises(ApplicationError, match=why):
                await Offer(second, prefix).register()


@pytest_twisted.ensureDeferred
async def test_of_a_cancelled_call_whose_caller_leaves_nothing_stays(node: Node) -> None:
    said = len(node.lines)
    async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
        offer = Offer(worker)
        await offer.register()
        async with session_to(node.websocket) as caller:
            cancelled = caller.call(offer.name, options=CallOptions(timeout=4))
            await offer.call()
            cancelled.cancel()
            with pytest.raises(CancelledError):
                await cancelled
        with pytest.raises(ApplicationError, match="timeout reached"):  # and the other one's would have been, before
            await patiently(client.call(offer.name, options=CallOptions(timeout=5)))
    assert [line for line in node.lines[said:] if "Traceback" in line or "INTERNAL" in line] == []


@pytest_twisted.ensureDeferred
async def test_a_plain_worker_may_know_its_job(node: Node) -> None:
    async with session_to(node.rawsocket) as worker, session_to(node.websocket) as client:
        offer = Offer(worker, messages.OFFER_JOB_PREFIX)
        await offer.register()
        (job,) = await patiently(client.call(messages.SUBMIT, [{"task": offer.name, "args": [1], "kwargs": {"b": 2}}]))
        call = await offer.call()
        assert (call["args"], call["kwargs"]) == (({"job": job, "attempt": 1}, 1), {"b": 2})
        assert await patiently(client.call(messages.JOB_CANCEL, [job])) == ["cancelled"]
        await offer.interrupted.first(bool)


@pytest_twisted.ensureDeferred
async def test_a_job_outlives_its_caller(node: Node) -> None:
    async with session_to(node.rawsocket) as worker:
        offer = Offer(worker)
        await offer.register()
        heard = Heard()
        async with session_to(node.websocket) as browser:
            gone = browser.call(offer.name, options=CallOptions(on_progress=heard))
            gone.addErrback(lambda _: None)
            call = await offer.call()
            job = (await heard.first(lambda value: bool(value["job"])))["job"]
        call["done"].callback("made")
        async with session_to(node.websocket) as later:
            snapshot = await patiently(later.call(messages.JOB_WATCH, job))
    assert (snapshot["state"], snapshot["result"]) == ("succeeded", "made")
    assert offer.interrupted.values == []


@with_offer
async def test_a_late_watcher_gets_the_snapshot_and_misses_no_event(client: Session, offer: Offer) -> None:
    (job,) = await patiently(client.call(messages.SUBMIT, [{"task": offer.name}]))
    call = await offer.call()
    call["progress"](0.25)
    heard = Heard()
    end = client.call(messages.JOB_WATCH, job, options=CallOptions(on_progress=heard))
    snapshot = (await heard.first(lambda value: "snapshot" in value))["snapshot"]
    assert snapshot["state"] == "running"
    call["progress"](0.75)
    call["done"].callback(None)
    assert (await patiently(end))["state"] == "succeeded"
    numbers = [event["number"] for event in heard.events if event["kind"] != "progress"]
    assert numbers == list(range(snapshot["number"] + 1, snapshot["number"] + 1 + len(numbers)))
    assert heard.events[-1]["data"]["state"] == "succeeded"
    again = await patiently(client.call(messages.JOB_WATCH, job, after=numbers[-1], options=CallOptions(on_progress=Heard())))
    assert again["state"] == "succeeded"


@with_offer
async def test_the_topic_of_a_job_carries_its_events(client: Session, offer: Offer) -> None:
    job = str(new_id())
    heard = Heard()
    await patiently(client.subscribe(heard, messages.JOB_TOPIC + job))
    assert await patiently(client.call(messages.SUBMIT, [{"task": offer.name, "id": job}])) == [job]
    (await offer.call())["done"].callback(1)
    await heard.first(lambda events: any(event["data"].get("state") == "succeeded" for event in events))
    assert [event["data"]["state"] for event in heard.events] == ["running", "succeeded"]
    assert {event["job"] for event in heard.events} == {job}


@with_offer
async def test_a_worker_that_leaves_makes_room_for_the_next_one(client: Session, offer: Offer) -> None:
    (job,) = await patiently(client.call(messages.SUBMIT, [{"task": offer.name}]))
    await offer.call()
    registration = next(iter(offer.session._registrations.values()))
    await patiently(registration.unregister())
    await offer.register()
    (await offer.call(2))["done"].callback("second")
    outcome = await patiently(client.call(messages.JOB_WAIT, [job]))
    assert outcome["outcomes"] == [[job, "succeeded", '"second"', None]]
    view = await patiently(client.call(messages.JOB_GET, job))
    assert [attempt["outcome"] for attempt in view["attempts"]] == ["worker_lost", "succeeded"]


@with_offer
async def test_an_error_of_the_task_reaches_the_caller(client: Session, offer: Offer) -> None:
    answer = client.call(offer.name)
    (await offer.call())["done"].errback(ApplicationError("shop.error.sold_out", "nothing is left"))
    with pytest.raises(ApplicationError) as caught:
        await patiently(answer)
    assert caught.value.error == "taskbahn.error.job_failed"
    assert caught.value.args == ("shop.error.sold_out: nothing is left",)
    assert caught.value.kwargs["detail"]["type"] == "shop.error.sold_out"


@with_offer
async def test_what_is_submitted_twice_under_one_id_runs_once(client: Session, offer: Offer) -> None:
    job = str(new_id())
    calls = [{"task": offer.name, "id": job}]
    assert await patiently(client.call(messages.SUBMIT, calls)) == [job]
    assert await patiently(client.call(messages.SUBMIT, calls + calls)) == [job, job]
    (await offer.call())["done"].callback(5)
    followed = await patiently(client.call(messages.SUBMIT, calls, follow=True))
    assert followed.kwresults["outcomes"] == [[job, "succeeded", "5", None]]
    assert len(offer.calls.values) == 1


@with_offer
async def test_a_time_limit_stops_the_attempt(client: Session, offer: Offer) -> None:
    (job,) = await patiently(client.call(messages.SUBMIT, [{"task": offer.name, "options": {"run_within": 0.2}}]))
    await offer.interrupted.first(bool)
    outcome = (await patiently(client.call(messages.JOB_WAIT, [job])))["outcomes"][0]
    assert (outcome[1], outcome[3]["error"]) == ("failed", "taskbahn.error.time_limit_exceeded")


@with_offer
async def test_a_job_fails_at_its_deadline_and_its_attempt_is_stopped(client: Session, offer: Offer) -> None:
    by = time.time() + 0.5
    (job,) = await patiently(client.call(messages.SUBMIT, [{"task": offer.name, "options": {"finish_by": by}}]))
    await offer.interrupted.first(bool)
    outcome = (await patiently(client.call(messages.JOB_WAIT, [job])))["outcomes"][0]
    assert (outcome[1], outcome[3]["type"], outcome[3]["deadline"]) == ("failed", "DeadlineExceeded", by)
    assert (await patiently(client.call(messages.JOB_GET, job)))["deadline"] == by


@with_offer
async def test_a_deadline_that_cannot_be_is_refused_with_its_place(client: Session, offer: Offer) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"finish_by": time.time() - 1}, "that moment has passed"),
        ({"finish_by": "tomorrow"}, "expected float, got str; it is a datetime, or seconds since 1970"),
        ({"finish_within": -1}, "it is in seconds, more than 0"),
        ({"finish_within": 5, "finish_by": time.time() + 5}, "exclude each other"),
        ({"finish_within": 5, "delay": 6}, "before it may start"),
    ]
    for options, sentence in wrong:
        calls = [{"task": offer.name, "options": {"tags": ["wrong"], **options}}]
        flow = {"chain": [{"task": offer.name}, {"group": [{"task": offer.name, "options": options}]}]}
        single, whole = await patiently(client.call(messages.SUBMIT, [*calls, {"flow": flow, "options": {"tags": ["wrong"]}}]))
        for answer in (single, whole):
            assert answer["error"] == "taskbahn.error.invalid_option"
            assert sentence in answer["message"]
            assert answer["detail"]["option"] in options
        assert whole["detail"]["place"] == "chain[1].group[0]"
    assert (await patiently(client.call(messages.VIEW_JOBS, tag="wrong")))["jobs"] == []


@needs(RAW_MESSAGES)
@pytest.mark.parametrize("transport", ["websocket", "rawsocket"])
@pytest_twisted.ensureDeferred
async def test_results_come_to_our_sessions_without_autobahns_objects(
    node: Node, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session_to(getattr(node, transport)) as session:
        objects: list[Any] = []
        monkeypatch.setattr(session, "onMessage", objects.append)
        assert isinstance(await patiently(session.ask(messages.VIEW_QUEUES, [], {})), list)
        assert objects == []
        monkeypatch.undo()
