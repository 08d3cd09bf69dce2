"""Connections to a node byte by byte, as a proxy, or a client that lies, makes them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import time
from typing import Any, NamedTuple, Self

PATIENCE = 20.0  # seconds
ROLES: dict[str, Any] = {"roles": {"caller": {}}}
LONG = 126  # of the length of a message of a WebSocket: two bytes follow with it
LONGER = 65_536  # likewise: eight bytes follow from here on
WELCOME, ABORT, CHALLENGE = 2, 3, 4
GET_SESSION = "wamp.session.get"


class Answer(NamedTuple):
    """An answer of HTTP, without its body."""

    status: int
    headers: dict[str, str]


class ByHand:
    """One connection.

    source: the address of this machine that it comes from.   first: bytes before all else, TLS too.   tls: what it speaks TLS with.
    """

    def __init__(
        self, port: int | str, source: str = "127.0.0.1", first: bytes = b"", tls: ssl.SSLContext | None = None
    ) -> None:  # fmt: skip
        if isinstance(port, str):
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(PATIENCE)
            made.connect(port)
        else:
            made = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(source, 0))
        made.sendall(first)
        self.socket = made if tls is None else tls.wrap_socket(made, server_hostname="localhost")
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def end_input(self) -> None:
        """Say that nothing more comes; the node may have hung up already."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def ask(self, path: str, *lines: str, host: str = "localhost") -> Answer:
        """Send a request and return its answer; the connection stays open."""
        request = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *lines, "", ""])
        self.socket.sendall(request.encode("latin-1"))
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        self._take(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split(" ")[1]), headers)

    def open_websocket(self, *lines: str, path: str = "/ws", host: str = "localhost") -> int:
        """Ask for a WebSocket; return the status."""
        words = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: wamp.2.json"]
        return self.ask(path, *words, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *lines, host=host).status

    def peer_by_websocket(self) -> str:
        """Join the realm on an open WebSocket; return the peer that the router has for the session."""
        return self._peer(self.send, self.receive)

    def peer_by_rawsocket(self) -> str:
        """Join the realm by RawSocket; return the peer that the router has for the session."""
        self.open_rawsocket()
        return self._peer(self.send_raw, self.receive_raw)

    def reason_of_abort(self, name: str, ticket: str) -> str:
        """Log in with a ticket on an open WebSocket; return the reason with which the router refuses it."""
        self.send([1, "taskbahn", {**ROLES, "authmethods": ["ticket"], "authid": name}])
        assert self.receive()[0] == CHALLENGE
        self.send([5, ticket, {}])
        kind, _, reason = self.receive()
        assert kind == ABORT
        return str(reason)

    def log_in(self, ticket: str, *, by_rawsocket: bool = False) -> None:
        """Join the realm with a ticket, on an open WebSocket or by RawSocket, which is opened here."""
        if by_rawsocket:
            self.open_rawsocket()
        send, receive = (self.send_raw, self.receive_raw) if by_rawsocket else (self.send, self.receive)
        send([1, "taskbahn", {**ROLES, "authmethods": ["ticket"], "authid": "*"}])
        assert receive()[0] == CHALLENGE
        send([5, ticket, {}])
        assert receive()[0] == WELCOME

    def seconds_until_end(self) -> float:
        """Read on, and answer nothing; return after how many seconds the node has closed the connection."""
        began = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(65_536):
                pass
        return time.monotonic() - began

    def send(self, message: list[Any]) -> None:
        """Send a message of WAMP on an open WebSocket."""
        data = json.dumps(message).encode()
        mask = os.urandom(4)
        masked = (int.from_bytes(data) ^ int.from_bytes((mask * (len(data) // 4 + 1))[: len(data)])).to_bytes(len(data))
        if len(data) < LONG:
            length = bytes([0x80 | len(data)])
        elif len(data) < LONGER:
            length = bytes([0x80 | LONG]) + len(data).to_bytes(2)
        else:
            length = bytes([0x80 | LONG + 1]) + len(data).to_bytes(8)
        self.socket.sendall(b"\x81" + length + mask + masked)

    def receive(self) -> list[Any]:
        """Receive a message of WAMP on an open WebSocket."""
        length = self._take(2)[1]
        data = self._take(int.from_bytes(self._take(2)) if length == LONG else length)
        found: list[Any] = json.loads(data)
        return found

    def open_rawsocket(self) -> None:
        """Begin with RawSocket, in JSON."""
        self.socket.sendall(b"\x7f\xf1\x00\x00")
        self._take(4)

    def send_raw(self, message: list[Any]) -> None:
        """Send a message of WAMP by RawSocket."""
        data = json.dumps(message).encode()
        self.socket.sendall(len(data).to_bytes(4) + data)

    def receive_raw(self) -> list[Any]:
        """Receive a message of WAMP by RawSocket."""
        found: list[Any] = json.loads(self._take(int.from_bytes(self._take(4))))
        return found

    def _peer(self, send: Any, receive: Any) -> str:
        send([1, "taskbahn", ROLES])
        welcome = receive()
        send([48, 1, {}, GET_SESSION, [welcome[1]]])
        answer = receive()
        found: str = answer[3][0]["transport"]["peer"]
        return found

    def is_closed(self) -> bool:
        """Return whether the node closes the connection, and sends nothing."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _until(self, end: bytes) -> bytes:
        while end not in self._unread:
            self._unread += self._received()
        found, _, self._unread = self._unread.partition(end)
        return found

    def _take(self, length: int) -> bytes:
        while len(self._unread) < length:
            self._unread += self._received()
        found, self._unread = self._unread[:length], self._unread[length:]
        return found

    def _received(self) -> bytes:
        data = self.socket.recv(65_536)
        if not data:
            raise EOFError
        return data
