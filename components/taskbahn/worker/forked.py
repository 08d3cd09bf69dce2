"""What a forked copy of a worker, or of one of its child processes, may be: a plain program, and nothing of the original.

A task may fork, by `os.fork` or through `multiprocessing`. The copy drops the signal handlers, the wake-up descriptor and
the sockets of the original as it begins, and ends where the task's function ends in it. Until the copy has dropped them its signals
wait: a `Pool` that ends at once terminates copies which have hardly begun. Such a signal would go to the original, by the wake-up
descriptor, and stop the worker; and the copy would miss it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakSet

from taskbahn.attempt.context import ACTIVE
from taskbahn.worker.relay import CopySink

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from taskbahn.attempt.context import AttemptContext, Record

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
BLOCKED = threading.local()  # `mask`: the signals that the forking thread had blocked before
FIRST_DESCRIPTOR = 3  # descriptors below this one belong to the user


class ProcessRole:
    """Whether this process is a copy; read once for each attempt, so it is an attribute and no system call."""

    def __init__(self) -> None:
        self.is_copy = False
        self.is_guarded = False
        self.descriptors: Callable[[], Iterable[int]] = tuple
        self.loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


ROLE = ProcessRole()


class Nowhere:
    """The `RecordSink` of attempts in a copy, which has no connection to send anything on."""

    def put(self, record: Record) -> None:
        """Drop the argument: a copy has no connection."""

    def touch(self, context: AttemptContext) -> None:
        """Drop the argument: a copy has no connection."""


def guard(descriptors: Callable[[], Iterable[int]]) -> None:
    """Make every later copy of this process a plain program.  descriptors: returns those that only the original may use."""
    ROLE.descriptors = descriptors
    if not ROLE.is_guarded:
        ROLE.is_guarded = True
        os.register_at_fork(before=_hold_signals, after_in_parent=_let_signals_come, after_in_child=_become_plain)


def keep_from_copies(loop: asyncio.AbstractEventLoop) -> None:
    """Let this event loop of the worker, and what it watches, belong to the original alone."""
    ROLE.loops.add(loop)


def _loop_descriptors(loop: asyncio.AbstractEventLoop) -> list[int]:
    """Return the descriptors that *loop* watches, and the one that it watches them with."""
    selector: Any = loop._selector  # type: ignore[attr-defined]  # noqa: SLF001 - no public way to it
    own = [selector.fileno()] if hasattr(selector, "fileno") else []
    return own + [key.fd for key in selector.get_map().values()]


def leave(error: BaseException | None) -> NoReturn:
    """End this copy as Python would end a program: with the code of a SystemExit, 1 after another exception, else 0."""
    code = 0
    with contextlib.suppress(BaseException):
        code = _code(error)
    with contextlib.suppress(BaseException):
        context = ACTIVE.get()
        if context is not None:
            context.finish()  # sends the last line, which may have no line end
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(code)


def _code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        with contextlib.suppress(BaseException):
            traceback.print_exception(error, file=sys.__stderr__)
        return 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    with contextlib.suppress(BaseException):
        print(error.code, file=sys.__stderr__)
    return 1


def _hold_signals() -> None:
    BLOCKED.mask = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)


def _let_signals_come() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, BLOCKED.mask)


def _become_plain() -> None:
    ROLE.is_copy = True
    with contextlib.suppress(ValueError):  # only the main interpreter has signal handlers and a wake-up descriptor
        signal.set_wakeup_fd(-1)
        for number in HANDLED:
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    _let_signals_come()
    loops = [loop for loop in ROLE.loops if not loop.is_closed()]
    _drop([*ROLE.descriptors(), *(descriptor for loop in loops for descriptor in _loop_descriptors(loop))])
    context = ACTIVE.get()
    if context is not None:
        if not isinstance(context.sink, CopySink):
            context.sink = Nowhere()
        if context.output is not None:
            context.output._marking = threading.Lock()  # noqa: SLF001 - another thread may have held it
    for loop in loops:  # in a copy asyncio itself says that no loop runs
        if getattr(loop, "_thread_id", None) == threading.get_ident():
            _halt(loop)


def _drop(descriptors: Iterable[int]) -> None:
    """Replace the descriptors by /dev/null, so that no other file gets their numbers while objects still use them."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in descriptors:
        if descriptor >= FIRST_DESCRIPTOR:
            with contextlib.suppress(OSError):
                os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


def _halt(loop: Any) -> None:
    """Have a copy end when its coroutine waits: what else the loop has to do is for the original alone."""
    for handle in loop._ready:  # noqa: SLF001 - a cancelled handle is passed over
        handle.cancel()
    loop._selector.select = lambda _timeout=None: leave(  # noqa: SLF001
        RuntimeError("a forked copy of a worker cannot wait on the worker's event loop: end it, or run a loop of its own")
    )
