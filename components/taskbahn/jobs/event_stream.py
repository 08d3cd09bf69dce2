"""The events of one job as they happen, for `for` and `async for`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Self

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.waiting import Awaiting, Deadline, wait_here
from taskbahn.client.requests import Request
from taskbahn.errors import TaskbahnError, WouldBlock
from taskbahn.future import Future
from taskbahn.protocol import messages, views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from taskbahn.client.client import Client

PLAIN_FOR = ("job.events() in a plain `for`", "async for event in job.events()")
MAX_WAITING = 10_000  # events that a slow reader may leave; beyond, of progress only the newest before each state is kept


class EventStream:
    """Numbered events, none missing and none twice; ends when the job is final.

    snapshot: the job when the stream began.   final: the job at its end; both None until known.
    """

    def __init__(self, client: Client, job: str, after: int = 0) -> None:
        self.job = job
        self.snapshot: views.JobView | None = None
        self.final: views.JobView | None = None
        self._client = client
        self._number = after
        self._events: deque[messages.Event] = deque()
        self._progress: messages.Event | None = None  # the newest that a slow reader left no room for
        self._more: Future[None] = Future()
        self._is_over = False
        self._error: TaskbahnError | None = None
        self._request = Request(messages.JOB_WATCH, [job, after], on_progress=self._take, renew=lambda: [job, self._number])
        self._request.future.listen(self._ended)
        client.link.send(self._request)

    def __repr__(self) -> str:
        return f"<EventStream of job {self.job}>"

    def __iter__(self) -> Iterator[messages.Event]:
        try:
            check_may_block(*PLAIN_FOR)
        except WouldBlock:
            self.close()
            raise
        return self

    def __next__(self) -> messages.Event:
        event = self._next(None)
        if event is None:
            raise StopIteration
        return event

    def begin(self, when: float | None = None) -> views.JobView | None:
        """Wait for the snapshot; None if there is none by a time of `time.monotonic`."""
        while True:
            more = self._more
            if self.snapshot is not None or self._is_over:
                return self.snapshot
            check_may_block("begin() of a job's events", "await asyncio.to_thread(events.begin)")
            if not wait_here(more, None, None if when is None else Deadline(when)):
                return None

    def until(self, when: float | None) -> Iterator[messages.Event]:
        """Give the events up to a time of `time.monotonic`; `final` is None if the job has not ended by then."""
        while (event := self._next(when)) is not None:
            yield event

    def _next(self, when: float | None) -> messages.Event | None:
        while True:
            more, is_over = self._more, self._is_over  # read first, for the last events come before the end
            if self._events:
                return self._events.popleft()
            if is_over:
                self._raise_error()
                return None
            check_may_block(*PLAIN_FOR)
            if not wait_here(more, None, None if when is None else Deadline(when)):
                return None

    def __aiter__(self) -> AsyncIterator[messages.Event]:
        return self

    async def __anext__(self) -> messages.Event:
        while True:
            more, is_over = self._more, self._is_over
            if self._events:
                return self._events.popleft()
            if is_over:
                self._raise_error()
                raise StopAsyncIteration
            await Awaiting(more, None)

    def close(self) -> None:
        """Stop watching; the job goes on."""
        self._is_over = True
        self._client.link.drop(self._request)
        self._more.resolve(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    # all below runs on the client's thread

    def _take(self, message: dict[str, Any]) -> None:
        if "snapshot" in message and self.snapshot is None:
            self.snapshot = msgspec.convert(message["snapshot"], views.JobView)
        for event in msgspec.convert(message.get("events", []), list[messages.Event]):
            if event.kind == "progress":
                is_late = len(self._events) >= MAX_WAITING
                self._progress = event if is_late else None
                if is_late:
                    continue
            elif event.kind in ("question", "pause"):  # it has no number of its own
                pass
            elif event.number <= self._number:
                continue
            else:
                self._number = event.number
                if event.kind == "state" and self._progress is not None:
                    self._events.append(self._progress)
                    self._progress = None
            self._events.append(event)
        self._wake()

    def _ended(self) -> None:
        try:
            self.final = msgspec.convert(self._request.future.now(), views.JobView)
        except TaskbahnError as error:
            self._error = error
        self._is_over = True
        self._wake()

    def _wake(self) -> None:
        more, self._more = self._more, Future()
        more.resolve(None)
