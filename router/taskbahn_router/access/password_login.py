"""Who has shown a name and a password: asked by sessions and by the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from taskbahn.errors import InvalidRequest
from taskbahn_router.access.book import Principal
from taskbahn_router.access.passwords import prepared
from taskbahn_router.core.credentials import USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.book import CredentialBook
    from taskbahn_router.access.password_checks import PasswordChecks
    from taskbahn_router.model.ports import Clock

NO_PASSWORD = b"?"  # in the place of what can be none: comparing takes its time all the same


class PasswordLogin:
    """Finds users by what they show.

    delay: seconds after which a try of a name is answered. A right password comes as late as a wrong one is refused, by the clock, so
    who guesses cannot go on without the answer.
    """

    def __init__(
        self,
        book: CredentialBook,
        checks: PasswordChecks,
        delay: Callable[[str], float] = lambda _: 0.0,
        clock: Clock | None = None,
    ) -> None:
        self._book = book
        self._checks = checks
        self._delay = delay
        self._clock = clock

    def find(self, name: str, password: str, address: str | None) -> Deferred[Principal | str]:
        """Give who a name and its password say that a session is, or why it is refused, which is for the operator alone.

        An unknown name takes as long as a wrong password. No reason has a name that is unknown: it may be a password, typed too early.
        Raises NotReady: too many are being compared.
        """
        row = self._book.user(name)
        if row is not None and row.kind != USER:
            row = None
        try:
            shown = prepared(password)
        except InvalidRequest:
            shown = NO_PASSWORD
        kept = None if row is None else row.proof

        def late(is_right: bool) -> Any:  # noqa: FBT001 - what Deferreds give
            seconds = self._delay(name) if is_right and row is not None else 0.0
            return deferLater(cast("Any", self._clock), seconds, lambda: is_right) if seconds else is_right

        def compared(is_right: bool) -> Principal | str:  # noqa: FBT001 - what Deferreds give
            if row is None:
                return "no such user"
            if not is_right:
                return f"a wrong password of {row.name}"
            now = self._book.user(name)
            if now is None or now.version != row.version or now.mark != row.mark:
                return f"the user {row.name} was changed meanwhile"
            return Principal(row.name, row.role, row.id)

        found: Deferred[Principal | str] = (
            self._checks.compare(kept, shown, address or "").addCallback(late).addCallback(compared)
        )
        return found
