"""To which attempt a piece of code belongs: the one that started it, also in the threads that it starts.

`ACTIVE` says it. A child process runs one attempt at a time, so there code that inherited none, such as a thread that
the application's import started, belongs to the attempt that runs. What belongs to no attempt, or to one that has
ended, is not heard; the worker's log says so once.
"""

from __future__ import annotations

import functools
import inspect
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from taskbahn.attempt.context import ACTIVE
from taskbahn.attempt.hidden import Speaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext

    P = ParamSpec("P")
    R = TypeVar("R")

INNERMOST: ContextVar[int | None] = ContextVar("taskbahn_stage", default=None)
REMEDY = "start the thread inside the task, or give it `current.carry(function)`"


class Process:
    """What holds for this whole process.

    only: in a child process the attempt that runs.   tell: takes a sentence for the worker's log; None outside of workers.
    is_busy: True while attempts run here.
    """

    def __init__(self) -> None:
        self.only: AttemptContext | None = None
        self.tell: Callable[[str], None] | None = None
        self.is_busy: Callable[[], bool] = lambda: False
        self._told: set[str] = set()
        self._home = 0  # the thread of the worker's loop; what it prints itself belongs to no task

    def work(self, tell: Callable[[str], None] | None, is_busy: Callable[[], bool] = lambda: False) -> None:
        """Begin to log what no attempt can hear; None ends that."""
        self.tell, self.is_busy = tell, is_busy
        self._told = set()
        self._home = threading.get_ident()

    def is_home(self) -> bool:
        """Return whether this is the thread of the worker itself."""
        return threading.get_ident() == self._home

    def unheard(self, what: str, context: AttemptContext | None) -> None:
        """Tell once that *what* was said where no attempt can hear it; once a task, if its attempt has ended."""
        if self.tell is None:
            return
        thread = threading.current_thread()
        if context is not None:
            self.tell_once(
                context.task,
                f"{what} in the thread {thread.name!r} reaches no job: attempt {context.attempt} of job {context.job} "
                f"({context.task}), to which it belongs, has ended. Let the task wait for what it starts; "
                "work for a later attempt is handed over with `current.carry(function)`",
            )
        elif thread.ident != self._home and self.is_busy():
            self.tell_once("", f"{what} in the thread {thread.name!r} belongs to no attempt and reaches no job: {REMEDY}")

    def tell_once(self, key: str, sentence: str) -> None:
        """Write *sentence* to the worker's log, if none was of *key*."""
        if key not in self._told and self.tell is not None:
            self._told.add(key)
            self.tell(sentence)


PROCESS = Process()


def owner() -> AttemptContext | None:
    """Return the attempt to which this code belongs, though it may have ended."""
    return ACTIVE.get() or PROCESS.only


Speaker.find = staticmethod(owner)


def heard(what: str) -> AttemptContext | None:
    """Return the running attempt to which this code belongs; None if there is none, and the worker's log says so of *what*."""
    context = ACTIVE.get() or PROCESS.only
    if context is not None and not context.ended:
        return context
    if PROCESS.tell is not None:
        PROCESS.unheard(what, context)
    return None


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Return *function* so that it belongs to this attempt and stage wherever it is called; itself outside of attempts."""
    context, stage = owner(), INNERMOST.get()
    if context is None:
        return function

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def carried_coroutine(*args: Any, **kwargs: Any) -> Any:
            token, stage_token = ACTIVE.set(context), INNERMOST.set(stage)
            try:
                return await function(*args, **kwargs)
            finally:
                INNERMOST.reset(stage_token)
                ACTIVE.reset(token)

        return cast("Callable[P, R]", carried_coroutine)

    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        token, stage_token = ACTIVE.set(context), INNERMOST.set(stage)
        try:
            return function(*args, **kwargs)
        finally:
            INNERMOST.reset(stage_token)
            ACTIVE.reset(token)
            if context.output is not None and token.old_value is not context:
                context.output.end_thread()

    functools.update_wrapper(carried, function)
    return carried
