"""When a job whose attempt has failed is not tried again, and what its error says about that."""

from __future__ import annotations

from typing import Any

NO_RETRIES = "it has no retries"
ASKED_IN_VAIN = "it raised Retry and has no retries: declare some, as in @app.task(retries=3)"


def reason_to_end(*, retryable: bool, at_most_once: bool, failures: int, retries: int, asked: bool) -> str | None:
    """Return why failure number *failures* (from 1) is the last one of its job, as a sentence; None: it is tried again.

    asked: the task itself wants another attempt, by raising `Retry`.
    """
    if not retryable:
        return "the task said that it may not be tried again"
    if at_most_once:
        return "the task must never start twice (delivery is at_most_once)"
    if failures <= retries:
        return None
    if retries:
        return f"it failed {failures} times, and retries is {retries}"
    return ASKED_IN_VAIN if asked else NO_RETRIES


def last_error(error: dict[str, Any], reason: str, *, asked: bool) -> dict[str, Any]:
    """Return the error of a job that failed for good. One that says "Retry" and is final would puzzle its reader without the reason."""
    info = {**error, "reason": reason}
    if asked:
        info["message"] = "; ".join(filter(None, (error.get("message"), reason)))
    return info
