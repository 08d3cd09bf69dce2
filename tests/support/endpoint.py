"""The other side of a web hook: a small HTTP server on a thread, which answers as the test says and remembers what came."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PATIENCE = 30.0  # seconds
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def answer(status: int, *headers: str) -> bytes:
    """Return an answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {status} As Said", *headers, "Content-Length: 0", "", ""]).encode()


class Request(NamedTuple):
    """What came: its first line, its headers with names in lower case, its body."""

    line: str
    headers: dict[str, str]
    body: bytes


class Endpoint:
    """Answers each request with the next of *answers*, then with the last one; b"" says nothing, and keeps the connection open."""

    def __init__(self, *answers: bytes, certificate: Path | None = None) -> None:
        self._answers = list(answers) or [OK]
        self._server = socket.create_server(("127.0.0.1", 0))
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._open: list[socket.socket] = []
        self.port: int = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?a=1"
        self.requests: queue.SimpleQueue[Request] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._open:
            connection.close()

    def take(self) -> Request:
        """Wait for the next request."""
        return self.requests.get(timeout=PATIENCE)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            request = read_request(connection)
            said = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
            if said:
                connection.sendall(said)
            self.requests.put(request)  # now that it is answered: the test may close all connections then
            if said:
                connection.close()
        except OSError:
            connection.close()


def read_request(connection: socket.socket) -> Request:
    """Read one request with a length."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += _some(connection)
    head, _, body = text.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in _pairs(lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _some(connection)
    return Request(line, headers, body)


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the client has gone")
    return data


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(": ")
        yield name, value
