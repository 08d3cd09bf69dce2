"""Sessions that were asked to prove that they have a key: a challenge is open until its answer has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.book import CredentialBook, Principal

MAX_OPEN = 10_000  # the oldest give way: strangers may ask for challenges and never answer
OPEN_SECONDS = 60.0


class Question(NamedTuple):
    """A challenge.   principal: whose proof it asks for; None: there is no such key, which *why* says for the operator.

    name: who the session says that it is.
    """

    principal: Principal | None
    name: str | None = None
    why: str = ""


class Challenges:
    """Knows which key each of them would prove, and says to the book when it has.

    seconds: a clock that never goes back.
    """

    def __init__(self, book: CredentialBook, seconds: Callable[[], float]) -> None:
        self._book = book
        self._seconds = seconds
        self._open: dict[int, tuple[Question, float]] = {}  # by session, the oldest first

    def asked(self, session: int, question: Question) -> None:
        """Take note: a session was asked for a proof. It does not learn whether there is such a key."""
        now = self._seconds()
        self._open.pop(session, None)
        while self._open and (len(self._open) >= MAX_OPEN or next(iter(self._open.values()))[1] < now - OPEN_SECONDS):
            del self._open[next(iter(self._open))]
        self._open[session] = (question, now)

    def joined(self, session: int) -> None:
        """Take note: a session is open. One that was asked has given the proof."""
        question = self._pop(session)
        if question is not None and question.principal is not None:
            self._book.opened(session, question.principal)

    def failed(self, session: int) -> Question | None:
        """Take note: the answer of a session proves nothing. Return what it was asked; None: nothing, or too long ago."""
        return self._pop(session)

    def _pop(self, session: int) -> Question | None:
        return self._open.pop(session, (None, 0.0))[0]

    def __len__(self) -> int:
        return len(self._open)
