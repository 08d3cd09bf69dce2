"""What a worker says on its standard error: by level, and of failed attempts no more than people can read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext

LEVELS = ("debug", "info", "warning", "error", "critical")
DEFAULT_LEVEL = "info"
SHOWN_EACH_SECOND = 5  # failed attempts; of more the worker says how many
NAMES = {
    "error": "failed",
    "time_limit": "was stopped, for its time was over",
    "cancelled": "was cancelled",
    "crash": "lost its process",
}


class Voice:
    """Says sentences of a level, if that is at least the one that is wanted."""

    def __init__(self, write: Callable[[str], None], level: str = DEFAULT_LEVEL) -> None:
        self.level = level
        self._write = write

    def says(self, level: str) -> bool:
        """Whether sentences of a level are wanted."""
        return LEVELS.index(level) >= LEVELS.index(self.level)

    def say(self, level: str, sentence: str) -> None:
        """Say a sentence."""
        if self.says(level):
            self._write(sentence)


class FailureLog:
    """Says which attempts did not succeed, with their tracebacks.   later: calls a function after some seconds."""

    def __init__(self, voice: Voice, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._voice = voice
        self._later = later
        self._said = 0  # in this second
        self._unsaid = 0

    def failed(self, context: AttemptContext, data: dict[str, Any]) -> None:
        """Say what became of an attempt: an order of people at "info", all else at "error"."""
        kind = data.get("kind", "error")
        level = "info" if kind == "cancelled" else "error"
        if not self._voice.says(level):
            return
        if not self._said:
            self._later(1.0, self._second_is_over)
        if self._said >= SHOWN_EACH_SECOND:
            self._unsaid += 1
            return
        self._said += 1
        self._voice.say(level, _sentence(context, kind, data.get("error") or {}))

    def _second_is_over(self) -> None:
        self._said = 0
        if self._unsaid:
            count, self._unsaid = self._unsaid, 0
            self._voice.say("error", f"{count:,} more attempts of this second failed; `taskbahn errors` groups them")


def _sentence(context: AttemptContext, kind: str, error: dict[str, Any]) -> str:
    what = f"job {context.job} ({context.task}), attempt {context.attempt}, {NAMES.get(kind, kind)}"
    found = f"{error.get('type', 'error')}: {error.get('message', '')}".rstrip(": ")
    traceback = str(error.get("traceback") or "").rstrip()
    if kind == "error" and traceback:
        return f"{what}:\n{traceback}"
    return what if kind == "cancelled" else f"{what}: {found}"


def set_log_level(level: str) -> None:
    """Have the `logging` package pass records of this level on, as far as the application does not say otherwise."""
    logging.getLogger().setLevel(level.upper())
