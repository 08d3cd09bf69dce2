"""Logins that have begun: what the browser keeps of one until the provider has sent it back.

The browser has it in a cookie that is signed by a key of this process: a node remembers nothing of strangers who only begin. A login that
has come back is noted until its time is over, so that it comes back once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 600.0  # for which a person may take to log in at the provider
MAX_USED = 10_000


class Login(NamedTuple):
    """One login.   state: names it to the provider.   nonce: to be in the ID token.   verifier: of PKCE.   redirect: where to come back."""

    state: str
    nonce: str
    verifier: str
    redirect: str
    ends: float

    @property
    def challenge(self) -> str:
        """What the provider learns of the verifier."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


class PendingLogins:
    """Begins them and takes them back.   clock: seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._used: dict[str, float] = {}  # state -> when its login is over

    def begin(self, redirect: str) -> tuple[Login, str]:
        """Return a login, and what the browser keeps of it."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        login = Login(state, nonce, verifier, redirect, self._clock() + SECONDS)
        data = json.dumps(login).encode()
        return login, f"{_text(data)}.{_text(self._sign(data))}"

    def take(self, kept: str, state: str) -> Login | None:
        """Return the login that a browser has kept, once; None: it has none of that state, or it is over."""
        now = self._clock()
        try:
            data, signature = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in kept.split("."))
        except ValueError:
            return None
        if not hmac.compare_digest(signature, self._sign(data)):
            return None
        login = Login(*json.loads(data))
        if not hmac.compare_digest(login.state.encode(), state.encode("utf-8", "replace")) or now > login.ends:
            return None
        if login.state in self._used:
            return None
        self._note(login, now)
        return login

    def _note(self, login: Login, now: float) -> None:
        for state in [state for state, ends in self._used.items() if ends < now]:
            del self._used[state]
        while len(self._used) >= MAX_USED:
            del self._used[next(iter(self._used))]  # the oldest one; the provider takes its code only once anyway
        self._used[login.state] = login.ends

    def _sign(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
