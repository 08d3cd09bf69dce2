"""Describes attempts that did not succeed: the error as data, and whether the job may be tried again."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.context import FAILED
from taskbahn.attempt.hidden import quiet_data
from taskbahn.attempt.plain_data import seconds_of, text_of
from taskbahn.attempt.stops import Stop
from taskbahn.encryption.errors import DecryptionFailed
from taskbahn.errors import InvalidArguments, ResultNotSerialisable, ResultTooLarge, WouldBlock
from taskbahn.signals import GiveUp, Retry

if TYPE_CHECKING:
    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.tasks.task import Task

OWN_FOLDER = str(Path(__file__).parent.parent) + "/"  # tracebacks leave out frames of files below this folder
MAX_TRACEBACK = 32 * 1024  # characters
MAX_MESSAGE = 8 * 1024
MAX_NAME = 500
MAX_NOTES = 20
MAX_CAUSES = 5
HOPELESS = (GiveUp, DecryptionFailed, InvalidArguments, ResultNotSerialisable, ResultTooLarge, WouldBlock)


def failed(task: Task[..., Any], context: AttemptContext, error: BaseException) -> Record:
    """Return the record of an attempt that ended with *error*, which may be how it answered to a stop."""
    kind = context.stop or "error"
    try:
        described = describe(error)
        retry = may_retry(task, error)
        delay, asked = _delay_of(error, described), isinstance(error, Retry)
    except Stop:
        raise
    except BaseException as broken:  # noqa: BLE001 - what an exception of the user's has to say may raise anything itself
        why = f"{text_of(type(broken).__name__, MAX_NAME)}: {text_of(broken, MAX_MESSAGE)}"
        message = f"the attempt failed, and its error cannot be read ({why})"
        described, retry, delay, asked = {"type": text_of(type(error).__name__, MAX_NAME), "message": message}, True, None, False
    if kind != "error":
        described["message"] = context.stop_reason or described["message"]
        if described["type"] == "asyncio.exceptions.CancelledError":
            described["type"] = "TimeLimit" if kind == "time_limit" else "Cancelled"
    fields: dict[str, Any] = {"kind": kind, "error": described, "retry": kind != "cancelled" and retry}
    if asked:
        fields["asked"] = True
    if context.is_unfit and kind == "error":
        fields["unfit"] = True
    if delay is not None:
        fields["delay"] = delay
    return outcome(context, **fields)


def _delay_of(error: BaseException, described: dict[str, Any]) -> float | None:
    """Return the delay of a Retry, which its constructor has checked; one that was set later is noted if it is none."""
    if not isinstance(error, Retry) or error.delay is None:
        return None
    try:
        return max(0.0, seconds_of(error.delay, "the delay of a retry"))
    except Exception as wrong:  # noqa: BLE001 - a method of the user's
        described["notes"] = [*described.get("notes", ()), f"its delay is not used: {text_of(wrong, MAX_MESSAGE)}"]
        return None


def stopped(context: AttemptContext, message: str) -> Record:
    """Return the record of an attempt that was stopped before it began, or that did not stop by itself."""
    kind = context.stop or "cancelled"
    name = "TimeLimit" if kind == "time_limit" else "Cancelled"
    return outcome(context, kind=kind, error={"type": name, "message": message}, retry=kind != "cancelled")


def escaped(context: AttemptContext, error: BaseException) -> Record:
    """Return the record of an attempt whose outcome could not be made: never is a slot lost by it."""
    message = f"the worker could not make the outcome of this attempt: {type(error).__name__}: {text_of(error, MAX_MESSAGE)}"
    return outcome(context, kind=context.stop or "error", error={"type": "OutcomeLost", "message": message}, retry=True)


def outcome(context: AttemptContext, **fields: Any) -> Record:
    """Return the record of a `messages.Failed` with *fields*; it ends now."""
    times = {"started_at": context.started_at, "ended_at": CLOCK.time()}
    if context.hidden is not None and "error" in fields:
        fields["error"] = quiet_data(context, fields["error"])
    if context.cipher is not None and "error" in fields:
        fields["error"] = context.cipher.error(fields["error"])
    return FAILED, {"id": context.job, "attempt": context.attempt, **times, **fields}


def may_retry(task: Task[..., Any], error: BaseException) -> bool:
    """Apply the task's rules to *error*: never after GiveUp, `give_up_on` or bad data, else after `retry_on`, else always."""
    if isinstance(error, HOPELESS) or (task.give_up_on and isinstance(error, task.give_up_on)):
        return False
    if task.retry_on is None or isinstance(error, Retry):
        return True
    return isinstance(error, task.retry_on)


def describe(error: BaseException) -> dict[str, Any]:
    """Return *error* as data: type, message, traceback (bounded, without our own frames), cause, notes."""
    described = _brief(error)
    described["traceback"] = _bounded(_traceback(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    place = described
    for _ in range(MAX_CAUSES):
        if cause is None:
            break
        place["cause"] = _brief(cause)
        place = place["cause"]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return described


def _brief(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    brief: dict[str, Any] = {"type": text_of(name, MAX_NAME), "message": text_of(error, MAX_MESSAGE)}
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list) and notes:
        brief["notes"] = [text_of(note, MAX_MESSAGE) for note in notes[:MAX_NOTES]]
    return brief


def _traceback(error: BaseException) -> str:
    try:
        found = traceback.TracebackException.from_exception(error, compact=True)
        _leave_ours_out(found)
        text = "".join(found.format())
        return text_of(text, 2 * len(text))  # what hides a secret may be longer
    except Stop:
        raise
    except BaseException as broken:  # noqa: BLE001 - sources that cannot be read, a __repr__ of the user's
        return f"<the traceback cannot be made: {type(broken).__name__}: {text_of(broken, MAX_MESSAGE)}>"


def _leave_ours_out(found: traceback.TracebackException) -> None:
    seen = found
    for _ in range(100):
        seen.stack[:] = [frame for frame in seen.stack if not frame.filename.startswith(OWN_FOLDER)]
        following = seen.__cause__ or seen.__context__
        if following is None:
            return
        seen = following


def _bounded(text: str) -> str:
    """Keep the beginning and, more of it, the end."""
    if len(text) <= MAX_TRACEBACK:
        return text
    head, tail = MAX_TRACEBACK // 4, MAX_TRACEBACK * 3 // 4 - 100
    return f"{text[:head]}\n… {len(text) - head - tail:,} characters left out …\n{text[-tail:]}"
