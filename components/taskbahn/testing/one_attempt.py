"""`attempt`: calls a task's plain function as if a worker ran it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.context import ACTIVE, AttemptContext
from taskbahn.attempt.memory import SUSPENSIONS
from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id
from taskbahn.testing.said import Said
from taskbahn.testing.scripted import NoParking, Script, ScriptedWaits, shift_time
from taskbahn.worker.capture import Capture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from taskbahn.attempt.context import RecordSink


@contextlib.contextmanager
def attempt(
    *,
    number: int = 1,
    answers: Mapping[str, Any] | None = None,
    events: Mapping[str, Any] | None = None,
    inbox: Sequence[Any] = (),
) -> Iterator[Said]:
    """Let the code in the `with` block be an attempt: `current` is of it, and what it says is in what this gives.

    number: of the attempt, from 1.   answers: to `current.ask`, by question or name.   events: data for `current.wait_for_event`, by
    topic or name.   inbox: messages.   A sleep takes no time; a wait for anything else raises OutsideJob.
    Raises InvalidRequest inside of an attempt.
    """
    if ACTIVE.get() is not None:
        raise InvalidRequest("this code belongs to an attempt already: end the `with` block of that one first")
    said = Said()
    context = begun(said, number, Script(answers or {}, events or {}, inbox))
    context.notes[SUSPENSIONS] = "0"
    capture = Capture()
    token = ACTIVE.set(context)
    capture.start()
    shift_time(said)
    try:
        yield said
    finally:
        CLOCK.reset()
        if context.output is not None:
            context.output.end_thread()
        capture.stop()
        ACTIVE.reset(token)


def begun(said: Said, number: int, script: Script | None, *, job: str = "", task: str = "", packed: str = "") -> AttemptContext:
    """Return the context of an attempt that begins now."""
    context = AttemptContext(job or new_id(), number, task, packed or messages.NO_ARGUMENTS, None, _sink(said))
    context.can_park = context.is_scripted = True
    context.parking = NoParking()
    context.waits = ScriptedWaits(context, said, script)
    if script is not None:
        context.notes.update(script.notes())
    said.of(context)
    context.begin()
    return context


def _sink(said: Said) -> RecordSink:
    return said
