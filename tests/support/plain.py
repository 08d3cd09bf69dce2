"""Plain Autobahn sessions, as programs without the SDK have them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from taskbahn.protocol import messages
from taskbahn.transport.access import Access
from taskbahn.transport.connection import Connection
from taskbahn.transport.login import token_of
from taskbahn.transport.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PATIENCE = 40.0  # seconds


@contextlib.asynccontextmanager
async def session_to(url: str, token: str | None = None) -> AsyncIterator[Session]:
    """Join the realm at *url*, with a token where it wants a login, and leave it afterwards."""
    from twisted.internet import reactor

    async def opened(session: Session) -> None:
        """Nothing is to be done first."""

    connection = Connection(url, reactor=reactor, on_open=opened, access=Access(login=token_of(token)))
    await patiently(connection.start())
    assert connection.session is not None
    try:
        yield connection.session
    finally:
        await patiently(connection.stop())


def patiently(deferred: Deferred[Any]) -> Deferred[Any]:
    """Give up on a Deferred that takes too long, so that a test fails rather than hangs."""
    from twisted.internet import reactor

    return deferred.addTimeout(PATIENCE, reactor)


async def resume_all(session: Session) -> list[str]:
    """End all pauses of a node; return what was paused."""
    status = await patiently(session.call(messages.VIEW_STATUS))
    paused = [pause["query"] for pause in status["pauses"]]
    for query in paused:
        await patiently(session.call(messages.ADMIN_RESUME, query))
    return paused


class Heard:
    """What came in, and a way to wait for more."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._waiting: list[tuple[Callable[[Any], bool], Deferred[Any]]] = []

    def __call__(self, *values: Any, **_: Any) -> None:
        value = values[0] if len(values) == 1 else values
        self.values.append(value)
        for wanted, deferred in list(self._waiting):
            if wanted(value):
                self._waiting.remove((wanted, deferred))
                deferred.callback(value)

    def first(self, wanted: Callable[[Any], bool]) -> Deferred[Any]:
        """Fire with the first value, heard or yet to come, that is *wanted*."""
        for value in self.values:
            if wanted(value):
                done: Deferred[Any] = Deferred()
                done.callback(value)
                return done
        deferred: Deferred[Any] = Deferred()
        self._waiting.append((wanted, deferred))
        return patiently(deferred)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events of progressive results or topics, in the order heard."""
        found: list[dict[str, Any]] = []
        for value in self.values:
            found += value if isinstance(value, list) else value.get("events", [])
        return found
