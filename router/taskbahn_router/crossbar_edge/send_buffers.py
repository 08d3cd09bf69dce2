"""Drops the connections of sessions that stopped reading: Crossbar keeps their unsent bytes in memory, without any bound.

What a socket does not take yet is kept by Twisted in the connection, which is then among the reactor's writers. So a look costs as
much as there are readers behind, however many connections are idle. A connection that exceeds one of these bounds is dropped:

- more than `SEND_BUFFER_HIGH_WATER_BYTES` waits, and not a byte of it was taken for `STALLED_SECONDS`;
- far more waits, and for some time it got no shorter (`PATIENCE`);
- more than `MAX_SEND_BUFFERS_BYTES` waits for all readers together: the longest backlogs go, until it is less.

A slow reader gets everything in the end; a watcher of a job gets no more than it takes (`Backlogs`, and `job_watch`).
A dropped client may reconnect, and asks again for what it misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakValueDictionary

from twisted.internet import abstract, tcp
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper

from taskbahn.workarounds import first, missing, other_arguments
from taskbahn_router.model.limits import MAX_SEND_BUFFERS_BYTES, SEND_BUFFER_HIGH_WATER_BYTES

LOOK_SECONDS = 0.125
MEBIBYTE = 1024 * 1024
STALLED_SECONDS = 10.0
PATIENCE = {64 * MEBIBYTE: LOOK_SECONDS, 32 * MEBIBYTE: 1.0}  # 32 MiB are two of the largest messages


def backlog(connection: Any) -> int:
    """Return how many bytes wait for the reader."""
    waiting: int = len(connection.dataBuffer) - connection.offset + connection._tempDataLen  # noqa: SLF001 - nothing else tells
    return waiting


def misfit(reactor: Any, router: Any) -> str:
    """Say what of Twisted's connections and Crossbar's router is not as it is expected here, or nothing."""
    buffer: Any = cast("Any", abstract.FileDescriptor)(object())  # a dummy reactor: nothing here calls it
    return first(
        missing(reactor, "getWriters"),
        missing(tcp.Server, "abortConnection", "getPeer"),
        missing(buffer, "dataBuffer", "offset", "_tempDataBuffer", "_tempDataLen"),
        other_arguments(type(router).attach, "self", "session"),
        other_arguments(type(router).detach, "self", "session"),
    )


@dataclass(slots=True)
class SlowReader:
    """A reader with much to read, since when it took nothing, and since when its backlog got no shorter."""

    buffer: bytes
    offset: int
    taken_at: float
    shortest: int
    shortest_at: float

    @classmethod
    def of(cls, connection: Any, now: float) -> SlowReader:
        return cls(connection.dataBuffer, connection.offset, now, backlog(connection), now)

    def look(self, connection: Any, now: float) -> str:
        """Note the state of its backlog; return why it must go, or nothing."""
        if connection.dataBuffer is not self.buffer or connection.offset != self.offset:  # only sending changes these two
            self.buffer, self.offset, self.taken_at = connection.dataBuffer, connection.offset, now
        waiting = backlog(connection)
        if waiting < self.shortest:
            self.shortest, self.shortest_at = waiting, now
        idle, behind = now - self.taken_at, now - self.shortest_at
        for most, seconds in PATIENCE.items():
            if waiting > most and behind >= seconds:
                return f"{mebibytes(waiting)} wait for it, more than {mebibytes(most)}, and no less than {behind:.1f} s ago"
        if idle >= STALLED_SECONDS:
            return f"it has read nothing for {idle:.0f} s, while {mebibytes(waiting)} wait for it"
        return ""


class SlowReaders:
    """Looks at the reactor's writers a few times a second. `dropped` counts."""

    log = Logger("taskbahn.send_buffers")

    def __init__(self, reactor: Any, backlogs: Backlogs) -> None:
        self.dropped = 0
        self._reactor = reactor
        self._backlogs = backlogs
        self._behind: dict[Any, SlowReader] = {}
        self._timer: Any = None

    def start(self) -> None:
        """Begin to look; safe twice."""
        if self._timer is None:
            self._timer = self._reactor.callLater(LOOK_SECONDS, self._again)

    def stop(self) -> None:
        """Look no more; safe twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Drop the connections that exceed a bound."""
        now = self._reactor.seconds()
        waiting = {writer: backlog(writer) for writer in self._reactor.getWriters() if isinstance(writer, tcp.Server)}
        before, self._behind = self._behind, {}
        for connection, length in list(waiting.items()):
            if length <= SEND_BUFFER_HIGH_WATER_BYTES:
                continue
            behind = before.get(connection) or SlowReader.of(connection, now)
            why = behind.look(connection, now)
            if why:
                self._drop(connection, why)
                del waiting[connection]
            else:
                self._behind[connection] = behind
        self._relieve(waiting)

    def _relieve(self, waiting: dict[Any, int]) -> None:
        total = sum(waiting.values())
        while total > MAX_SEND_BUFFERS_BYTES:
            longest = max(waiting, key=waiting.__getitem__)
            length = waiting.pop(longest)
            most = f"more than {mebibytes(MAX_SEND_BUFFERS_BYTES)}, and the most of it for this one: {mebibytes(length)}"
            self._drop(longest, f"{mebibytes(total)} wait for all readers together, {most}")
            self._behind.pop(longest, None)
            total -= length

    def _drop(self, connection: Any, why: str) -> None:
        # a proxy may have said whose connection it is (`client_connections`)
        above = getattr(connection, "protocol", None)
        peer = (above if isinstance(above, ProtocolWrapper) else connection).getPeer()
        self.log.warn(
            "a slow reader is dropped: {peer}, session {session}: {why}",
            peer=f"{peer.host}:{peer.port}" if hasattr(peer, "port") else "on the Unix socket",
            session=self._backlogs.session_of(connection),
            why=why,
        )
        self.dropped += 1
        connection.abortConnection()
        connection.dataBuffer, connection.offset = b"", 0  # frees the memory now, not at the next garbage collection
        connection._tempDataBuffer, connection._tempDataLen = [], 0  # noqa: SLF001

    def _again(self) -> None:
        self._timer = self._reactor.callLater(LOOK_SECONDS, self._again)
        self.look()


