"""Words that an error gets where more is known than at the place that raised it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from taskbahn.errors import TaskbahnError

WAIT_LONGER = ", or wait longer for it with Taskbahn(connect_within=...)"  # advice to a program
E = TypeVar("E", bound="TaskbahnError")


def say_also(error: E, words: str) -> E:
    """Add words to the sentence of an error, and return it. Notes are not in `str(error)`, which logs and answers show."""
    error.message = f"{error.message}; {words}"
    error.args = (error.message,)
    return error


def for_shell(error: TaskbahnError) -> str:
    """Return the sentence of an error without advice that only a program can take."""
    return error.message.removesuffix(WAIT_LONGER)
