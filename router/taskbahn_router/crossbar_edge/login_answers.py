"""What Crossbar does with the answers to its challenges, and what a node needs beside: it calls nothing of a node for them.

- A wrong answer is refused with the same sentence as all else, counts for the throttle of logins, and the operator learns why. Crossbar's
  own sentences say what was wrong.
- A challenge takes one answer. Crossbar takes any number.
- The challenge of WAMP-CRA does not say which role a name has. Crossbar's does.
- One with a right answer counts for the limits of its role, as all others do.
- What comes with a HELLO and is no part of a login with a key is refused unread: Crossbar would load a blockchain library for it.

- A session that wants to log in with a certificate and shows none is refused as all others.

`TASKBAHN_LOGIN_ANSWERS=0` leaves Crossbar as it is, and so does another version or shape of it (`misfit`).
"""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import Accept, Deny

from taskbahn.workarounds import LOGIN_ANSWERS, first, missing, other_arguments, other_version
from taskbahn_router.core.credentials import SHARED, SIGNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    Failed = Callable[[int, dict[str, Any], str], Deferred[Any]]
    MayJoin = Callable[[str, str], None]

TLS = "tls"
CHALLENGED = (SIGNING, SHARED)
METHODS = (*CHALLENGED, TLS)
SIGNED = re.compile(r"[0-9a-fA-F]{192}")  # a signature and what it signs
NO_ROLE = "unknown"  # what a challenge says of the role of a name
UNREAD = ("certificates", "trustroot")


def misfit() -> str:
    """Say what of Crossbar's logins is not as it is expected here, or nothing."""
    from crossbar.router import auth

    kinds = [auth.AUTHMETHOD_MAP.get(method) for method in METHODS]
    return first(
        other_version("crossbar"),
        *(missing(kind, "hello", "authenticate") for kind in kinds),
        *(missing(auth.AUTHMETHOD_MAP.get(method), "_compute_challenge") for method in CHALLENGED),
        *(other_arguments(getattr(kind, "authenticate", None), "self", "signature") for kind in kinds),
        *(other_arguments(getattr(kind, "hello", None), "self", "realm", "details") for kind in kinds),
    )


def begin(failed: Failed, may_join: MayJoin) -> None:
    """Stand between Crossbar and its logins from now on, if that is wanted and fits.

    failed: called with the session that is not let in, what Crossbar knows of it, and why; "": its answer is wrong. Its Deferred fails with
    what the session hears.   may_join: called with the name and the role of one that has proved its key; raises ApplicationError.
    """
    from crossbar.router import auth

    for method in METHODS if LOGIN_ANSWERS.is_on(misfit) else ():
        auth.AUTHMETHOD_MAP[method] = _checked(auth.AUTHMETHOD_MAP[method], failed, may_join)


def _checked(kind: Any, failed: Failed, may_join: MayJoin) -> Any:
    class Checked(kind):  # type: ignore[misc]  # Crossbar's class, by its method
        __doc__ = kind.__doc__
        _authrole: Any
        _taskbahn_answered = False

        def hello(self, realm: str, details: Any) -> Any:
            """Take the words of a session that wants to join."""
            why = _why_not(self, details.authextra or {})
            return self._refused(why) if why else super().hello(realm, details)

        def _compute_challenge(self, *given: Any) -> Any:
            role, self._authrole = self._authrole, NO_ROLE
            try:
                return super()._compute_challenge(*given)
            finally:
                self._authrole = role

        def _may_fit(self, signature: Any) -> bool:
            """Return whether it may be looked at: Crossbar's log would have what strangers send, and a secret sent by mistake."""
            if not isinstance(signature, str):
                return False
            if self.AUTHMETHOD == SIGNING:
                return SIGNED.fullmatch(signature) is not None
            return compare_digest(signature.encode("utf-8", "surrogatepass"), str(self._signature).encode())

        def authenticate(self, signature: Any) -> Any:
            """Take the answer to the challenge: one."""
            answered, self._taskbahn_answered = self._taskbahn_answered, True
            found = None if answered or not self._may_fit(signature) else super().authenticate(signature)
            if type(found) is Accept:
                return _within_limits(found, may_join)
            return self._refused("a second answer to a challenge" if answered else "")

        def _refused(self, why: str) -> Any:
            return failed(self._session_details["session"], self._session_details, why).addErrback(_denial)

    return Checked


def _why_not(login: Any, extra: dict[str, Any]) -> str:
    """Return why Crossbar is not asked about a session that wants to join, or nothing."""
    unread = [name for name in UNREAD if name in extra]
    if unread:
        return f"{login.AUTHMETHOD} with {unread[0]}"
    return "tls without a certificate" if login.AUTHMETHOD == TLS and not login._peer_cert else ""  # noqa: SLF001


def _within_limits(found: Accept, may_join: MayJoin) -> Accept | Deny:
    try:
        may_join(str(found.authid), str(found.authrole))
    except ApplicationError as error:
        return Deny(error.error, error.args[0])
    return found


def _denial(failure: Failure) -> Deny:
    error: Any = failure.value
    return Deny(error.error, error.args[0])
