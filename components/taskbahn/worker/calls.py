"""The calls that an attempt makes of its task: one, or those of a chunk, one after the other (`task.chunks`)."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from taskbahn.attempt.replacing import Replacement
from taskbahn.attempt.streaming import stream, stream_async
from taskbahn.errors import InvalidArguments, ResultTooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK, calls_in
from taskbahn.signatures.paged_lists import unpack_paged
from taskbahn.worker.forked import ROLE, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.attempt.memory import Memory
    from taskbahn.tasks.task import Task


def make_calls(task: Task[..., Any], context: AttemptContext) -> str:
    """Make the calls and return the result as JSON text, of a chunk the list of all; raises what the first raises that fails."""
    packed = context.packed
    if not packed.startswith(CHUNK):
        return _call(task, context, packed)
    results, memory = _Results(), _memory(context)
    for number, call in enumerate(calls_in(packed)):
        context.check()
        text = None if memory is None else memory.begin_item(number)
        if text is None:
            with _noted(number):
                text = _call(task, context, call)
            if memory is not None:
                memory.end_item(text)
        results.add(text)
    return results.text()


async def make_calls_async(task: Task[..., Any], context: AttemptContext) -> str:
    """As `make_calls`, of a coroutine function. Between two calls others have the event loop."""
    packed = context.packed
    if not packed.startswith(CHUNK):
        return await _call_async(task, context, packed)
    import asyncio  # late: most processes of a worker need no asyncio

    results, memory = _Results(), _memory(context)
    for number, call in enumerate(calls_in(packed)):
        text = None if memory is None else memory.begin_item(number)
        if text is None:
            with _noted(number):
                text = await _call_async(task, context, call)
            if memory is not None:
                memory.end_item(text)
            await asyncio.sleep(0)
        results.add(text)
    return results.text()


def _call(task: Task[..., Any], context: AttemptContext, packed: str) -> str:
    signature = task.signature
    args, kwargs = _arguments(task, context, packed)
    value = task.function(*args, **kwargs)
    if type(value) is GeneratorType:
        value = stream(context, signature, value)
    if type(value) is Replacement:
        raise context.open_waits().replaced(value.job)
    if ROLE.is_copy:  # this is a process that the task has forked: the original reports the outcome
        leave(None)
    return signature.pack_result(value)


async def _call_async(task: Task[..., Any], context: AttemptContext, packed: str) -> str:
    signature = task.signature
    args, kwargs = _arguments(task, context, packed)
    made = task.function(*args, **kwargs)
    is_stream = type(made) is AsyncGeneratorType
    value = await stream_async(context, signature, made) if is_stream else await made
    if type(value) is Replacement:
        raise context.open_waits().replaced(value.job)
    if ROLE.is_copy:  # as above
        leave(None)
    return signature.pack_result(value)


def _memory(context: AttemptContext) -> Memory | None:
    """Return what the job of a chunk remembers, if its dispatcher keeps that."""
    return context.open_memory() if context.can_wait else None


def _arguments(task: Task[..., Any], context: AttemptContext, packed: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    signature = task.signature
    try:
        return unpack_paged(signature, packed, partial(_results, task)) if signature.is_paged else signature.unpack(packed)
    except InvalidArguments:
        context.is_unfit = packed is context.packed  # of a chunk, calls before it may have been made
        raise


def _results(task: Task[..., Any], id: str) -> Iterator[str]:
    from taskbahn.jobs.paged_results import paged_results  # late: most processes of a worker need no client

    return paged_results(task.app.client, id)


class _Results:
    """The results of calls as JSON text, within the bound of one job."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._size = 2

    def add(self, text: str) -> None:
        self._texts.append(text)
        self._size += len(text.encode()) + 1
        if self._size > messages.MAX_RESULT:
            raise ResultTooLarge(
                f"the results of the first {len(self._texts):,} items have {self._size:,} bytes, "
                f"more than the {messages.MAX_RESULT:,} allowed; make smaller chunks, or store them and return references",
                size=self._size,
                limit=messages.MAX_RESULT,
            )

    def text(self) -> str:
        return f"[{','.join(self._texts)}]"


@contextmanager
def _noted(number: int) -> Iterator[None]:
    """Say of an error which item it is about."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in item number {number} (from 0) of the chunk")
        raise
