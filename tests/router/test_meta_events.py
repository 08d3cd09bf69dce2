"""What Crossbar says about sessions is for the node alone; and with which cookie a page has logged in, it forgets."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.by_hand import ByHand
from support.programs import Node, running_node
from support.stranger import CALL, CHALLENGE, WELCOME, Stranger
from support.tokens import token_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUBSCRIBE, SUBSCRIBED, PUBLISH, EVENT, RESULT = 32, 33, 16, 36, 50
TOPIC = "com.example.after"
PATTERNS = [("", "prefix"), ("wamp", "prefix"), (".session.", "wildcard"), ("..", "wildcard")]
MADE: dict[str, str] = {}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("meta")
    MADE.update({role: token_for(f"the-{role}", role, folder / "data") for role in ("admin", "operator", "worker")})
    with running_node(folder, TASKBAHN_UP_AUTH="1") as node:
        yield node


def cookie_of(node: Node, text: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=20)
    connection.request("POST", "/login", json.dumps({"token": text}), {"content-type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    connection.close()
    return answer.headers["set-cookie"].partition(";")[0]


def joined(node: Node, role: str) -> Stranger:
    made = Stranger(node.rawsocket)
    assert made.hello(["ticket"], "*")[0] == CHALLENGE
    assert made.answer(MADE[role])[0] == WELCOME
    return made


def events(listener: Stranger, publisher: Stranger) -> list[Any]:
    """Return what a session has heard until now."""
    publisher.says(PUBLISH, 1, {"acknowledge": True}, TOPIC, ["now"])
    heard = []
    while (message := listener.hears())[4:5] != [["now"]]:
        assert message[0] == EVENT
        heard.append(message)
    return heard


@pytest.mark.parametrize("role", ["worker", "operator", "admin"])
@pytest.mark.parametrize("uri, match", PATTERNS)
def test_no_pattern_hears_who_joins(node: Node, role: str, uri: str, match: str) -> None:
    with joined(node, role) as listener, joined(node, "worker") as publisher, ByHand(node.port) as page:
        for number, (topic, how) in enumerate([(uri, match), (TOPIC, "exact")]):
            assert listener.says(SUBSCRIBE, number, {"match": how}, topic)[0] == SUBSCRIBED
        cookie = cookie_of(node, MADE["admin"])
        assert page.open_websocket(f"Cookie: {cookie}") == 101
        page.log_in("cookie")
        heard = events(listener, publisher)
        assert [message for message in heard if "on_" in str(message[3].get("topic")) or "transport" in str(message)] == []
        assert cookie.partition("=")[2] not in str(heard)


def test_a_node_without_login_forgets_the_cookies_of_other_nodes(tmp_path: Path) -> None:
    with running_node(tmp_path) as node, ByHand(node.port) as page, Stranger(node.rawsocket) as program:
        assert program.hello(["anonymous"])[0] == WELCOME
        assert program.says(SUBSCRIBE, 1, {}, "wamp.session.on_join")[0] == SUBSCRIBED
        lines = ["Cookie: taskbahn_session=taskbahn_ofanothernode", "Authorization: Basic c2VjcmV0", "User-Agent: a browser"]
        assert page.open_websocket(*lines) == 101
        assert page.peer_by_websocket()
        said = program.hears()
        headers = said[4][0]["transport"]["http_headers_received"]
        assert headers["user-agent"] == "a browser"
        assert not {"cookie", "authorization"} & headers.keys()
        found = program.says(CALL, 2, {}, "wamp.session.get", [said[4][0]["session"]])
        assert found[0] == RESULT
        assert "taskbahn_ofanothernode" not in str(found)
