"""What a caller's serializer has no word for: MessagePack ends at 64 bits.

What is shown (views, events) has such integers as text. The result of a task is what it is, or an error.
"""

from __future__ import annotations

from typing import Any

OWN_PREFIX = "taskbahn."  # prefix of procedures that are not tasks
UNSENDABLE = (
    "the answer has a value that your serializer cannot carry ({error}): connect with JSON, "
    "or take the result as JSON text, from taskbahn.submit and taskbahn.job.wait"
)


def with_long_integers_as_text(value: Any) -> Any:
    """Return plain data with integers beyond 64 bits as text."""
    if isinstance(value, dict):
        return {key: with_long_integers_as_text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_long_integers_as_text(part) for part in value]
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value
