"""What a job sends piece by piece, as it comes, for `for` and `async for`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar

from taskbahn.jobs.encrypted_job import opened_outcome
from taskbahn.jobs.outcome import outcome_error
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

    from taskbahn.jobs.event_stream import EventStream
    from taskbahn.protocol import messages

C = TypeVar("C")


class ChunkStream(Generic[C]):
    """The chunks of one job, in order; `attempt` is the number of the attempt that sent the last one, 0 before the first."""

    def __init__(self, events: EventStream, convert: Callable[[Any], C]) -> None:
        self.attempt = 0
        self._events = events
        self._convert = convert

    def __iter__(self) -> Iterator[C]:
        return self

    def __next__(self) -> C:
        for event in self._events:
            if event.kind == "chunk":
                return self._taken(event)
        self._raise_error()
        raise StopIteration

    def __aiter__(self) -> AsyncIterator[C]:
        return self

    async def __anext__(self) -> C:
        async for event in self._events:
            if event.kind == "chunk":
                return self._taken(event)
        self._raise_error()
        raise StopAsyncIteration

    def close(self) -> None:
        """Stop watching; the job goes on."""
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _taken(self, event: messages.Event) -> C:
        self.attempt = event.attempt
        return self._convert(event.data)

    def _raise_error(self) -> None:
        final = self._events.final
        if final is not None and final.state != State.SUCCEEDED:
            raise outcome_error(opened_outcome([final.id, final.state, None, final.error], None, "", None))
