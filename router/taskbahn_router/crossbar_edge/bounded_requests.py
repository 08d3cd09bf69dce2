"""HTTP requests whose bodies are bounded in size and time, for all pages of the node's port.

Twisted reads a whole body before a page sees it, into a file if it is large, for as long as that takes. A request without a body, as
that for a WebSocket, is not touched. Knows Twisted, and not Crossbar.
"""

from __future__ import annotations

from typing import Any

from twisted.web import server
from twisted.web.http import HTTPChannel

from taskbahn.protocol import messages

MOST_BYTES = messages.MAX_MESSAGE  # what a page takes itself may be less
MOST_SECONDS = 60.0  # for the whole body
LINGER_SECONDS = 1.0  # seconds for the client to read why, while it still sends
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedRequest(server.Request):
    """A request."""

    _timer: Any = None
    _size = 0
    _is_refused = False

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        """Begin with the body; length: None if the client does not say it."""
        from twisted.internet import reactor as installed

        reactor: Any = installed
        is_large = length is not None and length > MOST_BYTES
        super().gotLength(0 if is_large else length)  # type: ignore[no-untyped-call]
        if length != 0:
            self._timer = reactor.callLater(MOST_SECONDS, self._abort)
        if is_large:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - likewise
        """Take a part of the body."""
        self._size += len(data)
        if self._is_refused:
            return
        if self._size > MOST_BYTES:
            self._refuse()
        else:
            super().handleContentChunk(data)  # type: ignore[no-untyped-call]

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The body is here."""
        self._stop_timer()
        if not self._is_refused:
            super().requestReceived(command, path, version)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Any) -> None:
        """The client has gone."""
        self._stop_timer()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def _refuse(self) -> None:
        from twisted.internet import reactor as installed

        reactor: Any = installed
        self._is_refused = True
        self._stop_timer()
        if isinstance(self.channel, HTTPChannel):
            self._connection().write(TOO_LARGE)
        self._timer = reactor.callLater(LINGER_SECONDS, self._abort)

    def _abort(self) -> None:
        self._timer = None
        self._connection().abortConnection()

    def _connection(self) -> Any:
        """Return the connection, or of HTTP/2 the stream in it."""
        channel: Any = self.channel
        return channel.transport if isinstance(channel, HTTPChannel) else channel

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
