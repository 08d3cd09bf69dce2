"""One attempt of a plain function, from its packed arguments to its outcome. The hot path of threads and processes."""

from __future__ import annotations

import sys
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.context import ACTIVE, DONE
from taskbahn.attempt.stops import Stop, Suspended
from taskbahn.attempt.waiting import suspended
from taskbahn.encryption.envelope import MARK
from taskbahn.signals import GiveUp
from taskbahn.worker.calls import make_calls, make_calls_async
from taskbahn.worker.failure import escaped, failed, stopped
from taskbahn.worker.forked import ROLE, leave
from taskbahn.worker.helper_processes import end_helpers

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext, Record
    from taskbahn.tasks.task import Task


class AttemptContexts:
    """Makes the `contextvars` context of each attempt: a copy of what the application's import left in this one.

    To be made where the application was imported, before anything else sets variables. A copy costs the same however
    many variables there are. What a variable *refers to* is shared, but for decimal's context, which every
    `getcontext().prec = …` changes in place: each attempt gets a copy of it, or one would set the precision of the next.
    """

    def __init__(self) -> None:
        self._imported = copy_context()
        self._imported.run(ACTIVE.set, None)
        decimal = sys.modules.get("decimal")
        self._copied: list[tuple[Callable[..., Any], Any]] = []
        if decimal is not None:
            self._copied = [
                (name.set, value.copy) for name, value in self._imported.items() if isinstance(value, decimal.Context)
            ]

    def new(self) -> Context:
        """Return the context of one attempt."""
        context = self._imported.copy()
        for put, copy in self._copied:
            context.run(put, copy())
        return context


def execute(task: Task[..., Any], context: AttemptContext) -> Record:
    """Run the attempt in this thread and return its outcome; whatever the task raises becomes one.

    To be called with `run` of a context of `AttemptContexts`, so that what the task sets in context variables ends with it.
    A `Stop` that is thrown in from outside may arrive at any point, also after the function has returned: until
    `context.ended` is set it is the answer, afterwards it is for the caller to catch.
    """
    ACTIVE.set(context)
    if context.stop is not None:
        context.ended = True
        return stopped(context, context.stop_reason)
    try:
        try:
            context.begin()
            if task.encrypts or MARK in context.packed:
                open_call(task, context)
            result = make_calls(task, context)
            check_let_through(context)
            if context.cipher is not None:
                result = context.cipher.result(result)
            context.ended = True
        except BaseException as error:  # noqa: BLE001 - what a task raises is its outcome, SystemExit too
            if ROLE.is_copy:
                leave(error)
            record = _ended_with(task, context, error)
            context.ended = True
        else:
            record = DONE, [context.job, context.attempt, result, context.started_at, CLOCK.time()]
        conclude(context)
    except Stop:
        context.ended = True
        record = stopped(context, context.stop_reason)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the slot is for others now
        context.ended = True
        record = escaped(context, error)
    return record


async def execute_async(
    task: Task[..., Any], context: AttemptContext, was_not_told: Callable[[AttemptContext], bool] = lambda _: False
) -> Record:
    """As `execute`, of a coroutine function on the running event loop; the caller has set `ACTIVE`, and calls `conclude`.

    was_not_told: whether the order to stop could not reach it, because it blocked its loop.
    """
    try:
        context.begin()
        if context.stop is not None:
            return stopped(context, context.stop_reason)
        if task.encrypts or MARK in context.packed:
            open_call(task, context)
        result = await make_calls_async(task, context)
        if context.cipher is not None:
            result = context.cipher.result(result)
    except BaseException as error:  # noqa: BLE001 - what a task raises is its outcome
        if ROLE.is_copy:
            leave(error)
        import asyncio  # late: most processes of a worker need no asyncio

        waits = context.waits
        try:
            if (
                waits is not None
                and waits.suspended is not None
                and isinstance(error, asyncio.CancelledError | Suspended)
                and context.stop is None
            ):
                return suspended(context, waits.suspended)
            return failed(task, context, error)
        except BaseException as broken:  # noqa: BLE001 - what an exception of the user's has to say may raise anything itself
            return escaped(context, broken)
    if was_not_told(context):
        return stopped(context, f"{context.stop_reason}; it blocked the worker's event loop meanwhile")
    return DONE, [context.job, context.attempt, result, context.started_at, CLOCK.time()]


def open_call(task: Task[..., Any], context: AttemptContext) -> None:
    """Decrypt the arguments of an encrypted call and what its job remembers; raises DecryptionFailed."""
    from taskbahn.encryption.arguments import check_plain, decrypted, is_encrypted  # late: most jobs are not encrypted
    from taskbahn.encryption.attempts import AttemptCipher

    ring = task.app.keys
    if task.encrypts or is_encrypted(context.packed):
        packed, key = decrypted(ring, context.packed, task.name, context.job)
        assert ring is not None  # noqa: S101 - it has decrypted
        context.encrypt(AttemptCipher(ring, key, context.job), packed)
    else:
        check_plain(context.packed, task.name)


def _ended_with(task: Task[..., Any], context: AttemptContext, error: BaseException) -> Record:
    waits = context.waits
    if waits is not None and waits.suspended is not None and isinstance(error, Suspended):
        return suspended(context, waits.suspended)
    return failed(task, context, error)


def check_let_through(context: AttemptContext) -> None:
    """Raise GiveUp if a function returns though its attempt was to end, for it waits: it has swallowed that."""
    if context.waits is not None and context.waits.suspended is not None:
        raise GiveUp(
            f"{context.task} caught Suspended and went on: let it through, as `except Exception` does; "
            "its attempt ends while it waits, and the function is called again"
        )


def conclude(context: AttemptContext) -> None:
    """End what the attempt has started and left running, and send what is still unsaid; before its outcome is put."""
    if context.helpers is not None:
        end_helpers(context)
    if context.output is not None or context.relay is not None:
        context.finish()
