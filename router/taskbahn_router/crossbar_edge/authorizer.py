"""Which topics of single jobs a client hears: Crossbar asks here each time, for its own permissions know roles alone and no owners.

All other decisions about these roles are those of the table of procedures, as for the roles that Crossbar knows whole; it remembers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn_router.access.ownership import Own
from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.model.roles import rules_of
from taskbahn_router.procedures import hears_own_jobs
from taskbahn_router.role_permissions import AUTHORIZER, SUBSCRIBE, allows, is_static

if TYPE_CHECKING:
    from taskbahn_router.access.ownership import Ownership

EXACT = (None, "exact")


class Authorizer:
    """Answers `taskbahn.authorize` for Crossbar."""

    def __init__(self, ownership: Ownership) -> None:
        self._owns = ownership.confined(Own.JOB, lambda call: call.answer(True), changes=False, has=hears_own_jobs)

    def decide(
        self, details: dict[str, Any], uri: str, action: str, options: dict[str, Any] | None = None
    ) -> dict[str, Any] | Deferred[dict[str, Any]]:  # fmt: skip
        """Return what Crossbar takes: whether a session may do that."""
        role = str(details.get("authrole"))
        is_exact = (options or {}).get("match") in EXACT
        if action == SUBSCRIBE and uri.startswith(messages.JOB_TOPIC):
            rules = rules_of(role)
            may_hear = is_exact and (rules is None or hears_own_jobs(rules))
            return self._is_own(details, role, uri.removeprefix(messages.JOB_TOPIC)) if may_hear else _answer(allowed=False)
        return _answer(allowed=allows(role, uri, action), is_kept=is_static(uri))

    def _is_own(self, details: dict[str, Any], role: str, id: str) -> Deferred[dict[str, Any]]:
        answer = _Answer()
        call = PendingCall(
            answer, 0, AUTHORIZER, [id], {}, caller=details.get("session"), authid=details.get("authid"), role=role
        )  # fmt: skip
        try:
            self._owns(call)
        except TaskbahnError as error:
            call.fail(error)
        return answer.found


class _Answer:
    """Takes what became of the question whose a job is."""

    def __init__(self) -> None:
        self.found: Deferred[dict[str, Any]] = Deferred()

    def progress(self, request: int, value: Any) -> None:
        """There is none."""

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """It is of the session."""
        self.found.callback(_answer(allowed=True))

    def fail(self, request: int, error: TaskbahnError) -> None:
        """It is of another one, or there is none, or the store does not answer."""
        self.found.callback(_answer(allowed=False))


def _answer(*, allowed: bool, is_kept: bool = False) -> dict[str, Any]:
    return {"allow": allowed, "disclose": True, "cache": is_kept}
