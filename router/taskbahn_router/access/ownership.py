"""Which jobs are a client's own: decided here, for every procedure that clients have.

With login a client has the jobs that were submitted under its name. A job of others and one that does not exist get the same answer
by the same way: both are looked up in the store.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any

from taskbahn.access_errors import NotAllowed
from taskbahn.errors import InvalidRequest, TaskbahnError, TooLarge, UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn_router.model.scope import Named
from taskbahn_router.model.state import both_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from taskbahn_router.access.scoped_starts import ScopedStarts
    from taskbahn_router.model.pending_call import PendingCall, Replies
    from taskbahn_router.model.roles import RoleRules
    from taskbahn_router.model.scope import Scope
    from taskbahn_router.model.state import DispatcherState
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

    Handler = Callable[[PendingCall], None]

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANOTHER = "of another client"  # in the place of an id
OF_TASKS = ("name", "doc", "signature", "workers", "ready", "running")  # what of a task clients see: how to call it, and the load


class Own(Enum):
    """What of a procedure clients have with login."""

    NEW = auto()  # their jobs are made by it
    JOB = auto()  # its first argument is a job, one of their own
    JOBS = auto()  # a list of jobs; to those of others it answers as to those that do not exist
    LIST = auto()  # of their own jobs
    WAIT = auto()  # why one of their own jobs waits; jobs of others that hold it have no ids
    SELF = auto()  # what it changes of itself
    TASKS = auto()  # how they are called, and their load: no jobs of others and nothing of what became of these
    TOKEN = auto()  # the handler looks itself at which jobs the call names


class Ownership:
    """Confines clients to their own jobs.

    *state* has the jobs that are live, *reader* all others; *ask* runs a function on the reader's thread for a call.
    """

    def __init__(self, state: DispatcherState, scope_of: Callable[[int | None], Scope | None], starts: ScopedStarts) -> None:
        self._state = state
        self._scope_of = scope_of
        self._starts = starts
        self._reader: Reader
        self._ask: Ask

    def begin(self, reader: Reader, ask: Ask) -> None:
        """Answer from now on."""
        self._reader, self._ask = reader, ask

    def confined(
        self, own: Own, handler: Handler, *, changes: bool, verb: str | None = None,
        has: Callable[[RoleRules], bool] = lambda _: True,
    ) -> Handler:  # fmt: skip
        """Return a handler that does for clients only what is theirs, and for all others what *handler* does.

        changes: whether it changes jobs.   verb: what a browser token has to name for that, beside the job.
        has: whether an own role has the procedure: a page does not do what the role of its token's maker does not, whenever that was made.
        """
        confine: Callable[[PendingCall, Handler], None]
        if own is Own.NEW:
            confine = self._new
        elif own in (Own.TOKEN, Own.SELF):
            confine = _as_it_is
        elif own is Own.JOBS:
            confine = partial(self._jobs, changes=changes)
        elif own is Own.JOB or own is Own.WAIT:
            confine = partial(self._job if own is Own.JOB else self._wait, changes=changes)
        else:
            confine = _list if own is Own.LIST else _tasks

        def handle(call: PendingCall) -> None:
            if not call.is_confined:
                handler(call)
                return
            if call.role == Role.BROWSER:
                call.scope = self._scope_of(call.caller)
                if call.scope is None:
                    return  # its token is over, and its session ends: the client asks again with another token
                call.verb = verb
                if (rules := call.rules) is not None and not has(rules):
                    raise NotAllowed(f"the role {rules.name}, which the maker of this browser token has, may not do that")
            confine(call, handler)

        return handle

    def _new(self, call: PendingCall, handler: Handler) -> None:
        """Let a handler read a submission; whose jobs a client's entries name is checked there."""
        if call.scope is not None:
            self._starts.prepare(call, call.scope)
        handler(call)

    def _job(self, call: PendingCall, handler: Handler, *, changes: bool) -> None:
        id = call.args[0] if call.args else call.kwargs.get("id")
        text, _ = both_ids(id)
        if call.args and "id" in call.kwargs:
            raise InvalidRequest(f"{call.procedure} has the id of the job twice")

        def found(foreign: set[str]) -> None:
            if foreign:
                call.fail(UnknownJob(text))
            elif call.open:
                handler(call)

        self._find_foreign(call, [id], found, changes=changes)

    def _wait(self, call: PendingCall, handler: Handler, *, changes: bool) -> None:
        self._job(call, partial(self._without_others, handler=handler), changes=changes)

    def _without_others(self, call: PendingCall, handler: Handler) -> None:
        call.replies = _WithoutOthers(call, self._find_foreign)
        handler(call)

    def _jobs(self, call: PendingCall, handler: Handler, *, changes: bool) -> None:
        ids = call.args[0] if call.args else None
        ids = ids if isinstance(ids, list) else [ids]
        if len(ids) > messages.MAX_WAIT:
            raise TooLarge("job ids in one call", len(ids), messages.MAX_WAIT, "send several calls")

        def found(foreign: set[str]) -> None:
            if call.open:
                call.foreign = foreign
                handler(call)

        self._find_foreign(call, ids, found, changes=changes)

    def _find_foreign(self, call: PendingCall, ids: Sequence[Any], then: Callable[[set[str]], None], *, changes: bool) -> None:
        """Call *then* with those ids that have no job of the caller. What is no id at all is left to the handler."""
        unsure: dict[bytes, str] = {}
        for id in ids:
            try:
                text, raw = both_ids(id)
            except TaskbahnError:
                continue
            job = self._state.jobs.get(text)
            if job is None or job.caller != call.authid or call.scope is not None:
                unsure[raw] = id
        if not unsure:
            then(set())
            return

        def found(foreign: set[str]) -> None:
            if (refused := _without_verb(call, unsure, foreign)) is not None:
                call.fail(refused)
            else:
                then(foreign)

        self._ask(call, found, partial(self._foreign, changes=changes), unsure, call.authid, call.scope)

    def _foreign(self, unsure: dict[bytes, str], name: str | None, scope: Scope | None, *, changes: bool) -> set[str]:
        found: set[str] = set()
        for raw, id in unsure.items():
            row = self._reader.job(raw)
            # an id by which its client has joined a job that was there already: they share its outcome, but the job is of the first client
            shares = row is not None and row.id != raw and not changes
            if row is None or not (shares or _is_own(row, name, scope)):
                found.add(id)
        return found


