"""Bad input: every request that is wrong gets a typed error that says so, changes nothing, and the node serves on."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.plain import Heard, patiently, resume_all, session_to

from taskbahn.errors import BY_URI
from taskbahn.protocol import messages
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from support.programs import Node

    from taskbahn.transport.session import Session

pytestmark = pytest.mark.slow
UNKNOWN_JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"
URIS = [procedure.uri for procedure in PROCEDURES]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYWORDS = st.sampled_from(["id", "after", "follow", "state", "limit", "seconds", "task", "since", "error", "ids", "x"])
TYPED = {"", "wamp.error.invalid_argument", *BY_URI} - {"taskbahn.error.service"}


async def refusal(session: Session, procedure: str, *args: Any, **kwargs: Any) -> tuple[str, str]:
    """Return the URI and the sentence of the error that a call ends with."""
    options = CallOptions(on_progress=lambda *_, **__: None)
    with pytest.raises(ApplicationError) as caught:
        await patiently(session.call(procedure, *args, options=options, **kwargs))
    return caught.value.error.removeprefix("taskbahn.error."), str(caught.value.args[0])


@pytest_twisted.ensureDeferred
async def test_each_wrong_request_is_answered_with_what_is_wrong(node: Node) -> None:
    async with session_to(node.websocket) as session:
        hello = {"protocol": 1, "worker": "w", "slots": 1, "tasks": [{"name": "nonsense.known"}]}
        for procedure, args, uri, part in [
            (messages.SUBMIT, (), "invalid_request", "a list of calls"),
            (messages.SUBMIT, ([{}] * (messages.MAX_CALLS + 1),), "too_large", "10,001 is more than the 10,000"),
            (messages.JOB_GET, ("x",), "invalid_request", "is no job id"),
            (messages.JOB_GET, (UNKNOWN_JOB,), "unknown_job", UNKNOWN_JOB),
            (messages.JOB_WATCH, (UNKNOWN_JOB,), "unknown_job", UNKNOWN_JOB),
            (messages.JOB_EVENTS, (UNKNOWN_JOB, -1), "invalid_request", "after must be"),
            (messages.JOB_WAIT, (7,), "invalid_request", "a list of job ids"),
            (messages.WORKER_REPORT, ({},), "invalid_request", "taskbahn.worker.attach first"),
            (messages.WORKER_ATTACH, ({**hello, "protocol": 99},), "unsupported_protocol", "upgrade the router"),
            (messages.WORKER_ATTACH, ({**hello, "protocol": 0},), "unsupported_protocol", "upgrade the worker"),
            (messages.WORKER_ATTACH, ({**hello, "slots": 0},), "invalid_request", "slots"),
            (messages.WORKER_ATTACH, ({"protocol": 1, "slots": 1, "tasks": []},), "invalid_request", "worker"),
            (messages.WORKER_ATTACH, ({**hello, "tasks": [{"name": "No Uri"}]},), "invalid_name", "'No Uri' cannot name a task"),
            (messages.WORKER_ATTACH, ({**hello, "tasks": [{"name": "taskbahn.submit"}]},), "invalid_name", "taskbahn"),
        ]:
            got, sentence = await refusal(session, procedure, *args)
            assert (got, part in sentence) == (uri, True), (procedure, args, got, sentence)
        assert (await refusal(session, messages.VIEW_JOBS, state="done"))[1].startswith("state: there is no 'done'")
        assert all(task["name"] != "nonsense.known" for task in await patiently(session.call(messages.VIEW_TASKS)))


async def accepted(session: Session) -> int:
    """Return how many jobs there are: those of earlier tests may still change their states."""
    return sum((await patiently(session.call(messages.VIEW_STATUS)))["jobs"].values())


@pytest_twisted.ensureDeferred
async def test_each_wrong_submission_is_answered_in_its_place(node: Node) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
    signature = {"digest": "d", "parameters": schema, "order": ["n"]}
    declared = [{"name": "nonsense.task", "signature": signature}]
    hello = {"protocol": 1, "worker": "nonsense", "slots": 1, "queues": ["unused"], "tasks": declared}
    async with session_to(node.websocket) as worker, session_to(node.rawsocket) as session:
        orders = Heard()
        worker.call(messages.WORKER_ATTACH, hello, options=CallOptions(on_progress=orders)).addErrback(lambda _: None)
        await orders.first(lambda order: "welcome" in order)
        before = await accepted(session)
        calls: list[tuple[Any, str, str]] = [
            ({"task": "nonsense.tusk"}, "unknown_task", "did you mean 'nonsense.task'"),
            ({"task": "Not A Name"}, "invalid_name", "cannot name a task"),
            ({"task": "nonsense.task"}, "invalid_arguments", "n: is missing"),
            ({"task": "nonsense.task", "args": ["x"]}, "invalid_arguments", "n: "),
            ({"task": "nonsense.task", "args": [1, 2]}, "invalid_arguments", "2 arguments"),
            ({"task": "nonsense.task", "args": [1], "kwargs": {"m": 1}}, "invalid_arguments", "m: is no argument"),
            ({"task": "nonsense.task", "args": [1], "options": {"prioritee": 1}}, "invalid_option", "did you mean 'priority'"),
            ({"task": "nonsense.task", "args": [1], "options": {"delay": -1}}, "invalid_option", "delay"),
            ({"task": "nonsense.task", "args": [1], "id": "x"}, "invalid_request", "no job id"),
            ({"task": "nonsense.task", "packed": "{", "args": []}, "invalid_request", "JSON text"),
            (
                {"task": "nonsense.task", "args": [1], "packed": '[["' + "x" * messages.MAX_ARGUMENTS + '"],{}]'},
                "too_large",
                "bytes",
            ),
            ({"args": [1]}, "invalid_request", "task"),
            (7, "invalid_request", "malformed"),
        ]
        answers = await patiently(session.call(messages.SUBMIT, [call for call, _, _ in calls]))
        for (call, uri, part), answer in zip(calls, answers, strict=True):
            told = (answer["error"].removeprefix("taskbahn.error."), part in answer["message"])
            assert told == (uri, True), (call if call != 7 else 7, answer)
        assert await accepted(session) == before


@pytest_twisted.ensureDeferred
async def test_whatever_is_sent_the_answer_is_typed_and_the_node_serves_on(node: Node) -> None:
    calls: list[tuple[str, list[Any], dict[str, Any]]] = []

    @settings(max_examples=150, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(URIS), st.lists(ANYTHING, max_size=3), st.dictionaries(KEYWORDS, ANYTHING, max_size=2))
    def collect(procedure: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        calls.append((procedure, args, kwargs))

    collect()
    said = len(node.lines)
    async with session_to(node.rawsocket) as session:
        for procedure, args, kwargs in calls:
            answer = session.call(procedure, *args, options=CallOptions(on_progress=lambda *_, **__: None), **kwargs)
            uri = await patiently(answer.addCallbacks(lambda _: "", lambda failure: failure.value.error))
            assert uri in TYPED, (procedure, args, kwargs, uri)
        # `taskbahn.admin.pause` without a word, if it was among the calls, pauses the system; other tests share the node
        assert set(await resume_all(session)) <= {""}
    assert node.get("/readyz")[0] == 200
    assert "taskbahn_router" not in "".join(node.lines[said:])  # no traceback through our code


def test_garbage_on_the_port_does_not_hurt_the_others(node: Node) -> None:
    chaos = random.Random(7)
    upgrade = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
    for opening in (b"", b"\x7f\xf2\x00\x00", upgrade):  # nothing, RawSocket with MessagePack, WebSocket
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", node.port), 30) as connection, contextlib.suppress(ConnectionError):
                connection.sendall(opening + chaos.randbytes(chaos.randrange(1, 2000)))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):  # until it hangs up
                    pass
    assert node.get("/readyz")[0] == 200


@pytest_twisted.ensureDeferred
async def test_a_message_above_the_bound_costs_only_its_sender_the_connection(node: Node) -> None:
    async with session_to(node.rawsocket) as bystander:
        with pytest.raises(Exception, match=r".+"):
            async with session_to(node.websocket) as session:
                await patiently(session.call(messages.SUBMIT, [{"task": "x" * (messages.MAX_MESSAGE + 1)}]))
        assert (await patiently(bystander.call(messages.VIEW_STATUS)))["workers"] >= 0
    assert node.get("/readyz")[0] == 200
