"""Logins of browsers: a session that the store keeps, so that it outlives the node, and ends with what created it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.access.tokens import new_session
from taskbahn_router.core.credentials import SESSION, CredentialChange

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.core.credentials import CredentialRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher

MAX_SESSIONS = 1000  # of one token


class BrowserSessions:
    """Begins and ends them; what was begun or ended is durable when its owner is called."""

    def __init__(self, dispatcher: Dispatcher, book: CredentialBook) -> None:
        self._dispatcher = dispatcher
        self._book = book

    def begin(self, credential: str, then: Callable[[str], None]) -> None:
        """Begin a session of who has shown a credential; *then* gets its text, "" if that credential may not have one.

        Raises NotReady and StoreUnavailable.
        """
        parent = self._book.row(credential)
        if parent is None or parent.kind == SESSION or len(self._book.children(parent)) >= MAX_SESSIONS:
            then("")
            return
        self._dispatcher.check_accepting()
        made = new_session(parent, self._dispatcher.wall())
        change = CredentialChange(made.row, 0)

        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if holds:
                self._book.put(change.stored)
            then(made.text if holds else "")

        self._dispatcher.turn_input.credentials.put(change, changed)
        self._dispatcher.loop.schedule_turn()

    def end(self, credential: str, then: Callable[[], None]) -> None:
        """End a session; its connections are closed."""
        row = self._book.row(credential)
        if row is None or row.kind != SESSION:
            then()
        else:
            self._drop(row, then)

    def sweep(self) -> None:
        """Delete the sessions that are over."""
        for row in self._book.over():
            self._drop(row, lambda: None)

    def _drop(self, row: CredentialRow, then: Callable[[], None]) -> None:
        def changed(holds: bool) -> None:  # noqa: FBT001 - as all kept changes
            if holds:
                self._book.drop(row)
            then()

        self._dispatcher.turn_input.credentials.drop(row.id, row.version, changed)
        self._dispatcher.loop.schedule_turn()
