"""Which addresses are those of one node."""

from __future__ import annotations

import pytest

from taskbahn.transport.address import same_node


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("ws://127.0.0.1:8080/ws", "ws://127.0.0.1:8080/ws", True),
        ("ws://127.0.0.1:8080/ws", "ws://localhost:8080/ws", True),
        ("ws://127.0.0.1:8080/ws", "ws://[::1]:8080/ws", True),
        ("ws://127.0.0.1:8080/ws", "rs://LOCALHOST:8080", True),
        ("ws://127.0.0.1:8080/ws", "ws://127.0.0.1:8081/ws", False),
        ("ws://127.0.0.1:8080/ws", "ws://example.org:8080/ws", False),
        ("wss://example.org/one/ws", "wss://example.org/two/ws", False),
        ("wss://example.org/ws", "wss://example.org:443/ws", True),
        ("unix:///tmp/a.sock", "unix:///tmp/a.sock", True),
        ("unix:///tmp/a.sock", "unix:///tmp/b.sock", False),
        ("no address", "no address", True),
        ("no address", "ws://127.0.0.1:8080/ws", False),
    ],
)
def test_one_node_has_many_addresses(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - as pytest gives it
    assert same_node(one, other) == same_node(other, one) == same
