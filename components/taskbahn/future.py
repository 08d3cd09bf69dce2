"""A value that comes later, made on the client's thread and waited for anywhere: blocking, in asyncio, in Twisted.

Lighter than a concurrent future, since there may be one for each of many thousand jobs.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from weakref import WeakKeyDictionary

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextvars import Context

T = TypeVar("T")
NOTHING: Any = object()

_lock = threading.Lock()  # one for all futures: it is held for a few instructions only


class Future(Generic[T]):
    """Resolved or failed once; later attempts are ignored."""

    __slots__ = ("_error", "_listeners", "_value")

    def __init__(self) -> None:
        self._value: T = NOTHING
        self._error: BaseException | None = None
        self._listeners: list[Callable[[], Any]] | None = None

    @property
    def done(self) -> bool:
        """Whether there is a value or an error."""
        return self._value is not NOTHING or self._error is not None

    def resolve(self, value: T) -> None:
        """Give the value."""
        self._settle(value, None)

    def fail(self, error: BaseException) -> None:
        """Say why there will be none."""
        self._settle(NOTHING, error)

    def _settle(self, value: T, error: BaseException | None) -> None:
        with _lock:
            if self.done:
                return
            self._value, self._error = value, error
            listeners, self._listeners = self._listeners, None
        for listener in listeners or ():
            listener()

    def listen(self, listener: Callable[[], Any]) -> None:
        """Call *listener* when done: on the client's thread, or now if it is done already."""
        with _lock:
            if not self.done:
                if self._listeners is None:
                    self._listeners = [listener]
                else:
                    self._listeners.append(listener)
                return
        listener()

    def now(self) -> T:
        """Return the value or raise the error; only when done."""
        if self._error is not None:
            raise self._error
        return self._value

    def wait(self, timeout: float | None = None) -> bool:
        """Block until done, at most *timeout* seconds; return whether it is."""
        if self.done:
            return True
        gate = threading.Lock()
        gate.acquire()
        self.listen(gate.release)
        return gate.acquire(timeout=-1 if timeout is None else min(max(timeout, 0), threading.TIMEOUT_MAX))

    def get(self, timeout: float | None = None) -> T:
        """Block for the value; raises the error, or TimeoutError after *timeout* seconds."""
        if not self.wait(timeout):
            raise TimeoutError
        return self.now()

    def __await__(self) -> Generator[Any, Any, T]:
        if not self.done:
            yield Awaited(self)
        return self.now()


class Awaited(Deferred[None]):
    """What an awaiting coroutine yields: a Deferred to Twisted, a future to asyncio, whichever drives the coroutine.

    Both may be there at once (Twisted on asyncio's loop), so nothing is guessed: the driver shows by what it calls.
    Source: asyncio's protocol for future-like objects, the `_asyncio_future_blocking` of its `Task`.
    """

    _asyncio_future_blocking = True

    def __init__(self, future: Future[Any]) -> None:
        super().__init__()
        self._loop = _running_loop()
        self._wakeups: list[tuple[Callable[[Any], Any], Context | None]] = []
        self._is_cancelled = False
        self._is_fired = False
        hop = _mailbox(self._loop) if self._loop else _twisted_hop()
        future.listen(lambda: hop(self._fire))

    def _fire(self) -> None:
        if self._is_fired:
            return
        self._is_fired = True
        if not self._wakeups:
            if not self.called:
                self.callback(None)
            return
        for wakeup, context in self._wakeups:
            if context is None:
                wakeup(self)
            else:
                context.run(wakeup, self)

    def __str__(self) -> str:
        return f"<Awaited at {id(self):#x}{' done' if self._is_fired else ''}>"  # Deferred would show `result`, which shows this

    __repr__ = __str__

    # what asyncio's Task asks for

    def get_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop in which it is awaited."""
        return self._loop

    def add_done_callback(self, wakeup: Callable[[Any], Any], *, context: Context | None = None) -> None:
        """Have *wakeup* called on the loop when done."""
        self._wakeups.append((wakeup, context))

    def remove_done_callback(self, wakeup: Callable[[Any], Any]) -> int:
        """Forget *wakeup*."""
        before = len(self._wakeups)
        self._wakeups = [kept for kept in self._wakeups if kept[0] != wakeup]
        return before - len(self._wakeups)

    def result(self) -> None:  # type: ignore[override]  # Deferred sets an attribute of this name when Twisted drives
        """Raise if asyncio cancelled it; the value is taken from the future."""
        if self._is_cancelled:
            raise asyncio.CancelledError

    def cancel(self, msg: Any = None) -> bool:  # type: ignore[override]
        """Stop waiting; what was waited for goes on."""
        if not self._wakeups:
            super().cancel()
            return True
        if self._is_fired:
            return False
        self._is_cancelled = True
        cast("asyncio.AbstractEventLoop", self._loop).call_soon(self._fire)
        return True


class Mailbox:
    """Carries calls onto an asyncio loop, many with one wake-up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wake = loop.call_soon_threadsafe
        self._calls: deque[Callable[[], Any]] = deque()
        self._is_due = False

    def __call__(self, call: Callable[[], Any]) -> None:
        """Have *call* made on the loop soon; dropped if the loop is closed."""
        self._calls.append(call)
        if not self._is_due:
            self._is_due = True
            try:
                self._wake(self._deliver)
            except RuntimeError:
                self._calls.clear()

    def _deliver(self) -> None:
        self._is_due = False
        while self._calls:
            self._calls.popleft()()


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()


def _mailbox(loop: asyncio.AbstractEventLoop) -> Mailbox:
    found = _mailboxes.get(loop)
    if found is None:
        found = _mailboxes[loop] = Mailbox(loop)
    return found


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _twisted_hop() -> Callable[[Callable[[], Any]], Any]:
    reactor = sys.modules.get("twisted.internet.reactor")
    if reactor is None:
        raise RuntimeError("await needs a running asyncio loop or Twisted's reactor; use result() or get() elsewhere")
    return cast("Any", reactor).callFromThread  # type: ignore[no-any-return]


def as_deferred(future: Future[T], canceller: Callable[[Deferred[Any]], None] | None = None) -> Deferred[T]:
    """Return a Deferred that fires on Twisted's reactor.   canceller: as for a Deferred."""
    from twisted.internet import reactor

    result: Deferred[T] = Deferred(canceller)

    def fire() -> None:
        if result.called:
            return
        try:
            result.callback(future.now())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to who waits
            result.errback(error)

    future.listen(lambda: cast("Any", reactor).callFromThread(fire))
    return result


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
