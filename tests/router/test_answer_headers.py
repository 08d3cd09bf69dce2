"""What browsers get with every answer of a node's port, whatever was asked."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from support.secure_node import SecureNode, running_secure_node

from taskbahn_web import STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

pytestmark = pytest.mark.slow
TEMPLATE = Path(__file__).parents[2] / "router/taskbahn_router/node/node.yaml"
OK = 200
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "NONSENSE")
PROMISED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "server": "Taskbahn",
}


def paths() -> list[str]:
    """Return all paths of a node's port, and some that are none."""
    (worker,) = yaml.safe_load(TEMPLATE.read_text())["workers"]
    mounted = [f"/{path.strip('/')}" for path in worker["transports"][0]["web"]["paths"]]
    below = [f"{path.rstrip('/')}/{rest}" for path in mounted for rest in ("", "no", "no/no", "%00", "..%2f..%2fetc/passwd")]
    files = [f"/{file.relative_to(STATIC)}" for file in STATIC.rglob("*") if file.is_file()]
    return [*mounted, *below, "/view", "/view/", "/hooks/some-hook", "/ws?redirect=https://evil.example&after=1", *files]


def answers(port: int, host: str, paths: list[str], methods: tuple[str, ...], context: ssl.SSLContext | None = None) -> Iterator[
    tuple[str, http.client.HTTPResponse]
]:  # fmt: skip
    for path in paths:
        for method in methods:
            kind = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection = kind if context is None else http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
            connection.request(method, path, headers={"Host": host})
            answer = connection.getresponse()
            answer.read()
            yield f"{method} {path}", answer
            connection.close()


def test_every_path_and_method_answers_with_the_headers_of_safety(node: Node) -> None:
    some = [path for path in paths() if path.count("/") < 2 or not path.endswith(".js")]
    asked = [*answers(node.port, "localhost", paths(), ("GET",)), *answers(node.port, "localhost", some[:40], METHODS)]
    modules = {f"/{file.relative_to(STATIC)}" for file in STATIC.rglob("*") if file.suffix not in (".html", ".svg")}
    assert len(asked) > 200
    for what, answer in asked:
        is_module = what.partition(" ")[2] in modules and answer.status == OK
        assert "strict-transport-security" not in answer.headers, what  # there is no TLS
        promised = {name: PROMISED[name] for name in ("server", "x-content-type-options")} if is_module else PROMISED
        assert {name: answer.headers[name] for name in promised} == promised, what
        assert is_module or "camera=()" in answer.headers["permissions-policy"], what
        assert is_module or "frame-ancestors 'none'" in answer.headers["content-security-policy"], what
        assert answer.getheader("location") in (None, "/view/"), what


def test_the_address_of_a_websocket_sends_no_visitor_elsewhere(node: Node) -> None:
    asked = answers(node.port, "localhost", ["/ws?redirect=https://evil.example", "/ws-view", "/ws"], ("GET", "POST", "HEAD"))
    assert {(answer.status, answer.getheader("upgrade"), answer.getheader("location")) for _, answer in asked} == {
        (426, "websocket", None)
    }


@pytest.fixture(scope="module")
def secure_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureNode]:
    with running_secure_node(tmp_path_factory.mktemp("tls"), "--auth") as node:
        yield node


def test_the_pages_of_login_have_the_headers_too(secure_node: SecureNode) -> None:
    context = ssl.create_default_context(cafile=str(secure_node.first))
    for what, answer in answers(secure_node.port, "localhost", ["/login", "/logout", "/login/x"], METHODS, context):
        assert {name: answer.headers[name] for name in PROMISED} == PROMISED, what
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], what


@pytest.mark.parametrize(
    "host, is_sent",
    [
        ("tasks.example.org", True),
        ("tasks.example.org:8443", True),
        ("localhost:8443", False),
        ("a.localhost", False),
        ("127.0.0.1:8443", False),
        ("[::1]:8443", False),
        ("", False),
    ],
)
def test_browsers_are_asked_to_stay_with_tls_for_names_alone(secure_node: SecureNode, host: str, *, is_sent: bool) -> None:
    context = ssl.create_default_context(cafile=str(secure_node.first))
    for what, answer in answers(
        secure_node.port, host, ["/", "/no", "/ws", "/healthz", "/hooks/x", "/taskbahn.js"], ("GET",), context
    ):
        assert (answer.headers["strict-transport-security"] == "max-age=31536000") == is_sent, what
