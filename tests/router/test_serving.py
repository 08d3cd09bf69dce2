"""The page and its files over HTTP, as a browser, a proxy and a stranger ask for them."""

from __future__ import annotations

import gzip
import http.client
import socket
from typing import TYPE_CHECKING, NamedTuple

import pytest

from taskbahn_router.crossbar_edge.static_files import policy
from taskbahn_web import STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

pytestmark = pytest.mark.slow
INDEX = (STATIC / "index.html").read_bytes()


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    content: bytes


class Browser:
    """One connection, kept open, as a browser has it."""

    def __init__(self, node: Node) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        self._connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def browser(node: Node) -> Iterator[Browser]:
    browser = Browser(node)
    yield browser
    browser.close()


def test_the_page_comes_packed_tagged_and_under_its_policy(browser: Browser) -> None:
    for path in ("/", "/view/", "/index.html", "/?x=1"):
        page = browser.ask(path, accept_encoding="gzip")
        assert (page.status, gzip.decompress(page.content)) == (200, INDEX), path
        assert int(page.headers["content-length"]) == len(page.content) < len(INDEX)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-security-policy"] == policy(INDEX).decode()
        assert page.headers["cross-origin-opener-policy"] == "same-origin"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["access-control-allow-origin"] is None


def test_a_browser_with_the_newest_file_gets_not_modified_packed_or_not(browser: Browser) -> None:
    tags = set()
    for encoding in ("gzip", "identity"):
        first = browser.ask("/taskbahn.js", accept_encoding=encoding)
        tag = first.headers["etag"]
        again = browser.ask("/taskbahn.js", accept_encoding=encoding, if_none_match=f'"other", W/{tag}')
        assert (again.status, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["vary"] == "accept-encoding"
        assert browser.ask("/taskbahn.js", accept_encoding=encoding, if_none_match='"other"').status == 200
        tags.add(tag)
    assert len(tags) == 2


def test_modules_may_be_imported_by_pages_of_other_ports(browser: Browser) -> None:
    for path in ("/taskbahn.js", "/vendor/wampy/wampy.js", "/styles/base.css"):
        file = browser.ask(path, origin="http://localhost:8000")
        assert (file.status, file.headers["access-control-allow-origin"]) == (200, "*")
        assert file.content == (STATIC / path[1:]).read_bytes()
    assert browser.ask("/taskbahn.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert browser.ask("/styles/base.css").headers["content-type"] == "text/css; charset=utf-8"
    assert browser.ask("/icon.svg").headers["content-type"] == "image/svg+xml"


def test_head_says_what_get_would_and_other_methods_are_refused(browser: Browser) -> None:
    page = browser.ask("/", "HEAD", accept_encoding="gzip")
    assert (page.status, page.content) == (200, b"")
    assert page.headers["content-length"] == str(len(browser.ask("/", accept_encoding="gzip").content))
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        refused = browser.ask("/", method)
        assert (refused.status, set(refused.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_what_is_not_there_is_a_small_page(browser: Browser) -> None:
    for path in ("/nothing", "/app", "/app/", "/view/x", "/setup.cfg", "/ws-views"):
        page = browser.ask(path)
        assert page.status == 404, path
        assert b'<a href="/">' in page.content
        assert len(page.content) < 1000
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (browser.ask("/nothing", "HEAD").status, browser.ask("/nothing", "HEAD").content) == (404, b"")
    moved = browser.ask("/view")
    assert (moved.status, moved.headers["location"]) == (302, "/view/")


@pytest.mark.parametrize(
    "path",
    [
        "/../setup.cfg", "/../../../../../../etc/passwd", "/%2e%2e/__init__.py", "/..%2f__init__.py", "/%2e%2e%2f__init__.py",
        "/app/..%2f..%2f__init__.py", "//etc/passwd", "/app/%2e%2e/%2e%2e/__init__.py", "/%252e%252e/__init__.py", "/%00", "/app%2fmain.js",
        "/..\\__init__.py", "/%c0%ae%c0%ae/__init__.py", "http://127.0.0.1/../__init__.py", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder(node: Node, path: str) -> None:
    with socket.create_connection(("127.0.0.1", node.port), 30) as connection:  # no client makes the path nicer
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404 "), answer[:200]
    assert b"STATIC" not in answer
    assert b"root:" not in answer
