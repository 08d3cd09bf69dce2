"""What sessions of own roles may start by the names of tasks, and give to a page by a browser token: no more than they have themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.access_errors import NotAllowed
from taskbahn.protocol import messages
from taskbahn.protocol.access import VERBS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.roles import RoleRules


def check_rights(rules: RoleRules | None, claims: Mapping[str, Any]) -> None:
    """Raise NotAllowed where a token would have verbs that its maker lacks. Tasks are checked when it starts them.

    rules: of the maker's role, if that is an own one.
    """
    if rules is None or rules.may is None:
        return
    wanted = {messages.JOB_WATCH: "watch"} | {f"taskbahn.job.{verb}": verb for verb in VERBS if claims.get(verb)}
    wanted |= {messages.SUBMIT: "start"} if claims.get("start") else {}
    for uri, verb in wanted.items():
        if uri not in rules.may:
            raise NotAllowed(f"the role {rules.name} may not {verb} jobs, and so gives no such token: its `may` lacks {uri}")


def starting(handler: Callable[[PendingCall], Any]) -> Callable[[PendingCall], Any]:
    """Return a handler of calls of tasks by their names, which refuses those whose role starts no jobs.  Raises NotAllowed."""

    def handle(call: PendingCall) -> Any:
        rules = call.rules
        if rules is not None and rules.may is not None and messages.SUBMIT not in rules.may:
            raise NotAllowed(f"the role {rules.name} may not start jobs: its `may` lacks {messages.SUBMIT}")
        return handler(call)

    return handle
