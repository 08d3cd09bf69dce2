"""How a connection says who it is: an API token as WAMP's ticket, a user's password with the name as authid, or a key (`key_file`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskbahn.errors import InvalidOption
from taskbahn.protocol.access import ANYONE, PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import Callable

NO_METHOD = "wamp.error.no_auth_method"
FAILED = "wamp.error.authentication_failed"
# what a router says of a login that it refuses; it says no more to strangers
REFUSALS = {
    NO_METHOD: "this node wants a login: set TASKBAHN_TOKEN to a token of it (`taskbahn token create` makes one), or give Taskbahn(token=...)",
    FAILED: (
        "this node does not know the token, or the token is revoked or over: see `taskbahn token list`, as an admin, and make another one"
    ),
}
OF_PROGRAM = "Taskbahn(token=...)"
TOO_MANY = "taskbahn.error.too_many_logins"
REASONS = {
    "wamp.error.authentication_denied",
    "wamp.error.no_such_principal",
    "wamp.error.no_such_role",
    "wamp.error.authorization_failed",
    "wamp.error.not_authorized",
}


class Hello(NamedTuple):
    """What a session says when it wants to join.   methods: by which it can log in.   extra: for the method."""

    methods: list[str] | None
    authid: str | None
    extra: dict[str, Any] | None = None


class Login(Protocol):
    """How a session logs in."""

    def hello(self) -> Hello:
        """Return what the session says of itself."""

    def answer(self, method: str, extra: dict[str, Any]) -> str:
        """Return the answer to a challenge.  Raises ValueError."""

    def remedy(self, reason: str) -> str:
        """Return what helps against a login that was refused for a reason."""

    def too_early(self, said: str) -> str:
        """Return what to say of a login that came before its time.   said: the router's own sentence."""


class Token(NamedTuple):
    """Where a token, or a password, comes from.   read: gives its text, once for each connection.   name: of the user with a password.

    source: where the user of this program looks to change it.
    """

    read: Callable[[], str]
    name: str = ANYONE
    source: str = ""

    def __repr__(self) -> str:
        return "Token(…)"

    def hello(self) -> Hello:
        """Return what the session says: the token alone says who it is. A node without login asks for none."""
        return Hello(["ticket", "anonymous"], self.name)

    def answer(self, method: str, extra: dict[str, Any]) -> str:
        """Return the text of the token.  Raises ValueError."""
        if method != "ticket":
            raise ValueError(f"{method} is no login with a token")
        return self.read()

    def remedy(self, reason: str) -> str:
        """Return what helps against a login that was refused for a reason."""
        if reason == NO_METHOD:
            return REFUSALS[NO_METHOD]
        if self.name != ANYONE:
            return f"this node does not know the user, or the password is another one: see {self.source or 'both'}"
        return f"{REFUSALS[FAILED]}{f'; this one is from {self.source}' if self.source else ''}"

    def too_early(self, said: str) -> str:
        """Return what to say of a login that came before its time."""
        return f"this node does not know the token; {said}" if self.name == ANYONE else said


def token_of(given: Any) -> Token | None:
    """Return the token that a user gives to an application: a text, or a function that returns one.

    None: that of the environment, TASKBAHN_TOKEN, or TASKBAHN_USER and TASKBAHN_PASSWORD, if these are set.
    Raises InvalidOption, in which no text of a token is.
    """
    if given is None:
        return _of_environment()
    if isinstance(given, str):
        return fixed(given.strip(), "token")._replace(source=OF_PROGRAM)
    if not callable(given):
        raise InvalidOption(f"token is a text, or a function that returns one, not a {type(given).__name__}", option="token")

    def read() -> str:
        try:
            text = given()
        except Exception as error:  # noqa: BLE001 - it is the user's
            raise InvalidOption(
                f"the function given as token raised {type(error).__name__}: {error!s:.300}", option="token"
            ) from None
        if not isinstance(text, str):
            what = "None" if text is None else f"a {type(text).__name__}"
            raise InvalidOption(f"the function given as token returned {what}, and not the text of a token", option="token")
        return text.strip()

    return Token(read, source=OF_PROGRAM)


def _of_environment() -> Token | None:
    text, name, password = (os.environ.get(f"TASKBAHN_{word}", "") for word in ("TOKEN", "USER", "PASSWORD"))
    if text.strip() and (name or password):
        raise InvalidOption("TASKBAHN_TOKEN and TASKBAHN_USER are two logins: set one of them", option="token")
    if text.strip():
        return fixed(text.strip(), "TASKBAHN_TOKEN")
    if not name and not password:
        return None
    if not name or not password:
        raise InvalidOption("TASKBAHN_USER and TASKBAHN_PASSWORD belong together: set both", option="token")
    if not PRINCIPAL.fullmatch(name):
        raise InvalidOption(f"TASKBAHN_USER = {name!r:.120} is no name of a user", option="token")
    return Token(lambda: password, name, "TASKBAHN_USER and TASKBAHN_PASSWORD")


def refusal(reason: str, login: Login | None, said: str | None = None) -> str | None:
    """Return what helps against the reason with which a router ended a session that was not open yet; None: that was no login.

    said: the router's own sentence.
    """
    if reason == TOO_MANY and said:
        return said if login is None else login.too_early(said)
    if reason not in REFUSALS and reason not in REASONS:
        return None
    return REFUSALS[NO_METHOD if reason == NO_METHOD else FAILED] if login is None else login.remedy(reason)


def fixed(text: str, source: str) -> Token:
    """Return a token whose text stays.   source: who says it.  Raises InvalidOption, in which nothing of it is."""
    if not text.isprintable() or not text.isascii() or not text or " " in text:
        raise InvalidOption(
            f"{source} is no token: it is one word of ASCII letters, as `taskbahn token create` prints it", option="token"
        )
    return Token(lambda: text, source=source)


def login_of(token: Any, key_file: Any, url: Any = None) -> Login | None:
    """Return how an application logs in: by what its user gives, or else by what the environment has.

    url: the address that the user gives; it, or else that of TASKBAHN_URL, may have a login in it.   Raises InvalidOption.
    """
    from taskbahn.transport.credentials import split_address
    from taskbahn.transport.key_file import VARIABLE, key_of

    if token is not None and key_file is not None:
        raise InvalidOption("a login is by token or by key_file: give one of them", option="key_file")
    is_given = url is not None
    _, in_address = split_address(url if is_given else os.environ.get("TASKBAHN_URL"), "url" if is_given else "TASKBAHN_URL")
    given = [name for name, value in (("token", token), ("key_file", key_file)) if value is not None]
    others = [name for name in ("TASKBAHN_TOKEN", "TASKBAHN_USER", VARIABLE) if os.environ.get(name, "").strip()]
    if in_address is not None and (given or (others and not is_given)):
        raise InvalidOption(f"{[*given, *others][0]} is a login, and the address has one, too: give one of them", option="token")
    if in_address is not None:
        return in_address
    if not given and VARIABLE in others and len(others) > 1:
        raise InvalidOption(f"{others[0]} and {VARIABLE} are both set: unset one of them", option="key_file")
    if token is None and (key := key_of(key_file)) is not None:
        return key
    return token_of(token)