def _is_own(row: JobRow, name: str | None, scope: Scope | None) -> bool:
    if scope is None:
        return row.caller == name
    tags = messages.from_json(row.tags) if row.tags else ()
    return scope.sees(Named(row.caller, row.id, (row.parent, row.root), tags))


def _without_verb(call: PendingCall, ids: dict[bytes, str], foreign: Container[str]) -> NotAllowed | None:
    """Return the error of a call for jobs with which a browser token does not allow that, although it shows them."""
    if call.scope is None or call.verb is None:
        return None
    seen = (id for raw, id in ids.items() if id not in foreign and not call.scope.may(call.verb, raw))
    id = next(seen, None)
    return None if id is None else NotAllowed(f"this browser token shows the job {id}, and does not let a page {call.verb} it")


def _as_it_is(call: PendingCall, handler: Handler) -> None:
    handler(call)


def _list(call: PendingCall, handler: Handler) -> None:
    if call.scope is None:
        call.kwargs = {**call.kwargs, "caller": call.authid}  # a name has no star, so it is no pattern
    else:
        call.kwargs = _listed(call.kwargs, call.scope)
    handler(call)


def _listed(given: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Return a question for a list; that asks for the tags of the token itself."""
    wanted = given.get("tag")
    if wanted is not None and wanted not in scope.all_tags:
        raise NotAllowed(f"this browser token has not the tag {wanted!r:.120}; it has {', '.join(sorted(scope.tags)) or 'none'}")
    return given if scope.sees_all else {**given, "caller": scope.name}


def _tasks(call: PendingCall, handler: Handler) -> None:
    call.replies = _TasksOnly(call.replies, call.scope)
    handler(call)


class _TasksOnly:
    """Answers with what of the tasks clients see."""

    def __init__(self, replies: Replies, scope: Scope | None) -> None:
        self.progress, self.fail = replies.progress, replies.fail
        self._replies = replies
        self._scope = scope

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """Send the result."""
        tasks = [{name: task[name] for name in OF_TASKS if name in task} for task in args[0] if self._is_seen(task["name"])]
        self._replies.answer(request, [tasks], kwargs)

    def _is_seen(self, task: str) -> bool:
        return self._scope is None or self._scope.may_start(task)


class _WithoutOthers:
    """Answers why a job waits, without the ids of jobs that are not the caller's.

    find_foreign: calls a function with those ids of a list that have no job of the caller.
    """

    def __init__(self, call: PendingCall, find_foreign: Callable[..., None]) -> None:
        self._call = call
        self._replies = call.replies
        self._find_foreign = find_foreign
        self.progress, self.fail = call.replies.progress, call.replies.fail

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """Send the result, when it is known whose the jobs in it are."""
        (reasons,) = args
        named = {id for reason in reasons for text in (reason["why"], *reason.get("holders", ())) for id in ID.findall(text)}
        call = self._call
        call.open = True  # until it is known, it may fail

        def found(foreign: set[str]) -> None:
            call.open = False
            self._replies.answer(request, [[_without(reason, foreign) for reason in reasons]], kwargs)

        self._find_foreign(call, sorted(named), found, changes=True)


def _without(reason: dict[str, Any], foreign: set[str]) -> dict[str, Any]:
    why = ID.sub(lambda found: ANOTHER if found[0] in foreign else found[0], reason["why"])
    holders = [id for id in reason.get("holders", ()) if id not in foreign]
    return {**reason, "why": why} | ({"holders": holders} if "holders" in reason else {})
