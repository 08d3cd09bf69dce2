"""A session whose token is revoked or over is closed within a second, whether it goes by itself, floods the node, or does nothing."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.by_hand import ByHand
from support.programs import Node, running_node
from support.tokens import token_for
from support.until import until

from taskbahn import InvalidToken, Taskbahn
from taskbahn.protocol import access, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHIN_SECONDS = 1.0
MADE: dict[str, str] = {}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("ended")
    MADE["admin"] = token_for("the-admin", "admin", folder / "data")
    with running_node(folder, TASKBAHN_UP_AUTH="1") as node:
        yield node


@pytest.fixture
def admin(node: Node) -> Iterator[Taskbahn]:
    app = Taskbahn(node.websocket, token=MADE["admin"])
    yield app
    app.close()


def create(admin: Taskbahn, name: str, role: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = admin.client.ask(access.TOKEN_CREATE, name, role, **more).get(20)
    return made


def by_websocket(node: Node, text: str) -> ByHand:
    made = ByHand(node.port)
    assert made.open_websocket() == 101
    made.log_in(text)
    return made


def by_rawsocket(node: Node, text: str) -> ByHand:
    made = ByHand(node.port)
    made.log_in(text, by_rawsocket=True)
    return made


def by_cookie(node: Node, text: str) -> ByHand:
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=20)
    connection.request("POST", "/login", json.dumps({"token": text}), {"content-type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    cookie = answer.headers["set-cookie"].partition(";")[0]
    connection.close()
    made = ByHand(node.port)
    assert made.open_websocket(f"Cookie: {cookie}") == 101
    made.log_in("cookie")
    return made


WAYS = pytest.mark.parametrize("way", [by_websocket, by_rawsocket, by_cookie])


@WAYS
def test_a_session_that_answers_nothing_is_closed_all_the_same(
    node: Node, admin: Taskbahn, way: Callable[[Node, str], ByHand]
) -> None:
    token = create(admin, f"silent-{way.__name__}", "viewer")
    with way(node, token["token"]) as session:
        admin.client.ask(access.TOKEN_REVOKE, token["id"]).get(20)
        assert session.seconds_until_end() < WITHIN_SECONDS


@WAYS
def test_a_session_ends_when_its_token_is_over(node: Node, admin: Taskbahn, way: Callable[[Node, str], ByHand]) -> None:
    token = create(admin, f"short-{way.__name__}", "viewer", expires=2.0)
    with way(node, token["token"]) as session:
        session.seconds_until_end()
        assert 0 < time.time() - token["expires_at"] < WITHIN_SECONDS


def test_a_login_on_the_page_is_in_the_audit(node: Node, admin: Taskbahn) -> None:
    token = create(admin, "reader", "viewer")
    by_cookie(node, token["token"]).socket.close()
    until(lambda: any(entry.authid == "reader" for entry in admin.view.audit(verb="login")))
    [entry] = [entry for entry in admin.view.audit(verb="login") if entry.authid == "reader"]
    assert (entry.effect, entry.role, entry.transport, entry.address) == ("logged in", "viewer", "the login page", "127.0.0.1")
    assert token["token"] not in repr(entry)


def test_a_revoked_client_that_floods_the_node_is_closed_in_time(node: Node, admin: Taskbahn) -> None:
    token = create(admin, "flooder", "client")
    sessions = [by_rawsocket(node, token["token"]) for _ in range(4)]
    ends: list[float] = []
    flooding = threading.Barrier(len(sessions) + 1)
    threads = [threading.Thread(target=flood, args=(session, flooding, ends)) for session in sessions]
    for thread in threads:
        thread.start()
    flooding.wait(20)
    admin.client.ask(access.TOKEN_REVOKE, token["id"]).get(30)
    revoked = time.monotonic()
    for thread in threads:
        thread.join(20)
    for session in sessions:
        session.socket.close()
    assert len(ends) == len(sessions)
    assert max(ends) - revoked < WITHIN_SECONDS


def flood(session: ByHand, flooding: threading.Barrier, ends: list[float]) -> None:
    """Ask without reading an answer, until the node closes the connection; a reader drops what comes."""
    reader = threading.Thread(target=session.seconds_until_end)
    try:
        for number in range(1, 10_000_000):
            session.send_raw([48, number, {}, messages.VIEW_TASKS, []])
            if number == 50:
                reader.start()
            if number == 500:
                flooding.wait(20)
    except OSError:
        ends.append(time.monotonic())
    reader.join(20)


def test_a_program_whose_token_is_revoked_learns_it_at_once(node: Node, admin: Taskbahn) -> None:
    token = create(admin, "program", "viewer")
    app = Taskbahn(node.websocket, token=token["token"])
    app.view.status()
    admin.client.ask(access.TOKEN_REVOKE, token["id"]).get(20)
    began = time.monotonic()
    with pytest.raises(InvalidToken):
        ask_on(app)
    assert time.monotonic() - began < WITHIN_SECONDS + 0.5  # and comes once more, with its next question
    app.close()


def ask_on(app: Taskbahn) -> None:
    while True:
        app.view.status()
