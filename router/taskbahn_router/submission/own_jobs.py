"""Whose jobs a submission makes, and what a client that has only its own jobs may name in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.access_errors import NotAllowed
from taskbahn.errors import ID_TAKEN, InvalidRequest, TaskbahnError, UnknownJob
from taskbahn.protocol.access import PRINCIPAL
from taskbahn.protocol.outgoing import BUILT_IN
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.state import both_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.model.state import DispatcherState

VALUES = ("args", "kwargs", "packed")


def caller_of(state: DispatcherState, entry: Any, authid: str | None, *, is_confined: bool) -> str | None:
    """Return whose the jobs of an entry are: what an attempt starts is of the caller of its job, unless a schedule started that.

    is_confined: whether *authid* has only its own jobs.  Raises UnknownJob and NotAllowed then.
    """
    if not isinstance(entry, dict):
        return authid
    ids = [id for name in ("parent", "group_of") if (id := entry.get(name))]
    if is_confined:
        check_tasks(entry)
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


def check_tasks(entry: dict[str, Any]) -> None:
    """Raise NotAllowed if a client names a task that sends something to the outside; tasks may have these as callbacks."""
    left: list[Any] = [entry]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if one.get("task") in BUILT_IN:
                raise NotAllowed(
                    f"the role client may not call {one['task']}: have a task of a worker do so, or a callback of a task"
                )
            left.extend(value for name, value in one.items() if name not in VALUES)
        elif isinstance(one, list):
            left.extend(one)
