"""How a connection says who it is: an API token as WAMP's ticket."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Callable

NO_METHOD = "wamp.error.no_auth_method"
# what a router says of a login that it refuses; it says no more to strangers
REFUSALS = {
    NO_METHOD: "this node wants a login: set TASKBAHN_TOKEN to a token of it (`taskbahn token create` makes one), or give Taskbahn(token=...)",
    "wamp.error.authentication_failed": (
        "this node does not know the token, or the token is revoked or over: see `taskbahn token list`, as an admin, and make another one"
    ),
}
KEYS = {
    "wamp.error.authentication_denied",
    "wamp.error.no_such_principal",
    "wamp.error.no_such_role",
    "wamp.error.authorization_failed",
}


class Token(NamedTuple):
    """Where a token comes from.   read: gives its text, once for each connection."""

    read: Callable[[], str]

    def __repr__(self) -> str:
        return "Token(…)"


def token_of(given: Any) -> Token | None:
    """Return the token that a user gives to an application: a text, or a function that returns one; None: TASKBAHN_TOKEN, if it is set.

    Raises InvalidOption, in which no text of a token is.
    """
    if given is None:
        text = os.environ.get("TASKBAHN_TOKEN", "").strip()
        return _fixed(text, "TASKBAHN_TOKEN") if text else None
    if isinstance(given, str):
        return _fixed(given.strip(), "token")
    if not callable(given):
        raise InvalidOption(f"token is a text, or a function that returns one, not a {type(given).__name__}", option="token")

    def read() -> str:
        text = given()
        if not isinstance(text, str):
            raise InvalidOption(
                f"the function token returned a {type(text).__name__}, and not the text of a token", option="token"
            )
        return text.strip()

    return Token(read)


def refusal(reason: str) -> str | None:
    """Return what helps against the reason with which a router ended a session that was not open yet; None: that was no login."""
    if reason in KEYS:
        return REFUSALS["wamp.error.authentication_failed"]
    return REFUSALS.get(reason)


def _fixed(text: str, source: str) -> Token:
    if not text.isprintable() or not text.isascii() or not text or " " in text:
        raise InvalidOption(
            f"{source} is no token: it is one word of ASCII letters, as `taskbahn token create` prints it", option="token"
        )
    return Token(lambda: text)
