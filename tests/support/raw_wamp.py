"""A session that says to a node exactly what a test wants: WAMP in JSON over RawSocket, without a library."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
from typing import Any, Self

HANDSHAKE = b"\x7f\xf1\x00\x00"  # messages of at most 16 MiB, in JSON
HELLO, WELCOME, ABORT, CHALLENGE, AUTHENTICATE = 1, 2, 3, 4, 5
NUMBERS = itertools.count()
ROLES: dict[str, Any] = {"roles": {"caller": {}, "subscriber": {}}}


class RawSession:
    """One connection; `said` sends a message, `heard` waits for the next one, None: the node has hung up.

    It comes from an address of its own, so that no wrong login makes another one wait.
    """

    def __init__(self, port: int, seconds: float = 20.0) -> None:
        number = next(NUMBERS)
        source = f"127.1.{number // 250}.{number % 250 + 1}"
        self._socket = socket.create_connection(("127.0.0.1", port), seconds, source_address=(source, 0))
        self._socket.sendall(HANDSHAKE)
        assert self._take(4)[:1] == b"\x7f"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, *messages: list[Any]) -> None:
        """Send messages, all at once; if the node has hung up, `hear` says so."""
        texts = [json.dumps(message).encode() for message in messages]
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(b"".join(struct.pack(">I", len(text)) + text for text in texts))

    def hear(self) -> list[Any] | None:
        """Return the next message."""
        try:
            size = struct.unpack(">I", self._take(4))[0] & 0xFFFFFF
            found: list[Any] = json.loads(self._take(size))
        except (ConnectionError, EOFError):
            return None
        return found

    def log_in(self, name: str, *tickets: str) -> list[Any] | None:
        """Say hello with a name, and answer the challenge with tickets; return what the node says."""
        self.say([HELLO, "taskbahn", {**ROLES, "authmethods": ["ticket"], "authid": name}])
        challenge = self.hear()
        assert challenge is not None
        assert challenge[0] == CHALLENGE, challenge
        self.say(*([AUTHENTICATE, ticket, {}] for ticket in tickets))
        return self.hear()

    def _take(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self._socket.recv(size - len(found))
            if not more:
                raise EOFError
            found += more
        return found
