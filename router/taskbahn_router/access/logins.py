"""Refused logins: counted, audited, and answered the later the more of them there are. Every way to log in asks here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from taskbahn.errors import PREFIX
from taskbahn_router.access.throttle import LOCK_SECONDS, LOCKS_AT, Failed, LoginThrottle

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.dispatcher.auditing import Auditing

TOO_MANY = PREFIX + "too_many_logins"  # the reason of WAMP's ABORT; over HTTP it is the status 429
EARLY = "its address has to wait"
# How the reasons begin of what was never right. What is over, revoked or of another role was, so it is no guess.
GUESSES = (
    EARLY, "no such ", "a wrong password", "no key of this node", "this browser token is wrong", "its ticket is no text", "it shows several",
    "its answer does not prove", "a second answer to a challenge", "cryptosign with", "wampcra with",
    "no certificate of it", "tls with",
)  # fmt: skip
LOCKED = f"{LOCKS_AT} logins of this address have failed, and it is locked for {LOCK_SECONDS / 60:.0f} min"


class RefusedLogins:
    """Says what a refused login hears, and the operator all of it.   clock: seconds, monotonic."""

    log = Logger("taskbahn.logins")

    def __init__(self, auditing: Auditing, clock: Callable[[], float]) -> None:
        self._auditing = auditing
        self.throttle = LoginThrottle(clock)

    def too_early(self, address: str | None, transport: str, name: str | None = None) -> Failed | None:
        """Return the refusal of a try that comes before its time; None: it may be looked at.

        It is for what people choose, as passwords, before anything is computed. API tokens are looked up first: see `LoginThrottle`.
        """
        if not self.throttle.wait(address):
            return None
        return self.refuse(address, transport, EARLY, name=name)

    def note(self, address: str | None, transport: str, why: str) -> None:
        """Note for the operator that a login will be refused; what it shows is still to come, and counts then."""
        self._auditing.refused_login(address, transport, why)

    def refuse(self, address: str | None, transport: str, why: str, *, name: str | None = None, is_noted: bool = False) -> Failed:
        """Note a refused login; return what follows for the one that tried.   why: for the operator, as those say that look it up."""
        if not is_noted:
            self.note(address, transport, why)
        if not why.startswith(GUESSES):
            return Failed(0.0)
        failed = self.throttle.failed(address, name)
        if failed.locked:  # into the log itself, too: the audit counts those of many addresses together
            self.log.warn("{what} ({address}, by {transport})", what=LOCKED, address=address, transport=transport)
            self._auditing.refused_login(address, transport, LOCKED)
        return failed
