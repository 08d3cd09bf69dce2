"""Nonsense that is almost sense: valid requests with something replaced, dropped or added, and WAMP messages made up.

Whatever is sent, the answer is typed, nothing is logged as an internal error, and the node serves on.
"""

from __future__ import annotations

import contextlib
import copy
import socket
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
import pytest_twisted
from autobahn.wamp.types import CallOptions, RegisterOptions
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.plain import Heard, patiently, session_to
from twisted.internet.defer import Deferred

from taskbahn.errors import BY_URI
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.programs import Node

    from taskbahn.transport.session import Session

pytestmark = pytest.mark.slow
ID = "0192f0c1-2d3e-7abc-8def-f0220123456a"
TASK = "fuzz.task"
TYPED = {"", "wamp.error.invalid_argument", *BY_URI} - {"taskbahn.error.service"}
INTERNAL = ("Traceback", "internal error", "taskbahn_router")
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, -1, 0, 1, 2**31, 2**53 + 1, -(2**63), 1.5, 1e308, float("inf"), float("nan"), "", "x", "\x00",
        "a.b", "\U0001f600", "x" * 70_000,
        b"\xff", [], [[]], {}, {"": {}}, ID, TASK, "succeeded",
    ]
).map(copy.deepcopy)  # fmt: skip

