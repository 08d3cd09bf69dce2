"""Waits of attempts without a dispatcher: a script has what comes, and a sleep takes no time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.waiting import Waits
from taskbahn.errors import OutsideJob
from taskbahn.future import Future
from taskbahn.protocol import messages
from taskbahn.protocol.questions import ANSWER, EVENT, message_name

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.attempt.waiting import Deadline, Wait, Waited
    from taskbahn.testing.said import Said

T = TypeVar("T")
INSTEAD = "with taskbahn.testing.simulated(app)"


def nothing_comes(what: str, instead: str) -> OutsideJob:
    """Return the error of a task that waits for what the script of its test does not have."""
    error = OutsideJob(what, instead)
    error.message = f"{what}: nothing comes in this test; write {instead}"
    error.args = (error.message,)
    return error


class Due(Future[T]):
    """A future whose work is done where its end is waited for."""

    __slots__ = ()


class Script:
    """What comes to an attempt.   answers: by question or its name.   events: by topic or name.   inbox: messages, in their order."""

    def __init__(self, answers: Mapping[str, Any], events: Mapping[str, Any], inbox: Sequence[Any]) -> None:
        self.answers = answers
        self.events = events
        self.inbox = inbox

    def notes(self) -> dict[str, str]:
        """Return what the job remembers from the start: its messages."""
        return {message_name(number): _as_data(message) for number, message in enumerate(self.inbox, 1)}

    def find(self, note: str) -> str | None:
        """Return what a wait for a note brings, as JSON; None: nothing."""
        for prefix, given in ((ANSWER, self.answers), (EVENT, self.events)):
            if note.startswith(prefix):
                name = note.removeprefix(prefix)
                found = [value for key, value in given.items() if key[:100] == name]
                return messages.to_json({"value": msgspec.to_builtins(found[0])}) if found else None
        return None


class NoParking:
    """The `Parking` of attempts that give no slot back."""

    is_leaving = False

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        """Do nothing."""
        return False

    def unpark(self, context: AttemptContext) -> None:
        """Do nothing."""

    def leave(self, context: AttemptContext) -> None:
        """Do nothing."""


class ScriptedWaits(Waits):
    """Waits that are over at once. script: what comes; None: nothing may be waited for but what is there."""

    def __init__(self, context: AttemptContext, said: Said, script: Script | None) -> None:
        super().__init__(context, NoParking())
        self._attempt = context
        self._said = said
        self._script = script

    def block(self, future: Future[Any], wait: Waited | None, deadline: Deadline | None, *, stays: bool = False) -> bool:
        """Bring what is waited for, or the time that is; raises OutsideJob for what the script does not have."""
        return future.wait(0) or self._bring(future, wait, deadline)

    def awaited(self, future: Future[T], wait: Waited | None) -> Generator[Any, Any, T]:
        """As `block`, for coroutines."""
        if not future.done and not isinstance(future, Due) and not self._bring(future, wait, None):
            future.resolve(cast("T", None))  # as the timer of a sleep does
        return (yield from future.__await__())

    def _bring(self, future: Future[Any], waited: Waited | None, deadline: Deadline | None) -> bool:
        wait = waited() if callable(waited) else waited
        if self._script is not None and wait is not None:
            for note in wait.notes:
                if (text := self._script.find(note)) is not None:
                    self._attempt.told(note, text)
        if future.done:
            return True
        until = None if wait is None else wait.until
        if self._script is not None and (until is not None or deadline is not None):
            seconds = max(0.0, until - CLOCK.time()) if until is not None else deadline.left() if deadline else 0.0
            self._said.slept += seconds
            return False
        raise nothing_comes(_doing(wait), f"{self._instead(wait)}, or test the task {INSTEAD}")

    def _instead(self, wait: Wait | None) -> str:
        if self._script is None:
            return "code that waits for nothing"
        note = "" if wait is None or not wait.notes else wait.notes[0]
        for prefix, words in ((ANSWER, "answers"), (EVENT, "events")):
            if note.startswith(prefix):
                return f"attempt({words}={{{note.removeprefix(prefix)!r}: ...}})"
        return "attempt(inbox=[...])" if note else "attempt(...) of a task that waits for no job"


def _doing(wait: Wait | None) -> str:
    if wait is None:
        return "a wait"
    if wait.until is not None and not wait.notes:
        return "a sleep"
    if wait.jobs:
        return f"a wait for job {wait.jobs[0]}"
    return f"a wait for {wait.notes[0]!r}" if wait.notes else "a wait"


def shift_time(said: Said) -> None:
    """Let time pass in the sleeps of an attempt alone."""
    now, monotonic = time.time(), time.monotonic()
    CLOCK.time = lambda: now + said.slept
    CLOCK.monotonic = lambda: monotonic + said.slept


def _as_data(value: Any) -> str:
    return messages.to_json(msgspec.to_builtins(value))
