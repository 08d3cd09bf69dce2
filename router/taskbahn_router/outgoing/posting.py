"""One HTTP request, to an address that was checked; the answer is bounded in size and time, and a redirect is not followed."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from taskbahn.protocol.outgoing import split_url
from taskbahn_router.outgoing.private_addresses import PrivateAddress, is_private, look_up

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 30.0  # for all of it, but the look-up of the name
CONNECT_SECONDS = 10.0
ANSWER_BYTES = 64 * 1024  # that are read of an answer, and not kept
LONGEST_WAIT = 86400.0  # seconds that a `Retry-After` may ask for
SHOWN = 200  # characters of where a redirect leads
PORTS = {"http": 80, "https": 443}


class Answer(NamedTuple):
    """What came back.  retry_after: seconds, None if the other side says nothing.   location: where it wants to redirect to."""

    status: int
    retry_after: float | None = None
    location: str = ""


class NoAnswer(Exception):
    """No answer came."""


class _Connection(http.client.HTTPConnection):
    """A connection whose socket exists already."""

    def __init__(self, host: str, port: int, sock: socket.socket) -> None:
        super().__init__(host, port)
        self.sock = sock

    def connect(self) -> None:
        """Refuse to connect again: that would look the name up again."""
        raise NoAnswer("the connection was closed before the answer")


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool, now: float, seconds: float = SECONDS
) -> Answer:
    """Send a request; return the answer.  now: seconds since the epoch.  Raises NoAnswer, PrivateAddress."""
    parts = split_url(url)
    host = parts.hostname or ""
    port = parts.port or PORTS[parts.scheme]
    try:
        endpoints = look_up(host, port, allow_private=allow_private)
    except (OSError, UnicodeError) as error:
        raise NoAnswer(f"the name {host} cannot be looked up: {_why(error)}") from error
    sock = _connected(endpoints, allow_private=allow_private)
    with _Deadline(sock, seconds) as deadline:
        try:
            if parts.scheme == "https":
                deadline.secure(host)
            connection = _Connection(host, port, deadline.sock)
            _send(connection, parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            answer = connection.getresponse()
            if deadline.is_over:  # what came may be half of an answer
                raise TimeoutError
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = f" within {seconds:g} s" if deadline.is_over else f": {_why(error)}"
            raise NoAnswer(f"{host} did not answer{late}") from error
        with suppress(OSError, http.client.HTTPException):  # the status counts, and that is there
            answer.read(ANSWER_BYTES)
        location = (answer.getheader("Location") or "")[:SHOWN]
        return Answer(answer.status, _retry_after(answer.getheader("Retry-After"), now), location)


class _Deadline:
    """Ends a connection in time, whatever the other side does: each octet that it sends would start the timeout of a socket again."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.sock = sock
        self.is_over = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self.sock.close()

    def secure(self, host: str) -> None:
        """Begin with TLS; the host's certificate has to be one that this machine trusts."""
        context = ssl.create_default_context()
        secured = context.wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False)
        self.sock = secured  # before the handshake, which the other side may draw out
        secured.do_handshake()

    def _cut(self) -> None:
        self.is_over = True
        with suppress(OSError):  # it is closed
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # not that of TLS, which another thread uses at this moment


def _connected(endpoints: list[tuple[int, object]], *, allow_private: bool) -> socket.socket:
    """Return a socket that is connected to the first of the addresses that takes it."""
    problem = "it has no address"
    for family, where in endpoints[:4]:
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(CONNECT_SECONDS)
        try:
            sock.connect(where)  # type: ignore[arg-type]  # what `getaddrinfo` gave
        except OSError as error:
            problem = f"{where[0]} does not take a connection: {_why(error)}"  # type: ignore[index]
            sock.close()
            continue
        peer = str(sock.getpeername()[0])
        if not allow_private and is_private(peer):
            sock.close()
            raise PrivateAddress(f"the connection went to {peer}, which is no address of the Internet")
        return sock
    raise NoAnswer(problem)


def _send(connection: _Connection, netloc: str, target: str, body: bytes, headers: Mapping[str, str]) -> None:
    connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": netloc, **headers, "Content-Length": str(len(body)), "Connection": "close"}.items():
        connection.putheader(name, value)
    connection.endheaders(body)


def _retry_after(text: str | None, now: float) -> float | None:
    """Return the seconds of a header `Retry-After`.  Source: RFC 9110, section 10.2.3."""
    if text is None:
        return None
    text = text.strip()
    try:
        seconds = float(text) if text.isascii() and text.isdecimal() else parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)[:300]
