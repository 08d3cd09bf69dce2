"""Attempts whose job is paused: they wait where they look, without a slot, until it goes on or their worker leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.waiting import Wait
from taskbahn.protocol.suspended import PAUSE_NOTE

if TYPE_CHECKING:
    from taskbahn.attempt.context import AttemptContext
    from taskbahn.future import Future


def nothing() -> Wait:
    """Return what a suspended attempt waits for: the pause holds its job, and nothing else does."""
    return Wait(until=CLOCK.time())


def is_paused(context: AttemptContext) -> bool:
    """Return whether the job of an attempt is paused, or one of which that is a part."""
    return bool(context.notes) and context.notes.get(PAUSE_NOTE) == "true"


def paused(context: AttemptContext) -> Future[None]:
    """Return what is done when an attempt hears again whether its job is paused."""
    future = context.open_memory().next(PAUSE_NOTE)
    if not is_paused(context):  # it has heard meanwhile
        future.resolve(None)
    return future


def wait_while_paused(context: AttemptContext) -> None:
    """Wait in this thread. Raises Cancelled, TimeLimit, and Suspended if the worker leaves or the attempt has permits."""
    while is_paused(context):
        context.open_waits().block(paused(context), nothing, None, stays=True)