OPTIONS = {
    "queue": "fuzz", "priority": 3, "delay": 0.5, "start_within": 5, "run_within": 5, "retries": 2, "retry_backoff": 1, "keep": 60,
    "tags": ["a"], "delivery": "at_least_once",
}  # fmt: skip
CALL = {"task": TASK, "id": ID, "args": [1], "kwargs": {"m": [1, {"x": 2}]}, "options": OPTIONS}
BULK = {"task": TASK, "calls": [[ID, "[[1],{}]"]], "options": {"queue": "fuzz"}}
HELLO = {
    "protocol": 1, "worker": "fuzz", "slots": 1, "queues": ["unused"], "running": [[ID, 1]], "host": "h", "pid": 1,
    "reports": "taskbahn.reports.fuzz", "tasks": [{"name": TASK, "doc": "d", "pool": "thread", "options": {"retries": 1}}],
}  # fmt: skip
REPORT = {
    "done": [[ID, 1, "1", 1.0, 2.0]],
    "failed": [{"id": ID, "attempt": 1, "kind": "error", "error": {"type": "E", "message": "m"}, "retry": True, "delay": 1.0}],
    "notices": [
        [ID, 1, "log", 1.0, {"message": "m"}, 1],
        [ID, 1, "progress", 1.0, {"fraction": 0.5}],
        [ID, 1, "chunk", 1.0, [1], 2],
    ],
    "back": [[ID, 1]],
    "draining": False,
}
REQUESTS: list[tuple[str, list[Any], dict[str, Any]]] = [
    (messages.SUBMIT, [[CALL, BULK]], {"follow": False}),
    (messages.SUBMIT, [[{"task": TASK, "packed": "[[1],{}]", "options": {"queue": "fuzz"}}]], {}),
    (messages.JOB_WATCH, [ID, 3], {}),
    (messages.JOB_GET, [ID], {}),
    (messages.JOB_EVENTS, [ID, 0], {}),
    (messages.JOB_CANCEL, [[ID]], {"reason": "r"}),
    (messages.JOB_RETRY, [[ID]], {}),
    (messages.VIEW_JOBS, [], {"state": "failed", "task": TASK, "queue": "fuzz", "tag": "a", "before": None, "limit": 5}),
    (messages.WORKER_REPORT, [REPORT], {}),
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return (container, key) of everything in a tree."""
    found: list[tuple[Any, Any]] = []
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    for key, inner in items:
        found += [(value, key), *places(inner)]
    return found


@st.composite
def mutated(draw: Callable[[Any], Any], valid: Any) -> Any:
    """Return a copy with one to three things replaced, dropped or added."""
    value = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, 3))):
        choices = places(value)
        if not choices:
            break
        container, key = choices[draw(st.integers(0, len(choices) - 1))]
        action = draw(st.sampled_from(["replace", "replace", "drop", "add"]))
        if action == "replace":
            container[key] = draw(ODD)
        elif action == "drop":
            del container[key]
        elif isinstance(container, dict):
            container[draw(st.sampled_from(["x", "task", "id", "", "error"]))] = draw(ODD)
        else:
            container.append(draw(ODD))
    return value


def made(strategy: Any, count: int) -> list[Any]:
    """Return the same examples each time."""
    examples: list[Any] = []

    @settings(
        max_examples=count, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(example: Any) -> None:
        examples.append(example)

    collect()
    return examples


def nothing_internal(node: Node, said: int) -> None:
    """Fail if the node has logged what it should not, and unless it serves on."""
    assert [line for line in node.lines[said:] if any(word in line for word in INTERNAL)] == [], "".join(node.lines[said:])
    assert node.get("/readyz")[0] == 200


async def ask(session: Session, procedure: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """Return the URI of the error that a call is answered with; "" if it is not refused. What would stay open is cancelled."""
    heard = Heard()
    answer = session.call(procedure, *args, options=CallOptions(on_progress=lambda *_, **__: heard("")), **kwargs)
    answer.addCallbacks(lambda _: "", lambda failure: getattr(failure.value, "error", "")).addCallback(heard)
    uri: str = await patiently(heard.first(lambda _: True))
    answer.cancel()
    return uri


@pytest_twisted.ensureDeferred
async def test_almost_valid_requests_get_typed_answers(node: Node) -> None:
    requests = made(st.sampled_from(REQUESTS).flatmap(lambda one: st.tuples(st.just(one[0]), mutated([one[1], one[2]]))), 400)
    said = len(node.lines)
    async with session_to(node.rawsocket) as session, session_to(node.rawsocket) as worker:
        welcome = Heard()
        attached = worker.call(messages.WORKER_ATTACH, {**HELLO, "reports": None}, options=CallOptions(on_progress=welcome))
        attached.addErrback(lambda _: None)
        await welcome.first(lambda order: "welcome" in order)
        for procedure, parts in requests:
            args, kwargs = [*parts, {}, {}][:2] if isinstance(parts, list) else ([], {})
            if not isinstance(args, list) or not isinstance(kwargs, dict):
                continue
            kwargs.pop("follow", None)  # it would be answered when the job is done
            for asking in (worker, session) if procedure == messages.WORKER_REPORT else (session,):
                uri = await ask(asking, procedure, args, {str(name): value for name, value in kwargs.items()})
                assert uri in TYPED, (procedure, parts, uri)
    nothing_internal(node, said)


@pytest_twisted.ensureDeferred
async def test_almost_valid_workers_are_welcomed_or_refused_with_a_reason(node: Node) -> None:
    said = len(node.lines)
    for hello in made(mutated(HELLO), 60):
        async with session_to(node.rawsocket) as session:
            heard = Heard()
            answer = session.call(messages.WORKER_ATTACH, hello, options=CallOptions(on_progress=heard))
            refused = answer.addCallbacks(lambda _: "", lambda failure: getattr(failure.value, "error", "the connection is lost"))
            refused.addCallback(heard)  # whichever comes first
            first = await patiently(heard.first(lambda _: True))
            assert isinstance(first, dict) or first in TYPED, (hello, first)
    nothing_internal(node, said)


@pytest_twisted.ensureDeferred
async def test_almost_valid_streams_are_taken_or_end_the_worker_with_a_reason(node: Node) -> None:
    said = len(node.lines)
    for report in made(mutated(REPORT), 60):
        async with session_to(node.rawsocket) as session:
            speaks: Deferred[Any] = Deferred()
            ends: Deferred[None] = Deferred()

            def stream(details: Any, speaks: Deferred[Any] = speaks, ends: Deferred[None] = ends) -> Deferred[None]:
                speaks.callback(details.progress)
                return ends

            heard = Heard()
            await patiently(session.register(stream, HELLO["reports"], options=RegisterOptions(details=True)))
            answer = session.call(messages.WORKER_ATTACH, HELLO, options=CallOptions(on_progress=heard))
            answer.addCallbacks(
                lambda _: "", lambda failure: getattr(failure.value, "error", "the connection is lost")
            ).addCallback(heard)
            (await patiently(speaks))(report)
            first = await patiently(heard.first(lambda order: isinstance(order, str) or "recorded" in order))
            assert isinstance(first, dict) or first in TYPED, (report, first)
            ends.callback(None)
    nothing_internal(node, said)


def frame(message: Any) -> bytes:
    data: bytes = msgpack.packb(message)
    return len(data).to_bytes(4) + data


def test_made_up_wamp_messages_hurt_no_other_session(node: Node) -> None:
    said = len(node.lines)
    codes = st.sampled_from([1, 2, 3, 5, 6, 8, 16, 17, 32, 33, 34, 36, 48, 49, 50, 64, 65, 66, 68, 69, 70, 99, -1, "x", None])
    parts = st.lists(
        ODD | st.sampled_from([{"receive_progress": True}, {"mode": "kill"}, messages.SUBMIT, messages.JOB_TOPIC + ID]),
        max_size=5,
    )
    for code, rest in made(st.tuples(codes, parts), 120):
        with socket.create_connection(("127.0.0.1", node.port), 30) as connection, contextlib.suppress(OSError):
            connection.sendall(b"\x7f\xf2\x00\x00")
            connection.recv(4)
            connection.sendall(
                frame([1, messages.REALM, {"roles": {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}}])
            )
            connection.recv(65536)
            connection.sendall(frame([code, *rest]))
            connection.sendall(frame([48, 77, {}, messages.VIEW_STATUS]))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):  # answered or hung up
                pass
    nothing_internal(node, said)
