"""The client's link to its router: requests that are kept until they are answered, over lost connections.

Owns the reactor thread, the connection and the patience. Knows WAMP calls, but not what they mean. `send`, `call` and
`close` may be used from any thread; everything else happens on the link's own reactor thread.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from autobahn.wamp.exception import ApplicationError, TransportLost

from taskbahn.access_errors import InvalidToken, LimitExceeded, NotAllowed
from taskbahn.client.unsendable import unsendable
from taskbahn.errors import NotReady, RouterUnavailable, TaskbahnError, from_info
from taskbahn.future import Future
from taskbahn.protocol.error_words import WAIT_LONGER
from taskbahn.transport.address import shown_address
from taskbahn.transport.connection import NO_ACCESS, Connection
from taskbahn.transport.other_side import silence
from taskbahn.transport.reactor_thread import ReactorThread

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from taskbahn.transport.access import Access
    from taskbahn.transport.session import Session

NOT_READY_RETRY_SECONDS = 0.2  # seconds before the link asks a router without a dispatcher again
LIMIT_RETRY_SECONDS = 1.0  # before it asks one that lets no more in, where that does not say when
MISSING = "wamp.error.no_such_procedure"
NOT_AUTHORIZED = "wamp.error.not_authorized"
CANCELED = "wamp.error.canceled"  # the dispatcher's session ended while it had the call: the node stops, or has been killed
HURRY_SECONDS = 0.5  # a request that is made while there is no connection brings the next try at most this far away
LEAST_LOOKS = 5  # at the reactor's connections before a request fails; there are ten in the time that it waits
GOODBYE_SECONDS = 1.0  # seconds to say goodbye


class Request:
    """One CALL that is sent, and sent again on a new connection, until it is answered. So it must be safe to send twice.

    renew: gives the arguments for sending it again.   is_patient: it is sent again, too, when the role may submit no more now.
    """

    __slots__ = (
        "args",
        "future",
        "is_patient",
        "kwargs",
        "looks",
        "on_progress",
        "pending",
        "procedure",
        "put_off",
        "renew",
        "since",
    )

    def __init__(
        self,
        procedure: str,
        args: list[Any],
        kwargs: dict[str, Any] | None = None,
        *,
        on_progress: Callable[..., None] | None = None,
        renew: Callable[[], list[Any]] | None = None,
        is_patient: bool = False,
    ) -> None:
        self.procedure = procedure
        self.args = args
        self.kwargs = kwargs or {}
        self.on_progress = on_progress
        self.renew = renew
        self.is_patient = is_patient
        self.future: Future[Any] = Future()
        self.looks = 0  # after that, in which the reactor has looked for a connection
        self.since = 0.0  # when the request was made, or when the connection was lost after that
        self.put_off: float | None = None  # when the other end first said that it is not ready
        self.pending: Deferred[Any] | None = None


class Link:
    """Asks the router at *url*.

    timeout: seconds that anything waits for a connection that was lost, or that does not get ready.
    connect_within: seconds that it waits while there never was a connection, and no router answers at all.
    """

    def __init__(self, url: str, timeout: float, connect_within: float, access: Access = NO_ACCESS) -> None:
        self.url = url
        self.timeout = timeout
        self._connect_within = min(connect_within, timeout)
        self._was_connected = False
        self.process = os.getpid()
        self.is_closed = False
        self._thread = ReactorThread("taskbahn-client")
        self._connection = Connection(
            url, reactor=self._thread.reactor, on_open=self._open, on_lost=self._lost, on_refused=self._not_let_in, access=access
        )  # fmt: skip
        self._session: Session | None = None
        self._asked: set[Request] = set()
        self._watch: Any = None
        self._thread.start()
        self.call(self._connection.start)

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Have *function* called on the link's thread soon."""
        self._thread.call(function, *args)

    def send(self, request: Request) -> Future[Any]:
        """Send a request as soon as there is a connection."""
        self._thread.call(self.ask, request)
        return request.future

    def drop(self, request: Request) -> None:
        """Cancel a request whose answer is not wanted any more."""
        self._thread.call(self._drop, request)

    def close(self) -> None:
        """Leave the router; what is not answered fails. Safe to call twice."""
        if self.is_closed or self.process != os.getpid():
            return
        self._begin_to_close().wait(GOODBYE_SECONDS)
        self._thread.stop()

    async def close_async(self) -> None:
        """As `close`, for asyncio and Twisted."""
        if self.is_closed or self.process != os.getpid():
            return
        left = self._begin_to_close()
        self._thread.call(self._thread.reactor.callLater, GOODBYE_SECONDS, left.resolve, None)
        await left
        self._thread.stop()  # its loop does nothing more, so it ends at once

    def _begin_to_close(self) -> Future[None]:
        self.is_closed = True
        left: Future[None] = Future()
        self._thread.call(self._leave, left)
        return left

    def cut(self) -> None:
        """Lose the connection, as a broken network would; for tests."""
        self._thread.call(self._connection.drop)

    def abandon(self) -> None:
        """In a forked child: close the inherited socket, so that the parent alone holds the connection."""
        session = self._connection.session
        transport = getattr(getattr(session, "_transport", None), "transport", None)
        socket = getattr(transport, "socket", None)
        if socket is not None:
            socket.close()

    # all below runs on the reactor's thread

    def ask(self, request: Request) -> None:
        """Send a request, now or when there is a connection."""
        if self.is_closed:
            request.future.fail(self._closed())
            return
        request.since, request.looks = self._seconds(), 0
        self._asked.add(request)
        if self._session is None:
            self._watch_time()
            self._connection.hurry(min(HURRY_SECONDS, self._patience() / 4))  # or it may fail before a router was looked for
        else:
            self._call(request)

    async def _open(self, session: Session) -> None:
        self._session = session
        self._was_connected = True
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        for request in sorted(self._asked, key=lambda request: request.since):
            self._call(request)

    def _lost(self, reason: str) -> None:
        self._session = None
        now = self._seconds()
        for request in self._asked:
            request.since, request.looks = now, 0
            request.put_off = None
            request.pending = None
        self._watch_time()

    def _call(self, request: Request) -> None:
        session = self._session
        if session is None or request not in self._asked:
            return
        if request.renew is not None:
            request.args = request.renew()
        try:
            pending = session.at_once(session.ask, request.procedure, request.args, request.kwargs, request.on_progress)
        except TransportLost:
            return  # the next session sends the request again
        except Exception as error:  # noqa: BLE001 - autobahn's own checks: the message cannot be sent as it is
            self._asked.discard(request)
            request.future.fail(unsendable(request.procedure, request.args, request.kwargs, error))
            return
        request.pending = pending
        pending.addCallbacks(self._answered, self._refused, callbackArgs=(request,), errbackArgs=(request, session))

    def _answered(self, value: Any, request: Request) -> None:
        self._asked.discard(request)
        request.future.resolve(value)

    def _refused(self, failure: Any, request: Request, session: Session) -> None:
        error = failure.value
        if session is not self._session or request not in self._asked:
            return
        if isinstance(error, ApplicationError) and error.error in (MISSING, CANCELED, NotReady.uri):
            now = self._seconds()
            request.put_off = request.put_off or now
            if now - request.put_off < self.timeout:
                self._thread.reactor.callLater(NOT_READY_RETRY_SECONDS, self._call, request)
                return
        translated = self._translated(error, request.procedure)
        if request.is_patient and isinstance(translated, LimitExceeded):
            self._thread.reactor.callLater(translated.detail.get("retry_after", LIMIT_RETRY_SECONDS), self._call, request)
            return
        self._asked.discard(request)
        request.future.fail(translated)

    def _translated(self, error: Exception, procedure: str) -> TaskbahnError:
        """Return a WAMP error as a `TaskbahnError`."""
        if not isinstance(error, ApplicationError):
            return TaskbahnError(f"{type(error).__name__}: {error}")
        if error.error == MISSING:
            sentence = (
                f"a router answers at {shown_address(self.url)}, but no dispatcher of Taskbahn; start one with `taskbahn up`"
            )
            return NotReady(sentence, url=shown_address(self.url))
        message = str(error.args[0]) if error.args else error.error
        if error.error == NOT_AUTHORIZED:
            return NotAllowed(
                f"the role of this session may not call {procedure}; an admin of the node gives roles", procedure=procedure
            )
        by_dispatcher = set(error.kwargs) == {"detail"}  # other callees send their data as keywords
        detail = error.kwargs["detail"] if by_dispatcher else error.kwargs
        return from_info({"error": error.error, "message": message, "detail": detail})

    def _drop(self, request: Request) -> None:
        if request in self._asked:
            self._asked.discard(request)
            if request.pending is not None:
                request.pending.cancel()

    def _watch_time(self) -> None:
        if self._watch is None and not self.is_closed:
            self._watch = self._thread.reactor.callLater(max(0.01, min(0.5, self._patience() / 10)), self._check_time)

    def _not_let_in(self, why: str) -> None:
        """Fail what is asked: another try with the same token does not help."""
        asked, self._asked = self._asked, set()
        for request in asked:
            request.future.fail(InvalidToken(f"{shown_address(self.url)}: {why}", url=shown_address(self.url)))

    def _patience(self) -> float:
        """Return the seconds that a request waits for a connection: few if nothing listens there, and nothing ever did."""
        return self.timeout if self._was_connected or self._connection.is_accepted else self._connect_within

    def _check_time(self) -> None:
        """Without a connection, fail the requests that have waited too long.

        Time in which this process was held up counts for little: then a connection may be there, and not yet seen.
        """
        self._watch = None
        now = self._seconds()
        patience = self._patience()
        for request in self._asked:
            request.looks += 1
        for request in [each for each in self._asked if now - each.since >= patience and each.looks >= LEAST_LOOKS]:
            self._asked.discard(request)
            request.future.fail(self._unavailable())
        if self._asked and self._session is None:
            self._watch_time()

    def _leave(self, left: Future[None]) -> None:
        asked, self._asked = self._asked, set()
        for request in asked:
            request.future.fail(self._closed())
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._connection.stop().addBoth(lambda _: left.resolve(None))

    def _closed(self) -> RouterUnavailable:
        return RouterUnavailable("the connection was closed by this program", url=shown_address(self.url))

    def _unavailable(self) -> RouterUnavailable:
        if self._connection.is_kept_out:
            return RouterUnavailable(
                f"no connection to {shown_address(self.url)}: {self._connection.last_failure}", url=shown_address(self.url)
            )
        why = self._connection.last_failure or (silence(self.url) if self._connection.is_accepted else "")
        reason = f" ({why.rstrip('.')})" if why else ""
        return RouterUnavailable(
            f"no router answers at {shown_address(self.url)}{reason}; start one with `taskbahn up`, or set TASKBAHN_URL to where it is"
            + ("" if self._was_connected else WAIT_LONGER),
            url=shown_address(self.url),
        )

    def _seconds(self) -> float:
        seconds: float = self._thread.reactor.seconds()
        return seconds