class Backlogs:
    """Tells how much waits for the reader of a session. A session is noted with its connection when it joins."""

    def __init__(self) -> None:
        self._connections: WeakValueDictionary[int, Any] = WeakValueDictionary()  # by session

    def follow(self, router: Any) -> None:
        """Note the sessions of a realm's router from now on, as they come and go."""
        attach, detach = router.attach, router.detach

        def attached(session: Any) -> Any:
            self.joined(session)
            return attach(session)

        def detached(session: Any = None) -> Any:
            if session is not None:
                self.left(session)
            return detach(session)

        router.attach, router.detach = attached, detached

    def joined(self, session: Any) -> None:
        """Note the connection of a session; nothing for one inside the router."""
        connection = session._transport  # noqa: SLF001 - Crossbar's sessions have no public one
        while connection is not None and not isinstance(connection, tcp.Server):  # the protocol, and TLS, wrap the connection
            connection = getattr(connection, "transport", None)
        if connection is not None:
            self._connections[session._session_id] = connection  # noqa: SLF001

    def left(self, session: Any) -> None:
        """Forget a session that leaves; its connection may carry another one."""
        self._connections.pop(session._session_id, None)  # noqa: SLF001

    def of(self, session: int | None) -> int:
        """Return how many bytes wait; 0 for a session that is not known."""
        connection = self._connections.get(session) if session is not None else None
        return 0 if connection is None else backlog(connection)

    def session_of(self, connection: Any) -> int | None:
        """Return the number of the session on a connection."""
        return next((number for number, each in self._connections.items() if each is connection), None)


def mebibytes(length: int) -> str:
    """Return a length for a reader."""
    return f"{length / MEBIBYTE:,.0f} MiB"
