"""Generators as tasks: each value that is yielded is a chunk, and what the generator returns is the result.

A generator that is faster than its chunks are recorded waits for that: `ChunkWindow` bounds what is on its way.
"""

from __future__ import annotations

import contextlib
import inspect
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.signatures.signature import TaskSignature

MAX_WAITING_CHUNKS = 1_000  # of one attempt that are not recorded yet
MAX_WAITING_BYTES = 4 * 1024 * 1024
LOOK_SECONDS = 0.1  # between two looks whether an attempt that waits has to stop

PLAIN = (Generator, Iterator, Iterable)
ASYNCHRONOUS = (AsyncGenerator, AsyncIterator, AsyncIterable)
RESULT = 2  # the place of the result in Generator[chunk, sent, result]

Kind = Literal["", "plain", "async"]


class Types(NamedTuple):
    """What a streaming task yields and what it returns."""

    chunk: Any
    result: Any


def kind_of(function: Callable[..., Any]) -> Kind:
    """Return whether calling *function*, or what a decorator has wrapped in it, makes a generator."""
    for found in (function, inspect.unwrap(function)):
        if inspect.isgeneratorfunction(found):
            return "plain" if found is function or _says_stream(function, PLAIN) else ""
        if inspect.isasyncgenfunction(found):
            return "async" if found is function or _says_stream(function, ASYNCHRONOUS) else ""
        if inspect.iscoroutinefunction(found):
            return ""
    return ""


def _says_stream(function: Callable[..., Any], kinds: tuple[Any, ...]) -> bool:
    """Return whether a wrapper is annotated as a generator: one may as well make a list of what it wraps."""
    hint = getattr(function, "__annotations__", {}).get("return", Any)
    if isinstance(hint, str):
        return any(hint.partition("[")[0].rpartition(".")[2] == kind.__name__ for kind in kinds)
    return hint is Any or _origin(hint) in kinds


def _origin(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_origin(hint) or hint


def types_of(kind: Kind, hint: Any) -> Types | None:
    """Return what the annotation of a generator's result says of chunks and result; None if it is none of a generator.

    An iterator says nothing of what is returned, an async generator returns nothing.
    """
    returned = None if kind == "async" else Any
    if hint is Any:
        return Types(Any, returned)
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    origin, args = get_origin(hint) or hint, get_args(hint)
    if origin not in (ASYNCHRONOUS if kind == "async" else PLAIN):
        return None
    if origin is Generator and len(args) > RESULT:
        returned = args[RESULT]
    elif origin is Generator and args:
        returned = None  # as Python's own default says
    return Types(args[0] if args else Any, returned)


class ChunkWindow:
    """The chunks of one attempt that are not recorded yet. One thread sends, another one hears of what is recorded; no lock
    is held, for an exception that stops the attempt may arrive anywhere.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, int]] = deque()  # mark, bytes
        self._sent_bytes = 0
        self._recorded_bytes = 0
        self._tokens: SimpleQueue[None] = SimpleQueue()
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        """True when no more may be sent for now."""
        return (
            len(self._waiting) >= MAX_WAITING_CHUNKS or self._sent_bytes - self._recorded_bytes >= MAX_WAITING_BYTES
        ) and bool(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def sent(self, mark: int, size: int) -> None:
        """Note a chunk of *size* bytes that was sent under *mark*."""
        self._sent_bytes += size
        self._waiting.append((mark, size))

    def recorded(self, mark: int) -> None:
        """All up to *mark* are recorded; from any thread."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= mark:
            self._recorded_bytes += waiting.popleft()[1]
        if not self.is_full:
            if self._tokens.empty():
                self._tokens.put(None)
            waiter = self._waiter
            if waiter is not None:
                with contextlib.suppress(RuntimeError):  # its loop is closed
                    waiter.get_loop().call_soon_threadsafe(_wake, waiter)

    def wait(self, context: AttemptContext) -> None:
        """Wait until more may be sent; raises Cancelled or TimeLimit if the attempt has to stop."""
        while self.is_full:
            context.check()
            try:
                self._tokens.get(timeout=LOOK_SECONDS)
            except Empty:
                continue

    async def wait_async(self) -> None:
        """As `wait`; a stop cancels the coroutine."""
        import asyncio  # late: a worker's processes do without

        while True:
            waiter = self._waiter = asyncio.get_running_loop().create_future()
            if (
                not self.is_full
            ):  # looked at after the waiter is there, or what is recorded by another thread meanwhile would wake nobody
                return
            await waiter


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class _Stream:
    """Sends what a generator yields."""

    def __init__(self, context: AttemptContext, signature: TaskSignature) -> None:
        saying = context.say()
        saying.window = self.window = ChunkWindow()
        self._say = saying.chunk
        self._check = signature.chunk
        self._count = 0

    def send(self, value: Any) -> None:
        """Send one chunk; raises ResultNotSerialisable, TooLarge, TooDeep."""
        self._count += 1
        self.window.sent(*self._say(self._check(value, self._count)))


def stream(context: AttemptContext, signature: TaskSignature, generator: Generator[Any, Any, Any]) -> Any:
    """Send what *generator* yields and return what it returns. However that ends, the generator is closed."""
    out = _Stream(context, signature)
    try:
        while True:
            try:
                value = next(generator)
            except StopIteration as end:
                return end.value
            out.send(value)
            if context.stop is not None:
                context.check()
            if out.window.is_full:
                out.window.wait(context)
    finally:
        generator.close()


async def stream_async(context: AttemptContext, signature: TaskSignature, generator: AsyncGenerator[Any, Any]) -> Any:
    """As `stream`, of an async generator. It gives the event loop to others after each chunk; its result is None."""
    import asyncio

    out = _Stream(context, signature)
    try:
        async for value in generator:
            out.send(value)
            if out.window.is_full:
                await out.window.wait_async()
            else:
                await asyncio.sleep(0)  # one that never waits would keep the loop
    finally:
        await generator.aclose()
