"""How the end of a job becomes a value or an error at the caller's end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import (
    CallerError,
    JobCancelled,
    JobExpired,
    JobFailed,
    TaskbahnError,
    from_info,
)
from taskbahn.protocol.secrets import has_mark, holds
from taskbahn.protocol.states import State
from taskbahn.signatures.payloads import plain_of

if TYPE_CHECKING:
    from taskbahn.client.client import RawOutcome
    from taskbahn.flows.results import ResultType

ENDINGS: dict[str, type[TaskbahnError]] = {
    State.FAILED: JobFailed,
    State.CANCELLED: JobCancelled,
    State.EXPIRED: JobExpired,
}


def outcome_error(outcome: RawOutcome) -> TaskbahnError:
    """Return the error that tells how an unsuccessful job ended; its `detail` is the structured error."""
    id, state, _, given = outcome
    error = given if isinstance(given, dict) else {}
    if state not in ENDINGS:
        return from_info(error) if error else TaskbahnError(f"job {id} ended in the unknown state {state!r}", job=id, state=state)
    if "error" in error and "type" not in error:  # the error is an `ErrorInfo`
        error = {"message": error.get("message"), **(error.get("detail") or {})}
    kind, message = error.get("type"), error.get("message")
    if kind:
        message = f"{kind}: {message}" if message else f"{kind} without a message"
    return ENDINGS[state].rebuild(str(message or f"job {id} is {state}"), {"job": id, "state": str(state), **error})


def outcome_value(outcome: RawOutcome, signature: ResultType | None) -> Any:
    """Return the result of a job that succeeded, in the task's type; raises `outcome_error` for one that did not."""
    if outcome[1] != "succeeded":
        raise outcome_error(outcome)
    text = outcome[2]
    if text is None or text == "null":
        return None
    if holds(text) and has_mark(text.encode()):
        raise CallerError(
            f"the result of job {outcome[0]} is or has a Secret, which only the one who started the job gets", job=outcome[0]
        )
    return signature.unpack_result(text) if signature else plain_of(text)
