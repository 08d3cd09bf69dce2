"""A node reads MessagePack and JSON, and no format whose data can be other objects: not before a login, and not after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.by_hand import ByHand
from support.programs import Node, running_node

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
NUMBERS = {"json": 1, "msgpack": 2, "cbor": 3, "ubjson": 4, "flatbuffers": 5}  # of RawSocket
MAGIC, LARGEST = 0x7F, 0xF0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running_node(tmp_path_factory.mktemp("node")) as started:
        yield started


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("batched", ["", ".batched"])
@pytest.mark.parametrize("path", ["/ws", "/ws-view"])
def test_a_websocket_speaks_plain_formats_alone(node: Node, name: str, batched: str, path: str) -> None:
    words = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with ByHand(node.port) as session:
        status = session.ask(path, *words, f"Sec-WebSocket-Protocol: wamp.2.{name}{batched}").status
    assert (status == 101) is (name in ("json", "msgpack"))


@pytest.mark.parametrize("name", NUMBERS)
def test_a_rawsocket_speaks_plain_formats_alone(node: Node, name: str) -> None:
    with ByHand(node.port) as session:
        session.socket.sendall(bytes([MAGIC, LARGEST | NUMBERS[name], 0, 0]))
        try:
            answer = session.socket.recv(4)
        except ConnectionResetError:
            answer = b""
    is_taken = len(answer) == 4 and answer[0] == MAGIC and answer[1] & 0x0F == NUMBERS[name]
    assert is_taken is (name in ("json", "msgpack"))
