"""A client that logs in message by message, over a RawSocket with JSON, as an attacker may."""

from __future__ import annotations

import itertools
import json
import socket
from typing import Any, Self

from taskbahn.protocol import messages
from taskbahn.transport.address import parse_address

HELLO, WELCOME, ABORT, CHALLENGE, AUTHENTICATE, CALL = 1, 2, 3, 4, 5, 48
JSON_HANDSHAKE = b"\x7f\xf1\0\0"
NUMBERS = itertools.count()
ROLES: dict[str, Any] = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}


class Stranger:
    """One connection to a node on this machine.

    source: the address that it comes from; else one of its own, so that no wrong login makes another one wait.
    """

    def __init__(self, rawsocket: str, source: str = "") -> None:
        address, number = parse_address(rawsocket), next(NUMBERS)
        source = source or f"127.2.{number // 250}.{number % 250 + 1}"
        self._socket = socket.create_connection((address.host, address.port), timeout=20, source_address=(source, 0))
        self._socket.sendall(JSON_HANDSHAKE)
        self._take(4)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def says(self, *message: Any) -> list[Any]:
        """Send a message, and return what comes back."""
        self.tells(*message)
        return self.hears()

    def tells(self, *message: Any) -> None:
        """Send a message."""
        data = json.dumps(message).encode()
        self._socket.sendall(len(data).to_bytes(4, "big") + data)

    def hears(self) -> list[Any]:
        """Return the next message of the node."""
        heard: list[Any] = json.loads(self._take(int.from_bytes(self._take(4), "big")))
        return heard

    def hello(self, methods: list[str], authid: str | None = None, **extra: Any) -> list[Any]:
        """Say HELLO."""
        named = {} if authid is None else {"authid": authid}
        return self.says(HELLO, messages.REALM, {"roles": ROLES, "authmethods": methods, "authextra": extra, **named})

    def answer(self, signature: str) -> list[Any]:
        """Answer a challenge."""
        return self.says(AUTHENTICATE, signature, {})

    def _take(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            part = self._socket.recv(length - len(found))
            if not part:
                raise ConnectionError("the node has closed the connection")
            found += part
        return found


def refusal_in(heard: list[Any]) -> tuple[str, str]:
    """Return what a stranger hears of a refusal: its reason and its sentence."""
    assert heard[0] == ABORT, heard
    return heard[2], heard[1]["message"]
