"""The keys of an issuer are fetched from it alone: what it may answer, and what is refused."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from support.oidc_provider import Provider, provider
from support.tls import make_certificate

from taskbahn_router.issuer_pages import Unreachable, page_of
from taskbahn_router.outside.fetching import TIMEOUT_SECONDS, fetch_keys
from taskbahn_router.outside.issuers import Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WELL_KNOWN = "/.well-known/openid-configuration"


@pytest.fixture
def company() -> Iterator[Provider]:
    with provider() as found:
        yield found


def issuer(address: str, jwks: str = "") -> Issuer:
    return Issuer("acme", address, ("x",), "shop", jwks, ("RS256",), (), ("x",), (), {}, 60.0)


def test_keys_are_where_the_discovery_or_the_file_says(company: Provider) -> None:
    secret = {"kty": "oct", "k": "AAAA"}
    company.keys = [company.key.shown, secret, {"kty": 3}]
    assert fetch_keys(issuer(company.issuer)) == [company.key.shown]
    assert company.asked == [WELL_KNOWN, "/keys"]
    assert fetch_keys(issuer("https://elsewhere.example", f"{company.issuer}/keys")) == [company.key.shown]
    assert company.asked == [WELL_KNOWN, "/keys", "/keys"]


@pytest.mark.parametrize(
    "path, answer, why",
    [
        (WELL_KNOWN, (200, {"issuer": "https://evil.example", "jwks_uri": "x"}), "calls itself 'https://evil.example'"),
        (WELL_KNOWN, (200, {"issuer": "ISSUER", "jwks_uri": "http://evil.example/keys"}), "is not https"),
        (WELL_KNOWN, (200, {"issuer": "ISSUER", "jwks_uri": "file:///etc/passwd"}), "is not https"),
        (WELL_KNOWN, (200, {"issuer": "ISSUER"}), "is not https"),
        (WELL_KNOWN, (404, {}), "404"),
        (WELL_KNOWN, (302, {}), "302"),
        ("/keys", (302, {}), "302"),
        ("/keys", (500, {}), "500"),
        ("/keys", (200, b"<html>"), "Expecting value"),
        ("/keys", (200, b"[" * 100_000), "recursion"),
        ("/keys", (200, b"[]"), "no JSON object"),
        ("/keys", (200, b"{}" + b" " * 2_000_000), "too long"),
        ("/keys", (200, {}), "no list of at most"),
        ("/keys", (200, {"keys": [{}] * 101}), "no list of at most"),
    ],
)
def test_an_answer_that_no_issuer_gives_has_no_keys(company: Provider, path: str, answer: tuple[int, Any], why: str) -> None:
    status, said = answer
    if isinstance(said, dict) and said.get("issuer") == "ISSUER":
        said = said | {"issuer": company.issuer}
    company.answers = {path: (status, said)}
    with pytest.raises(Unreachable, match=why):
        fetch_keys(issuer(company.issuer))


def test_an_issuer_of_https_has_no_pages_on_this_machine() -> None:
    said = {"issuer": "https://login.example", "jwks_uri": "http://127.0.0.1:9/keys"}
    with pytest.raises(Unreachable, match=r"its jwks_uri, .* is not https"):
        page_of(said, "jwks_uri")
    assert page_of(said | {"issuer": "http://127.0.0.1:9"}, "jwks_uri") == said["jwks_uri"]


def test_an_issuer_that_is_away_or_slow_is_unreachable(company: Provider) -> None:
    with pytest.raises(Unreachable, match="refused"):
        fetch_keys(issuer("http://127.0.0.1:9"))
    times = iter([0.0, TIMEOUT_SECONDS + 1])
    with pytest.raises(Unreachable, match="takes longer than"):
        fetch_keys(issuer(company.issuer), lambda: next(times))


def test_a_certificate_that_no_authority_has_signed_is_refused(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(tmp_path, host="127.0.0.1"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    try:
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            fetch_keys(issuer(f"https://127.0.0.1:{server.server_address[1]}"))
    finally:
        thread.join()
        server.server_close()
