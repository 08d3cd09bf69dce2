"""One WAMP call on its way through the dispatcher, as its parts see it: arguments in, progress and one answer out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from taskbahn.protocol.access import Role
from taskbahn_router.model.roles import base_of, rules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from taskbahn.errors import TaskbahnError
    from taskbahn_router.core.audit import Act
    from taskbahn_router.model.roles import RoleRules
    from taskbahn_router.model.scope import Scope


CONFINED = frozenset((Role.CLIENT.value, Role.BROWSER.value))
RANDOM = re.compile(r"[3-9A-Y]{4}(-[3-9A-Y]{4}){5}")  # what Crossbar calls anonymous sessions


class Replies(Protocol):
    """What carries answers back to the caller."""

    def progress(self, request: int, value: Any) -> None:
        """Send a progressive result."""

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """Send the result."""

    def fail(self, request: int, error: TaskbahnError) -> None:
        """Send an error."""


class PendingCall:
    """A pending call; `on_gone(cancelled)` is called when the caller cancelled it (True) or may have gone away (False).

    authid: whose jobs are its own.   who: the name of its session: of one with a browser token also the token's id.
    act: what the audit says of it, if its procedure is audited.   on_refused: is called with the error with which it fails.
    """

    __slots__ = (
        "__weakref__", "act", "args", "authid", "caller", "foreign", "kwargs", "on_gone", "on_refused", "open", "procedure", "replies",
        "request", "role", "scope", "verb", "wants_progress", "who",
    )  # fmt: skip

    def __init__(
        self,
        replies: Replies,
        request: int,
        procedure: str,
        args: list[Any],
        kwargs: dict[str, Any],
        *,
        caller: int | None = None,
        authid: str | None = None,
        role: str | None = None,
        wants_progress: bool = False,
    ) -> None:
        self.replies = replies
        self.request = request
        self.procedure = procedure
        self.args = args
        self.kwargs = kwargs
        self.caller = caller
        self.who = authid
        self.authid = authid if role != Role.BROWSER else authid and authid.partition("/")[0]  # who made its token
        self.role = role
        self.scope: Scope | None = None  # what its browser token names
        self.verb: str | None = None  # which of the verbs that a token names it is
        self.foreign: Collection[object] = ()  # ids among its arguments that are, for this caller, of no job
        self.wants_progress = wants_progress
        self.open = True
        self.on_gone: Callable[[bool], None] | None = None
        self.act: Act | None = None
        self.on_refused: Callable[[TaskbahnError], None] | None = None

    @property
    def is_confined(self) -> bool:
        """Whether the session has only its own jobs."""
        return self.base_role in CONFINED

    @property
    def base_role(self) -> str | None:
        """The role of the session, of an own one the base."""
        return base_of(self.role)

    @property
    def rules(self) -> RoleRules | None:
        """The rules of the session's own role, or of that of who has made its browser token; None: it has none."""
        return rules_of(self.role if self.scope is None else self.scope.role)

    @property
    def name(self) -> str | None:
        """Who calls, if the session has a name that says something: the one of an anonymous session is random."""
        return None if self.authid is None or RANDOM.fullmatch(self.authid) else self.authid

    def by(self, given: str) -> str | None:
        """Return who calls, for people to read: with login its name, with what the caller says beside it; else what that says.

        given: what the caller says; "": nothing.
        """
        if self.base_role not in list(Role):
            return given or self.name
        return f"{self.who} ({given})" if given and given != self.who else self.who

    def about(self, object: str, **words: Any) -> Act | None:  # noqa: A002 - as the audit names it
        """Say to the audit what the call is about: what its procedure changes, and the words of `Act`; return all that it says."""
        if self.act is not None:
            self.act = self.act._replace(object=object, **words)
        return self.act

    def progress(self, value: Any) -> None:
        """Send a progressive result, if the caller is there and asked for them."""
        if self.open and self.wants_progress:
            self.replies.progress(self.request, value)

    def answer(self, *args: Any, **kwargs: Any) -> None:
        """End the call with a result."""
        if self.open:
            self.open = False
            self.replies.answer(self.request, list(args), kwargs or None)

    def fail(self, error: TaskbahnError) -> None:
        """End the call with an error."""
        if self.open:
            self.open = False
            self.replies.fail(self.request, error)
            if self.on_refused is not None:
                self.on_refused(error)

    def gone(self, *, cancelled: bool) -> None:
        """Call `on_gone`: the caller does not wait any more."""
        if self.on_gone is not None:
            self.on_gone(cancelled)
