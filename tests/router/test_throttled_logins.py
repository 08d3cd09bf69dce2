"""Failed logins on a real node: who guesses waits, then its address is locked, and no other does."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, running_node
from support.tokens import token_for

from taskbahn import InvalidToken, Taskbahn
from taskbahn_router.access.throttle import FREE, LOCKS_AT

if TYPE_CHECKING:
    from collections.abc import Iterator

MADE: dict[str, str] = {}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("guessed")
    MADE.update({role: token_for(f"the-{role}", role, folder / "data") for role in ("admin", "viewer", "client")})
    with running_node(folder, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_BEHIND_PROXY="127.0.0.1") as node:
        yield node


def log_in(node: Node, address: str, token: str) -> tuple[int, dict[str, Any], str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=20)
    headers = {"content-type": "application/json", "x-forwarded-for": address}
    connection.request("POST", "/login", json.dumps({"token": token}), headers)
    answer = connection.getresponse()
    said = answer.status, json.loads(answer.read()), answer.headers["retry-after"]
    connection.close()
    return said


def status_from(node: Node, address: str, token: str) -> Any:
    app = Taskbahn(node.websocket, token=token, headers={"X-Forwarded-For": address}, timeout=10)
    try:
        return app.view.status()
    finally:
        app.close()


def test_a_page_that_guesses_gets_429_and_others_get_in(node: Node) -> None:
    guesser, other = "198.51.100.1", "198.51.100.2"
    for number in range(FREE + 1):
        assert log_in(node, guesser, f"guess {number}")[0] == 401
    status, said, after = log_in(node, guesser, "one more")
    assert (status, after) == (429, "2")
    assert said["error"] == "too many logins from this address have failed: try again in 2 s"
    assert log_in(node, other, MADE["viewer"])[0] == 200
    assert log_in(node, guesser, MADE["viewer"])[0] == 200  # no guess finds 256 bits, so these may be looked up
    assert log_in(node, other, "guess")[0] == 401


def test_the_sentence_of_an_abort_says_how_long_to_wait(node: Node) -> None:
    address = "2001:db8:5::1"
    for number in range(LOCKS_AT):
        log_in(node, f"2001:db8:5::{number % 4 + 2:x}", "guess")  # one network of IPv6 is one address
    with pytest.raises(InvalidToken, match=r"does not know the token; too many logins .* try again in (899|900) s"):
        status_from(node, address, "wrong")
    assert status_from(node, address, MADE["admin"]).version
    assert status_from(node, "2001:db8:6::1", MADE["admin"]).version
    app = Taskbahn(node.websocket, token=MADE["admin"])
    audit = [entry for entry in app.view.audit() if entry.verb == "login"]
    app.close()
    [lock] = [entry for entry in audit if "locked" in entry.effect]
    assert lock.effect == "refused: 20 logins of this address have failed, and it is locked for 15 min"
    assert lock.address is not None
    assert lock.address.startswith("2001:db8:5::")
    node.wait_for(f"it is locked for 15 min ({lock.address}, by the login page)")


def test_what_was_right_once_is_no_guess(node: Node) -> None:
    address = "198.51.100.9"
    for _ in range(FREE + 3):
        assert log_in(node, address, MADE["client"])[0] == 403  # a right token, for programs
    assert log_in(node, address, "guess")[0] == 401


def test_a_name_that_is_guessed_again_and_again_is_answered_late(node: Node) -> None:
    for number in range(12):
        status = guess_as(node, f"203.0.113.{number}", "ada")
        assert status == "wamp.error.authentication_failed"
    began = time.monotonic()
    assert guess_as(node, "203.0.113.99", "ada") == "wamp.error.authentication_failed"
    late = time.monotonic() - began
    began = time.monotonic()
    assert guess_as(node, "203.0.113.99", "bob") == "wamp.error.authentication_failed"
    assert time.monotonic() - began < 2 < late


def guess_as(node: Node, address: str, name: str) -> str:
    """Return the reason of the ABORT that a plain WAMP client gets for a wrong ticket under a name."""
    from support.by_hand import ByHand

    with ByHand(node.port, "127.0.0.1") as plain:
        assert plain.open_websocket(f"X-Forwarded-For: {address}") == 101
        return plain.reason_of_abort(name, "wrong")
