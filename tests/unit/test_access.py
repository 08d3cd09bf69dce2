"""What an application brings along to its router: checked where it is given, and never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
    given: dict[str, Any] = {name: ca if value == "CA" else value for name, value in words.items()}
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
