"""What an application brings along to its router: checked where it is given, and never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from support.tls import make_certificate, split

from taskbahn import InvalidOption, Taskbahn

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text(f"# two\n{PEM}\n{PEM}")
    return path


def test_certificates_and_headers_are_taken_from_both_places(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Taskbahn("wss://h/ws", ca=str(ca), headers={"X-A": "1"}).access
    assert (given.ca, dict(given.headers)) == (ca, {"X-A": "1"})
    monkeypatch.setenv("TASKBAHN_CA", str(ca))
    monkeypatch.setenv("TASKBAHN_HEADERS", "X-B: 2: b\n\n X-C:3 ")
    assert Taskbahn("ws://h/ws").access.ca == ca  # the environment may have more than an address needs
    assert dict(Taskbahn("rs://h").access.headers) == {"X-B": "2: b", "X-C": "3"}
    assert dict(Taskbahn("ws://h/ws", headers={}).access.headers) == {}


@pytest.mark.parametrize(
    "url, words, said",
    [
        ("wss://h/ws", {"ca": "nowhere"}, "ca = nowhere: No such file or directory"),
        ("wss://h/ws", {"ca": pytest.__file__}, "the file has no certificate in PEM"),
        ("wss://h/ws", {"ca": 5}, "ca = 5: it is the path of a file of certificates"),
        ("wss://h/ws", {"client_cert": "nowhere"}, "client_key = nowhere: No such file|client_cert = nowhere: No such file"),
        ("wss://h/ws", {"client_cert": "CA"}, ".* has no private key: give it with .*, --client-key or TASKBAHN"),
        ("wss://h/ws", {"client_key": pytest.__file__}, "client_key = .*: the file has no private key in PEM"),
        ("ws://h/ws", {"client_cert": "CA", "client_key": "KEY"}, "client_cert is for connections with TLS"),
        (
            "ws://h/ws",
            {"client_key": "KEY"},
            "client_key belongs to a certificate: give that as client_cert or TASKBAHN_CLIENT_CERT",
        ),
        ("ws://h/ws", {"ca": "CA"}, r"ca is for connections with TLS, wss:// and rss://, and the address is ws://h/ws"),
        ("rss://h", {"headers": {"X-A": "1"}}, "headers are for WebSockets, ws:// and wss://"),
        ("ws://h/ws", {"headers": {"a b": "hidden"}}, "headers: 'a b' is no name of a header"),
        ("ws://h/ws", {"headers": {"a": "hidden\r\nHost: x"}}, "headers: the value of a is one line of Latin-1 text"),
        ("ws://h/ws", {"headers": {"a": "hidden \u20ac"}}, "headers: the value of a is one line of Latin-1 text"),
        ("ws://h/ws", {"headers": {"a": 5}}, "headers: the value of a is one line"),
        ("ws://h/ws", {"headers": {"Sec-WebSocket-Protocol": "x"}}, "Sec-WebSocket-Protocol is said by the WebSocket itself"),
        ("ws://h/ws", {"headers": ["a"]}, "headers are a dict of names and values, not a list"),
    ],
)
def test_what_cannot_be_brought_along_is_refused_at_once(ca: Path, url: str, words: dict[str, Any], said: str) -> None:
    key = ca.with_name("key.pem")
    key.write_text("-----BEGIN EC PRIVATE KEY-----\nhidden\n-----END EC PRIVATE KEY-----\n")
    given: dict[str, Any] = {
        name: {"CA": ca, "KEY": key}.get(value, value) if isinstance(value, str) else value for name, value in words.items()
    }
    with pytest.raises(InvalidOption, match=said) as found:
        Taskbahn(url, **given)
    assert "hidden" not in str(found.value)


def test_a_wrong_environment_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKBAHN_HEADERS", "nonsense")
    with pytest.raises(InvalidOption, match="TASKBAHN_HEADERS: each line is a name, a colon and a value"):
        Taskbahn()
    monkeypatch.setenv("TASKBAHN_HEADERS", "")
    monkeypatch.setenv("TASKBAHN_CA", "/nowhere")
    with pytest.raises(InvalidOption, match="TASKBAHN_CA = /nowhere: No such file"):
        Taskbahn()


def test_a_damaged_certificate_or_key_is_refused_when_it_is_used(tmp_path: Path, ca: Path) -> None:
    good, other = make_certificate(tmp_path, "good"), make_certificate(tmp_path, "other")
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"ca": ca}, "ca = .*: a certificate in it is damaged"),
        ({"client_cert": ca, "client_key": good}, "client_cert = .*: a certificate in it is damaged"),
        ({"client_cert": good, "client_key": key}, "client_key = .*: the key is damaged, or needs a password"),
        ({"client_cert": good, "client_key": other}, "client_key = .*: it is not the key of the certificate in .*good.pem"),
    ]
    for words, said in cases:
        with Taskbahn("wss://localhost:1/ws", **words) as app, pytest.raises(InvalidOption, match=said):
            app.view.status()


def test_a_certificate_of_the_environment_is_shown_with_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = make_certificate(tmp_path, "both")
    monkeypatch.setenv("TASKBAHN_CLIENT_CERT", str(both))
    assert Taskbahn("ws://h/ws").access[-2:] == (both, both)
    shown, key = tmp_path / "shown.pem", tmp_path / "key.pem"
    split(both, shown, key)
    monkeypatch.setenv("TASKBAHN_CLIENT_CERT", str(shown))
    with pytest.raises(InvalidOption, match=rf"^{shown} has no private key: give it with .*TASKBAHN_CLIENT_KEY"):
        Taskbahn()
    monkeypatch.setenv("TASKBAHN_CLIENT_KEY", str(key))
    assert Taskbahn("wss://h/ws").access[-2:] == (shown, key)
    other = make_certificate(tmp_path, "other")
    assert Taskbahn("wss://h/ws", client_cert=other).access[-2:] == (other, other)


def test_a_certificate_with_a_short_key_is_refused_before_it_is_shown(tmp_path: Path) -> None:
    weak = make_certificate(tmp_path, "weak", key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is what is tried
    said = rf"^client_cert = {weak}: OpenSSL does not take it: its RSA key has 1024 bits; make a certificate with"
    with Taskbahn("wss://localhost:1/ws", client_cert=weak) as app, pytest.raises(InvalidOption, match=said):
        app.view.status()
