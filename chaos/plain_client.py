"""A client without the SDK: an Autobahn session that calls tasks by their names. It learns a job's id from progress.

Such a caller knows only what was answered; so it simply repeats a call that was lost with its connection.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from autobahn.wamp.types import CallOptions
from twisted.internet import reactor, task
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, gatherResults

from taskbahn.transport.access import Access
from taskbahn.transport.connection import Connection
from taskbahn.transport.login import token_of
from taskbahn.transport.session import Session

if TYPE_CHECKING:
    import threading

    from chaos.client import Load
    from chaos.journal import Journal

CALLERS = 3  # at a time
PAUSE = 0.1  # seconds after a call
LOOK = 0.1  # seconds between two looks whether it shall come to an end


class Caller:
    """Calls, one after the other, over whatever session there is."""

    def __init__(self, url: str, journal: Journal, load: Load, stopping: threading.Event) -> None:
        self._journal = journal
        self._load = load
        self._stopping = stopping
        self._session: Session | None = None
        self._waiting: list[Deferred[Session | None]] = []
        self.connection = Connection(
            url, reactor=reactor, on_open=self._open, on_lost=self._lost, access=Access(login=token_of(None))
        )

    async def go_on(self) -> None:
        """Call until `stopping` is set."""
        while True:
            session = await self._connected()
            if session is None:
                return
            await self._call(session)
            await task.deferLater(reactor, PAUSE)

    def look(self) -> None:
        """Wake who waits for a session when it is time to stop."""
        if self._stopping.is_set():
            self._wake(None)

    async def _call(self, session: Session) -> None:
        is_doomed = self._load.is_doomed()
        name, args = self._load.plain_call(is_doomed=is_doomed)
        ids: list[str] = []

        def on_progress(message: Any) -> None:
            if not ids:
                ids.append(message["job"])
                self._journal.write("acknowledged", ids=[message["job"]], task=name)
                if is_doomed:
                    task.deferLater(reactor, self._load.patience(), cancel)

        def cancel() -> None:
            self._journal.write("cancelling", ids=ids)
            call.cancel()

        call: Deferred[Any] = session.call(name, *args, options=CallOptions(on_progress=on_progress))
        try:
            value = await call
        except CancelledError:
            self._journal.write("given_up", ids=ids)
            return
        except Exception as error:  # noqa: BLE001 - a lost transport, an error of WAMP: the ledger shows what became of the job
            self._journal.write("unanswered", error=getattr(error, "error", type(error).__name__), message=str(error), ids=ids)
            return
        for id in ids:
            self._journal.write("seen", id=id, state="succeeded", value=value)

    def _connected(self) -> Deferred[Session | None]:
        waiting: Deferred[Session | None] = Deferred()
        if self._stopping.is_set():
            waiting.callback(None)
        elif self._session is not None:
            waiting.callback(self._session)
        else:
            self._waiting.append(waiting)
        return waiting

    async def _open(self, session: Session) -> None:
        self._session = session
        self._wake(session)

    def _lost(self, reason: str) -> None:
        self._session = None

    def _wake(self, session: Session | None) -> None:
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(session)


def run(url: str, journal: Journal, load: Load, stopping: threading.Event) -> None:
    """Call until *stopping* is set, and until the last answers are there."""
    run_callers(Caller(url, journal, load, stopping), stopping)


def run_callers(caller: Caller, stopping: threading.Event) -> None:
    """Have several of a caller's loops go on over its one connection, until *stopping* is set."""

    def main(_: Any) -> Deferred[Any]:
        # the reactor puts its own handler there when it starts
        task.deferLater(reactor, 0, signal.signal, signal.SIGTERM, lambda *_: stopping.set())
        caller.connection.start()
        task.LoopingCall(caller.look).start(LOOK)
        calls = gatherResults([ensureDeferred(caller.go_on()) for _ in range(CALLERS)])
        return calls.addBoth(lambda outcome: caller.connection.stop().addBoth(lambda _: outcome))

    task.react(main)
