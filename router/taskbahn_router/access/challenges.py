"""Sessions that were asked to prove that they have a key: a challenge is open until its answer has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.book import CredentialBook, Principal

MAX_OPEN = 10_000  # the oldest give way: strangers may ask for challenges and never answer
OPEN_SECONDS = 60.0


class Challenges:
    """Knows which key each of them would prove, and says to the book when it has.

    seconds: a clock that never goes back.
    """

    def __init__(self, book: CredentialBook, seconds: Callable[[], float]) -> None:
        self._book = book
        self._seconds = seconds
        self._open: dict[int, tuple[Principal | None, float]] = {}  # by session, the oldest first

    def asked(self, session: int, principal: Principal | None) -> None:
        """Take note: a session was asked for a proof.  principal: None: of a key that there is not, which the session need not know."""
        now = self._seconds()
        self._open.pop(session, None)
        while self._open and (len(self._open) >= MAX_OPEN or next(iter(self._open.values()))[1] < now - OPEN_SECONDS):
            del self._open[next(iter(self._open))]
        self._open[session] = (principal, now)

    def joined(self, session: int) -> None:
        """Take note: a session is open. One that was asked has given the proof."""
        principal, _ = self._open.pop(session, (None, 0.0))
        if principal is not None:
            self._book.opened(session, principal)

    def failed(self, session: int) -> str | None:
        """Take note: the answer of a session proves nothing. Return the key that it was to prove; None: there is no such key."""
        principal, _ = self._open.pop(session, (None, 0.0))
        return None if principal is None else f"{principal.credential} of {principal.name}"

    def __len__(self) -> int:
        return len(self._open)
