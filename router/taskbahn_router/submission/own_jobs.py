"""Whose jobs a submission makes, and what a client that has only its own jobs may name in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskbahn.access_errors import NotAllowed
from taskbahn.errors import ID_TAKEN, InvalidRequest, TaskbahnError, UnknownJob
from taskbahn.protocol.access import PRINCIPAL
from taskbahn.protocol.outgoing import BUILT_IN
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.roles import matches
from taskbahn_router.model.state import both_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.model.roles import RoleRules
    from taskbahn_router.model.state import DispatcherState

VALUES = ("args", "kwargs", "packed")
SHOWN = 5  # patterns in a sentence


def caller_of(
    state: DispatcherState, entry: Any, authid: str | None, *, is_confined: bool, rules: RoleRules | None = None
) -> str | None:  # fmt: skip
    """Return whose the jobs of an entry are: what an attempt starts is of the caller of its job, unless a schedule started that.

    is_confined: whether *authid* has only its own jobs.   rules: of its role, if that is an own one.  Raises UnknownJob, NotAllowed and
    InvalidRequest.
    """
    if type(entry) is not dict:
        if isinstance(entry, Mapping):  # which the checks below would not look into
            raise InvalidRequest("an entry of a submission is a plain map")
        return authid  # what is no map is refused when it is read
    ids = [id for name in ("parent", "group_of") if (id := entry.get(name))]
    if is_confined or (rules is not None and rules.calls is not None):
        check_tasks(entry, rules, is_confined=is_confined)
        _check_declared(entry.get("declarations"), rules)
    if is_confined:
        check_own(state, ids, authid)
    job = state.jobs.get(both_ids(ids[0])[0]) if ids else None
    return job.caller if job is not None and job.caller is not None and PRINCIPAL.fullmatch(job.caller) else authid


def check_allowed(entry: Any) -> None:
    """Raise the error that is in the place of an entry which a browser token does not allow."""
    if isinstance(entry, TaskbahnError):
        raise entry


def check_own(state: DispatcherState, ids: Iterable[Any], authid: str | None) -> None:
    """Raise UnknownJob unless jobs are live and of that caller; a job of others and none at all get the same answer."""
    for id in ids:
        text = id_text(id) if isinstance(id, bytes) else both_ids(id)[0]
        job = state.jobs.get(text)
        if job is None or authid is None or job.caller != authid:
            raise UnknownJob(text)


def check_free(state: DispatcherState, id: str, authid: str | None, tags: tuple[str, ...] | None = None) -> None:
    """Raise InvalidRequest if a live job of another caller has an id that a client gives to a new one.

    tags: those of the new one, if a job with others is another one's.
    """
    job = state.jobs.get(id)
    if job is not None and (job.caller != authid or (tags is not None and job.policy.tags != tags)):
        raise InvalidRequest(f"the id {id} is taken; {ID_TAKEN}")


def check_tasks(entry: Any, rules: RoleRules | None, *, is_confined: bool) -> None:
    """Raise NotAllowed if a session names a task that its role may not start.

    is_confined: whether it is a client, which starts nothing that sends something to the outside; tasks may have these as callbacks.
    """
    left: list[Any] = [entry]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            task = one.get("task")
            if isinstance(task, str):
                check_task(task, rules, is_confined=is_confined)
            left.extend(value for name, value in one.items() if name not in VALUES)
        elif isinstance(one, list):
            left.extend(one)


def _check_declared(declarations: Any, rules: RoleRules | None) -> None:
    """Raise NotAllowed if the code of a caller declares tasks that its role may not start."""
    for one in declarations if isinstance(declarations, list) and rules is not None else ():
        if isinstance(one, dict) and isinstance(name := one.get("name"), str):
            check_task(name, rules, is_confined=False)


def check_task(task: str, rules: RoleRules | None, *, is_confined: bool) -> None:
    """Raise NotAllowed if a role may not start a task."""
    if is_confined and task in BUILT_IN:
        name = "client" if rules is None else rules.name
        raise NotAllowed(f"the role {name} may not call {task}: have a task of a worker do so, or a callback of a task")
    if rules is not None and not matches(rules.calls, task):
        raise NotAllowed(f"the role {rules.name} may not call {task:.200}: its `calls` have {_shown(rules.calls)}")


def check_declared(rules: RoleRules | None, declared: Any) -> None:
    """Raise NotAllowed if what a worker declares would start a task that its role may neither start nor offer."""
    if rules is not None and rules.calls is not None:
        within = (*rules.calls, *(rules.offers or ()))
        check_tasks(declared, rules._replace(calls=within), is_confined=False)


def check_offers(rules: RoleRules | None, tasks: Iterable[str], queues: Iterable[str]) -> None:
    """Raise NotAllowed if a worker of a role offers a task, or takes from a queue, that the role does not have."""
    if rules is None:
        return
    offered = ("offers", "offer", rules.offers, tasks)
    for word, what, patterns, names in (offered, ("queues", "take from the queue", rules.queues, queues)):
        for name in names:
            if not matches(patterns, name):
                raise NotAllowed(f"the role {rules.name} may not {what} {name:.200}: its `{word}` have {_shown(patterns)}")


def _shown(patterns: tuple[str, ...] | None) -> str:
    listed = patterns or ()
    return f"{', '.join(listed[:SHOWN])}{' and more' if len(listed) > SHOWN else ''}" or "nothing"
