"""Whatever strangers, clients, workers and viewers send to a node with login: it answers, shows nothing of others, and lives.

More examples: `TASKBAHN_FUZZ=2000 pytest tests/router/test_fuzzed_doors.py`.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.programs import Node, running_node, worker_of
from support.raw_wamp import ABORT, RawSession
from support.tokens import token_for

from taskbahn import Taskbahn
from taskbahn.protocol import messages
from taskbahn_router.crossbar_edge.public_requests import ALWAYS
from taskbahn_router.node.launcher import Wanted, configuration
from taskbahn_router.procedures import PROCEDURES
from taskbahn_router.role_permissions import roles

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("TASKBAHN_FUZZ", "60"))
TASKS = """
from taskbahn import Taskbahn
app = Taskbahn()

@app.task(name="a.task")
def work(what: str = "") -> str:
    return what
"""
MARK = "hush7f3a"  # in a job of another client
LOOP_SECONDS = 0.2  # for which the event loop may be late
PATIENCE_SECONDS = 5.0
WELCOME, CALL, RESULT, ERROR = 2, 48, 50, 8
UNAVAILABLE = 503
MADE: dict[str, str] = {}
fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def paths() -> list[str]:
    """Return the paths of a node with login, from its configuration."""
    from pathlib import Path

    (worker,) = configuration(Wanted(8080, "127.0.0.1", Path("data"), auth=roles()))["workers"]
    return sorted(f"/{path.strip('/')}" for path in worker["transports"][0]["web"]["paths"])


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=8)
    | st.sampled_from(["*", "ada", "%", "../x", "a.task"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
WORDS = [
    "id",
    "ids",
    "name",
    "role",
    "token",
    "query",
    "after",
    "follow",
    "limit",
    "task",
    "state",
    "who",
    "caller",
    "expires",
    "password",
]
URIS = [
    *(procedure.uri for procedure in PROCEDURES),
    "a.task",
    "taskbahn.none",
    "wamp.session.list",
    "crossbar.x",
    "",
    "taskbahn.",
]
ASK = st.tuples(
    st.sampled_from(URIS), st.lists(ANYTHING, max_size=3), st.dictionaries(st.sampled_from(WORDS), ANYTHING, max_size=3)
)
MESSAGE = st.lists(ANYTHING | st.integers(0, 70), max_size=6)
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
HEADER = st.tuples(
    st.sampled_from(
        [
            "Cookie",
            "Origin",
            "Host",
            "Content-Type",
            "X-Forwarded-For",
            "Upgrade",
            "Authorization",
            "Range",
            "If-None-Match",
            "Accept-Encoding",
        ]
    ),
    TEXT
    | st.sampled_from(
        [
            "application/json",
            "taskbahn_session=x",
            "http://localhost",
            "null",
            "websocket",
            "127.0.0.1",
            "bytes=0-1,5-",
            "gzip;q=9",
        ]
    ),
)
REQUEST = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "X"]),
    st.sampled_from(paths()),
    st.lists(TEXT, max_size=2),
    TEXT,
    st.dictionaries(*(st.sampled_from(["a"]), st.just("")), max_size=0) | st.lists(HEADER, max_size=4),
    st.binary(max_size=40) | st.builds(lambda said: json.dumps(said).encode(), ANYTHING),
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("fuzzed")
    for name, role in (("ada", "client"), ("eve", "client"), ("root", "admin"), ("wanda", "worker"), ("vera", "viewer")):
        MADE[name] = token_for(name, role, folder / "data")
    with running_node(folder, TASKBAHN_UP_AUTH="1") as node, worker_of(TASKS, folder, node, 1, TASKBAHN_TOKEN=MADE["wanda"]):
        ada = Taskbahn(node.websocket, token=MADE["ada"])
        ada.get("a.task").start(MARK)
        ada.close()
        yield node


@pytest.fixture(scope="module")
def cookie(node: Node) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=20)
    connection.request("POST", "/login", json.dumps({"token": MADE["vera"]}), {"content-type": "application/json"})
    answer = connection.getresponse()
    found = answer.headers["set-cookie"].partition(";")[0]
    connection.close()
    assert answer.status == 200
    return found


@pytest.fixture(autouse=True)
def lives(node: Node) -> Iterator[None]:
    """After each fuzzer: the node answers at once, its loop was not held, and its log has no traceback."""
    before = len(node.output)
    yield
    root = Taskbahn(node.websocket, token=MADE["root"])
    try:
        assert root.view.status().lag < LOOP_SECONDS
    finally:
        root.close()
    assert "Traceback" not in node.output[before:]


def test_strangers_get_no_answer_to_any_message(node: Node) -> None:
    @fuzzed
    @given(st.lists(MESSAGE | ASK.map(lambda ask: [CALL, 1, {}, *ask]), min_size=1, max_size=4))
    def fuzz(said: list[list[Any]]) -> None:
        with RawSession(node.port, PATIENCE_SECONDS) as stranger:
            stranger.say(*said, [1, "taskbahn", {"roles": {"caller": {}}}])
            heard = stranger.hear()
            while heard is not None:
                assert heard[0] in (ABORT, 4, 6), heard  # 4: a challenge
                assert "Traceback" not in str(heard)
                assert MARK not in str(heard)
                if heard[0] == ABORT:
                    break
                heard = stranger.hear()

    fuzz()


@pytest.mark.parametrize("name", ["eve", "vera", "wanda"])
def test_each_role_gets_answers_and_no_secrets_of_others(node: Node, name: str) -> None:
    @fuzzed
    @given(st.lists(ASK, min_size=1, max_size=4))
    def fuzz(asks: list[tuple[str, list[Any], dict[str, Any]]]) -> None:
        with RawSession(node.port, PATIENCE_SECONDS) as session:
            welcome = session.log_in("*", MADE[name])
            assert welcome is not None
            assert welcome[0] == WELCOME
            session.say(*([CALL, number, {}, *ask] for number, ask in enumerate(asks, 1)))
            open_calls = set(range(1, len(asks) + 1))
            began = time.monotonic()
            session.say([CALL, 99, {}, messages.VIEW_TASKS, []])
            while open_calls | {99} and (heard := session.hear()) is not None:
                number = heard[2] if heard[0] == ERROR else heard[1]
                assert heard[0] in (RESULT, ERROR, ABORT), heard
                assert "internal error" not in str(heard)
                assert "Traceback" not in str(heard)
                assert name != "eve" or MARK not in str(heard)
                open_calls.discard(number)
                if number == 99 or heard[0] == ABORT:
                    break
            assert time.monotonic() - began < PATIENCE_SECONDS

    fuzz()


@pytest.mark.parametrize("who", ["stranger", "viewer"])
def test_every_path_answers_every_request_with_care(node: Node, cookie: str, who: str) -> None:
    @fuzzed
    @given(REQUEST)
    def fuzz(request: tuple[str, str, list[str], str, Any, bytes]) -> None:
        method, path, parts, query, headers, body = request
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=PATIENCE_SECONDS)
        target = "/".join([path, *parts]) + (f"?{query}" if query else "")
        connection.putrequest(method, target, skip_host=any(name == "Host" for name, _ in headers))
        for name, value in headers:
            connection.putheader(name, value)
        if who == "viewer":
            connection.putheader("Cookie", cookie)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        try:
            answer = connection.getresponse()
            said = answer.read().decode("utf-8", "replace")
        except (http.client.BadStatusLine, ConnectionResetError, BrokenPipeError):
            return  # what is no HTTP gets no answer
        finally:
            connection.close()
        if answer.status == 101:
            return
        assert answer.status < 500 or answer.status == UNAVAILABLE, (target, answer.status)
        assert "Traceback" not in said
        assert MARK not in said
        if answer.status == 400 and not answer.headers.get("server"):
            return  # Twisted or Autobahn has refused it before there was a request
        for name in ALWAYS:
            if name != b"content-security-policy":  # modules have none
                assert answer.headers.get(name.decode()), (target, answer.status, name)

    fuzz()
