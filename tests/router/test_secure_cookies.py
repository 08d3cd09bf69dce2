"""The cookie of a login over TLS, at real nodes: only that which the node has set with TLS logs a page in."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support.by_hand import ByHand
from support.programs import Node, running
from support.secure_node import running_secure_node
from support.tokens import token_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
PLAIN, SECURE = "taskbahn_session", "__Host-taskbahn_session"


class Door(NamedTuple):
    """A node with a token for its page.   tls: what its port speaks.   lines: headers of the proxy before it."""

    port: int
    token: str
    tls: ssl.SSLContext | None
    lines: tuple[str, ...]

    def log_in(self) -> str:
        """Return the header with which the node sets the cookie."""
        connection: http.client.HTTPConnection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        if self.tls is not None:
            connection = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.tls)
        headers = {"content-type": "application/json", **dict(line.split(": ") for line in self.lines)}
        connection.request("POST", "/login", json.dumps({"token": self.token}), headers)
        answer = connection.getresponse()
        assert answer.status == 200
        connection.close()
        return str(answer.headers["set-cookie"])

    def opens(self, *cookies: str) -> bool:
        """Return whether a WebSocket with such cookies logs in."""
        with ByHand(self.port, tls=self.tls) as page:
            assert page.open_websocket(*self.lines, *(f"Cookie: {cookie}" for cookie in cookies)) == 101
            page.send([1, "taskbahn", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "*"}])
            assert page.receive()[0] == 4
            page.send([5, "cookie", {}])
            return bool(page.receive()[0] == 2)


@pytest.fixture(scope="module", params=["tls", "proxy"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    token = token_for("reader", "viewer", folder / "data")
    if request.param == "tls":
        with running_secure_node(folder, "--auth") as secure:
            yield Door(secure.port, token, ssl.create_default_context(cafile=str(secure.first)), ())
        return
    node = Node(folder, None, TASKBAHN_UP_AUTH="1", TASKBAHN_UP_BEHIND_PROXY="127.0.0.1")
    with running(node, "Taskbahn is ready"):
        yield Door(node.port, token, None, ("X-Forwarded-Proto: https", "X-Forwarded-For: 10.0.0.1"))


def test_only_a_cookie_that_this_host_has_set_logs_in(door: Door) -> None:
    name, _, rest = door.log_in().partition("=")
    text, *words = rest.split("; ")
    assert name == SECURE
    assert {"Path=/", "HttpOnly", "SameSite=Strict", "Secure"} <= set(words)
    assert not any(word.startswith("Domain") for word in words)
    assert door.opens(f"{SECURE}={text}")
    assert door.opens("a=b", f"{SECURE}={text}")
    assert not door.opens(f"{PLAIN}={text}"), "another host of the domain may have set it"
    assert door.opens(f"{PLAIN}=taskbahn_foreign; {SECURE}={text}")
