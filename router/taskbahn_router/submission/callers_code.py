"""What the code of a caller says of a task, beside what the workers' code says: the caller may be deployed before them, or after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidArguments, InvalidRequest, TooLarge
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Container

    from taskbahn_router.model.declared_task import DeclaredTask

OLDER_CODE = "the caller has older code of this task than the workers, whose declaration counts: deploy it, too"


def new_declarations(entry: Any, known: Container[str]) -> list[messages.TaskDeclaration]:
    """Return the tasks that an entry of a submission declares and no worker has: what a worker says counts.  Raises `InvalidRequest`."""
    if not isinstance(entry, dict) or "declarations" not in entry:
        return []
    given = convert(entry["declarations"], list[messages.TaskDeclaration], "the declarations of a call")
    return [one for one in given if one.name not in known]


def check_by_workers(task: DeclaredTask, args: list[Any], kwargs: dict[str, Any], checked: str | None) -> None:
    """Check a call by what the workers say.  Raises `InvalidArguments`.

    checked: by what its caller has checked it, if it has. If that is code that no worker has declared yet, the caller was deployed first: the
    job waits for a worker that takes its arguments.
    """
    checker = task.checker
    if checker is None:
        return
    try:
        checker.check(args, kwargs)
    except InvalidArguments as error:
        if checked is None:
            raise
        if checked in task.earlier:
            raise InvalidArguments.rebuild(f"{error.message}; {OLDER_CODE}", error.detail) from None


def convert(value: Any, kind: Any, what: str) -> Any:
    """Return *value* as a wire struct; raises `InvalidRequest` that names the field."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest(f"{what} is malformed: {error}") from None


def check_count(entries: Any) -> None:
    """Raise InvalidRequest for what is no submission, and TooLarge for one with too many jobs."""
    if not isinstance(entries, list):
        raise InvalidRequest("taskbahn.submit takes one argument, a list of calls: [{'task': ..., 'args': [...]}, ...]")
    count = sum(len(each["calls"]) if isinstance(each, dict) and isinstance(each.get("calls"), list) else 1 for each in entries)
    if count > messages.MAX_CALLS:
        raise TooLarge("jobs in one submission", count, messages.MAX_CALLS, "send several submissions")
