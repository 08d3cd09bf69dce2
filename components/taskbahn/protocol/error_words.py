"""Words that an error gets where more is known than at the place that raised it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from taskbahn.errors import TaskbahnError

E = TypeVar("E", bound="TaskbahnError")


def say_also(error: E, words: str) -> E:
    """Add words to the sentence of an error, and return it. Notes are not in `str(error)`, which logs and answers show."""
    error.message = f"{error.message}; {words}"
    error.args = (error.message,)
    return error
