"""Generators that run: each value that they yield is sent as a chunk. `ChunkWindow` bounds what is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.attempt.chunk_window import ChunkWindow

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.signatures.signature import TaskSignature


class _Stream:
    """Sends what a generator yields."""

    def __init__(self, context: AttemptContext, signature: TaskSignature) -> None:
        output = context.open_output()
        output.window = self.window = ChunkWindow()
        self._say = output.chunk
        self._check = signature.chunk
        self._count = 0

    def send(self, value: Any) -> None:
        """Send one chunk; raises ResultNotSerialisable, TooLarge, TooDeep."""
        self._count += 1
        self._say(self._check(value, self._count), self.window)


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
                out.window.wait(context.check)
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
                await asyncio.sleep(0)  # a generator that never waits would keep the loop to itself
    finally:
        await generator.aclose()
