"""Who comes through `/ws-view` may look; the router itself refuses all else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions, RegisterOptions, SubscribeOptions
from support.plain import Heard, patiently, session_to

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol import messages
from taskbahn.transport.session import Session
from taskbahn_router.publishing.publisher import MAX_CHANGES

if TYPE_CHECKING:
    from support.programs import Node

pytestmark = pytest.mark.slow
NOT_AUTHORISED = "wamp.error.not_authorized"
UNKNOWN_JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"
TASK = "viewer.task"
URIS = {
    name: value
    for name, value in vars(messages).items()
    if name.isupper() and isinstance(value, str) and value.startswith("taskbahn.")
}
MAY_CALL = {uri for uri in URIS.values() if uri.startswith("taskbahn.view.")} - {messages.CHANGES_TOPIC, messages.VIEW_AUDIT} | {
    messages.JOB_GET, messages.JOB_EXPLAIN, messages.JOB_WATCH, messages.JOB_EVENTS, messages.JOB_WAIT, messages.JOB_RESULTS,
    messages.JOB_MEMBERS, messages.JOB_GRAPH, messages.JOB_NOTES,
}  # fmt: skip
ARGUMENTS: dict[str, list[Any]] = {  # of those that need some
    messages.VIEW_SCHEDULE_TIMES: ["0 3 * * *"],
    messages.VIEW_FIRINGS: ["nightly"],
    messages.VIEW_SCHEDULE_WAITS: ["nightly"],
    messages.VIEW_DUE_TIMES: [1_800_000_000, 1_800_604_800],
}
MAY_NOT_CALL = [
    *sorted({uri + "x" * uri.endswith(".") for uri in URIS.values()} - MAY_CALL - {messages.CHANGES_TOPIC}),
    TASK, "taskbahn.offer.viewer.task", "taskbahn.worker.w.run", "taskbahn.reports.abc", "taskbahn.job.getting", "taskbahn.job.wait.more",
    "taskbahn.job", "taskbahn.views", "taskbahn", "com.example.anything", "crossbar.get_status",
    "wamp.session.list", "wamp.session.count", "wamp.session.get", "wamp.session.kill", "wamp.session.kill_all", "wamp.session.add_testament",
    "wamp.subscription.list", "wamp.subscription.get_events", "wamp.subscription.list_subscribers", "wamp.registration.list",
    "wamp.registration.lookup", "wamp.registration.list_callees", "wamp.registration.remove_callee", "wamp.schema.describe",
]  # fmt: skip
MAY_NOT_SUBSCRIBE = [
    ("", "prefix"), (".", "wildcard"), ("..", "wildcard"), ("...", "wildcard"), ("taskbahn.", "prefix"), ("taskbahn..", "wildcard"),
    ("taskbahn.job", "prefix"), ("taskbahn.j", "prefix"), (".job.", "wildcard"), ("wamp.", "prefix"), ("wamp..", "wildcard"),
    ("wamp.session.on_join", "exact"), ("wamp.session.on_leave", "exact"), ("wamp.registration.on_create", "exact"),
    ("wamp.subscription.on_subscribe", "exact"), ("com.example.topic", "exact"), ("taskbahn.worker.", "prefix"), ("taskbahn.admin.x", "exact"),
]  # fmt: skip


def viewer_of(node: Node) -> str:
    return node.websocket + "-view"


async def refused(asked: Any) -> str:
    """Return the URI of the error that a request is refused with."""
    try:
        await patiently(asked)
    except ApplicationError as error:
        return str(error.error)
    return "it was done"


async def job_of(worker: Session) -> str:
    """Submit a job of `TASK` and return its id."""
    (id,) = await patiently(worker.call(messages.SUBMIT, [{"task": TASK}]))
    return str(id)


@pytest_twisted.ensureDeferred
async def test_a_viewer_sees_everything_that_is_to_be_seen(node: Node) -> None:
    async with session_to(node.rawsocket) as worker, session_to(viewer_of(node)) as viewer:
        await worker.register(lambda: "done", f"{messages.OFFER_PREFIX}{TASK}")
        topics, changes = Heard(), Heard()
        await patiently(viewer.subscribe(topics, messages.JOB_TOPIC, options=SubscribeOptions(match="prefix")))
        await patiently(viewer.subscribe(changes, messages.CHANGES_TOPIC))
        id = await job_of(worker)
        await topics.first(
            lambda events: any(event["job"] == id and event["data"].get("state") == "succeeded" for event in events)
        )
        assert not (await changes.first(lambda change: any(job["id"] == id for job in change["jobs"])))["cut"]
        assert (await patiently(viewer.call(messages.JOB_GET, id)))["result"] == "done"
        assert (await patiently(viewer.call(messages.JOB_WATCH, id)))["state"] == "succeeded"
        assert (await patiently(viewer.call(messages.JOB_EVENTS, id)))["events"] == []
        assert await patiently(viewer.call(messages.JOB_EXPLAIN, id)) == []
        assert await patiently(viewer.call(messages.JOB_MEMBERS, id)) == {"jobs": [], "next": None}
        assert [node["id"] for node in (await patiently(viewer.call(messages.JOB_GRAPH, id)))["nodes"]] == [id]
        assert await patiently(viewer.call(messages.JOB_RESULTS, id)) == {"results": [], "next": None}
        assert (await patiently(viewer.call(messages.JOB_NOTES, id)))["notes"] == []
        await patiently(viewer.call(messages.JOB_WAIT, [id]))
        for uri in sorted(uri for uri in MAY_CALL if uri.startswith("taskbahn.view.")):
            answer = await refused(viewer.call(uri, *ARGUMENTS.get(uri, ())))
            # it may ask, though there is no schedule
            assert answer == (InvalidSchedule.uri if uri == messages.VIEW_SCHEDULE_WAITS else "it was done")


@pytest_twisted.ensureDeferred
async def test_a_message_of_changes_says_that_it_lacks_some(node: Node) -> None:
    async with session_to(node.rawsocket) as worker, session_to(viewer_of(node)) as viewer:
        changes = Heard()
        await patiently(viewer.subscribe(changes, messages.CHANGES_TOPIC))
        ids = await patiently(worker.call(messages.SUBMIT, [{"task": TASK} for _ in range(MAX_CHANGES + 1)]))
        assert len((await changes.first(lambda change: change["cut"]))["jobs"]) == MAX_CHANGES
        assert set(await patiently(worker.call(messages.JOB_CANCEL, ids))) == {"cancelled"}


@pytest_twisted.ensureDeferred
async def test_a_viewer_may_call_nothing_else(node: Node) -> None:
    async with session_to(node.rawsocket) as worker, session_to(viewer_of(node)) as viewer:
        await worker.register(lambda: "done", f"{messages.OFFER_PREFIX}{TASK}")
        id = await job_of(worker)
        assert len(MAY_NOT_CALL) > 25
        answers = {uri: await refused(viewer.call(uri, [id])) for uri in MAY_NOT_CALL}
        assert answers == dict.fromkeys(MAY_NOT_CALL, NOT_AUTHORISED)


@pytest_twisted.ensureDeferred
async def test_a_viewer_may_neither_offer_nor_publish_nor_listen_elsewhere(node: Node) -> None:
    async with session_to(viewer_of(node)) as viewer:
        for uri in (
            "viewer.own",
            f"{messages.OFFER_PREFIX}{TASK}",
            "taskbahn.reports.abc",
            messages.VIEW_STATUS,
            "taskbahn.view.mine",
            TASK,
        ):
            for options in (RegisterOptions(), RegisterOptions(match="prefix"), RegisterOptions(force_reregister=True)):
                answer = await refused(viewer.register(lambda: None, uri, options=options))
                assert answer in (NOT_AUTHORISED, "wamp.error.procedure_already_exists"), uri
        assert (await patiently(viewer.call(messages.VIEW_STATUS)))["version"], "it is still the dispatcher's"
        for topic in (messages.CHANGES_TOPIC, f"{messages.JOB_TOPIC}{UNKNOWN_JOB}", "com.example.topic", "wamp.session.on_join"):
            answer = await refused(viewer.publish(topic, 1, options=PublishOptions(acknowledge=True)))
            assert answer in (NOT_AUTHORISED, "wamp.error.invalid_uri"), topic  # no session may publish to `wamp.`
        for topic, match in MAY_NOT_SUBSCRIBE:
            answer = await refused(viewer.subscribe(print, topic, options=SubscribeOptions(match=match)))
            assert answer in (NOT_AUTHORISED, "wamp.error.invalid_uri"), (topic, match)


@pytest.mark.parametrize("role", ["anonymous", "dispatcher", "trusted"])
@pytest_twisted.ensureDeferred
async def test_a_viewer_is_one_whatever_role_it_asks_for(node: Node, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    def ask_for_more(session: Session) -> None:
        session.join(messages.REALM, authmethods=["anonymous"], authid="another", authrole=role)

    monkeypatch.setattr(Session, "onConnect", ask_for_more)
    async with session_to(viewer_of(node)) as viewer:
        assert await refused(viewer.call(messages.JOB_CANCEL, [UNKNOWN_JOB])) == NOT_AUTHORISED
        assert await refused(viewer.call("wamp.session.list")) == NOT_AUTHORISED


@pytest_twisted.ensureDeferred
async def test_who_comes_through_the_other_door_may_act(node: Node) -> None:
    async with session_to(node.websocket) as session:
        assert (await patiently(session.call(messages.JOB_CANCEL, [UNKNOWN_JOB])))[0]["error"] == "taskbahn.error.unknown_job"
