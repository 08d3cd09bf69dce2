"""What a page with a browser token submits: the tasks that its token names, with the tags of the token, and tied to no other jobs.

The entries of a submission are made so before the submission is read; what a token does not allow is an error in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from taskbahn.access_errors import NotAllowed
from taskbahn.errors import InvalidRequest, TaskbahnError, TooLarge
from taskbahn.protocol.options import WIRE
from taskbahn_router.core.policy import DEFAULT_KEEP
from taskbahn_router.model.state import both_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.access.issuing import TokenIssue
    from taskbahn_router.model.declared_task import DeclaredTask
    from taskbahn_router.model.pending_call import PendingCall, Replies
    from taskbahn_router.model.scope import Scope

VALUES = ("args", "kwargs", "packed")  # what is data of the user
TIES = ("parent", "group_of")


class ScopedStarts:
    """Makes submissions as tokens allow them, and has each token for one start used once."""

    def __init__(self, tasks: Mapping[str, DeclaredTask], issue: TokenIssue, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._tasks = tasks
        self._issue = issue
        self._open: dict[str, int] = {}  # by token for one start: its submissions without an answer, of which none was accepted

    def prepare(self, call: PendingCall, scope: Scope) -> None:
        """Replace the entries of a submission by those that a token allows, or by errors."""
        entries = call.args[0] if call.args else None
        if not isinstance(entries, list):
            return  # which is refused for that
        if scope.once and len(entries) != 1:
            raise NotAllowed("this token is for one start: submit one job")
        call.args = [[self._entry(call, entry, scope) for entry in entries]]

    def _entry(self, call: PendingCall, entry: Any, scope: Scope) -> Any:
        try:
            entry = scoped(entry, scope, self._tasks)
            if scope.once:
                entry = _kept(entry, self._tasks, scope.expires_at - self._wall())
                self._use(call, id_in(entry), scope)
        except TaskbahnError as error:
            return error
        return entry

    def _use(self, call: PendingCall, job: str, scope: Scope) -> None:
        before = self._issue.used_for(scope)
        if before is None:
            self._open[scope.id] = 0
            self._issue.keep_use(scope, job)
        elif before != job:
            raise NotAllowed("this token was for one start, and has started a job: ask for another token")
        if scope.id in self._open:
            self._open[scope.id] += 1
            call.replies = _OneStart(call.replies, partial(self._ended, scope))

    def _ended(self, scope: Scope, *, is_refused: bool) -> None:
        """Note the answer to a submission: the token is as new if all of them were refused. Several sessions may show it at once."""
        if scope.id not in self._open:
            return
        self._open[scope.id] -= 1
        if not is_refused:
            del self._open[scope.id]
        elif not self._open[scope.id]:
            del self._open[scope.id]
            self._issue.unuse(scope)


class _OneStart:
    """Answers a submission with a token for one start.   ended: is called with whether the job is refused."""

    def __init__(self, replies: Replies, ended: Callable[..., None]) -> None:
        self.progress = replies.progress
        self._replies = replies
        self._ended = ended

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """Send the result."""
        said = args[0] if args else None
        answers = said if isinstance(said, list) else said.get("answers", ()) if isinstance(said, dict) else ()
        self._ended(is_refused=any(isinstance(each, dict) and (each.get("error") or each.get("errors")) for each in answers))
        self._replies.answer(request, args, kwargs)

    def fail(self, request: int, error: TaskbahnError) -> None:
        """Send an error."""
        self._ended(is_refused=True)
        self._replies.fail(request, error)


def scoped(entry: Any, scope: Scope, tasks: Mapping[str, DeclaredTask]) -> Any:
    """Return an entry of a submission as a token allows it: with the tags of the token, and a key that other tokens do not share.

    Raises NotAllowed and InvalidRequest.
    """
    if type(entry) is not dict:
        if isinstance(entry, Mapping):  # which the checks below would not look into
            raise InvalidRequest("an entry of a submission is a plain map")
        return entry  # which is refused for that
    if (tie := next((name for name in TIES if entry.get(name) is not None), None)) is not None:
        raise NotAllowed(f"{tie}: what a browser token starts belongs to no other job")
    _confine_parts(entry, scope)
    if scope.once:
        entry = _one_job(entry)
    options = entry.get("options", {})
    if not isinstance(options, dict):
        return entry  # which is refused for that
    given = options.get("tags")
    tags = list(dict.fromkeys([*scope.given_tags, *_declared(entry, tasks)]))
    if isinstance(given, list | tuple) and (foreign := [tag for tag in given if tag not in tags]):
        raise NotAllowed(
            f"tags: this browser token has not the tag {foreign[0]!r:.120}; what it starts has all tags of the token"
        )
    most = int(WIRE["tags"].most or len(tags))
    if len(tags) > most:
        raise TooLarge("tags of the task and of the token", len(tags), most, "give the token fewer tags")
    options = {**options, "tags": tags}
    if isinstance(options.get("key"), str):
        options["key"] = scope.scoped_key(options["key"])
    return {**entry, "options": options}


def _one_job(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of one job, with an id.  Raises NotAllowed."""
    calls = entry.get("calls")
    if calls is not None and (not isinstance(calls, list) or len(calls) != 1):
        raise NotAllowed("this token is for one start: submit one job")
    return entry if calls is not None or entry.get("id") is not None else {**entry, "id": str(uuid4())}


def _kept(entry: Any, tasks: Mapping[str, DeclaredTask], seconds: float) -> Any:
    """Return an entry for one start whose job is known as long as its token is good: its id starts another one when it is forgotten."""
    options = entry.get("options", {})
    if not isinstance(options, dict):
        return entry  # which is refused for that
    task = tasks.get(entry["task"]) if isinstance(entry.get("task"), str) else None
    keep = options.get("keep", task.declaration.options.get("keep", DEFAULT_KEEP) if task is not None else DEFAULT_KEEP)
    is_short = isinstance(keep, int | float) and keep < seconds
    return {**entry, "options": {**options, "keep": seconds}} if is_short else entry


def id_in(entry: Any) -> str:
    """Return the id of the job that an entry for one start makes.  Raises InvalidRequest."""
    if isinstance(entry, dict) and isinstance(entry.get("calls"), list):
        first = entry["calls"][0]
        return both_ids(first[0] if isinstance(first, list | tuple) and first else None)[0]
    return both_ids(entry.get("id") if isinstance(entry, dict) else None)[0]


def _declared(entry: Mapping[str, Any], tasks: Mapping[str, DeclaredTask]) -> list[str]:
    task = tasks.get(entry["task"]) if isinstance(entry.get("task"), str) else None
    return list(task.declaration.options.get("tags") or ()) if task is not None else []


def _confine_parts(entry: dict[str, Any], scope: Scope) -> None:
    """Check all parts of an entry, and have those of a flow ask for keys that other tokens do not share.  Raises NotAllowed."""
    left: list[Any] = [entry]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left.extend(one)
        if not isinstance(one, dict):
            continue
        task = one.get("task")
        if isinstance(task, str) and not scope.may_start(task):
            raise NotAllowed(f"this browser token does not start {task!r:.120}; it starts {', '.join(scope.start) or 'nothing'}")
        if one is not entry and isinstance(options := one.get("options"), dict):
            one["options"] = _of_part(options, scope)
        left.extend(value for name, value in one.items() if name not in VALUES)


def _of_part(options: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Return the options of a part of a flow."""
    if "tags" in options:
        raise NotAllowed("tags: what a browser token starts has the tags of the token; leave them out of the parts of a flow")
    key = options.get("key")
    return {**options, "key": scope.scoped_key(key)} if isinstance(key, str) else options
