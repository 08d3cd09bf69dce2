"""The events of one job as they happen, for `for` and `async for`."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.waiting import Awaiting, Deadline, wait_here
from taskbahn.client.requests import Request
from taskbahn.encryption.reading import opened_event, opened_view
from taskbahn.errors import TaskbahnError, WouldBlock
from taskbahn.future import Future
from taskbahn.protocol import messages, views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from taskbahn.client.client import Client
    from taskbahn.encryption.keyring import KeyRing

PLAIN_FOR = ("job.events() in a plain `for`", "async for event in job.events()")
ENDS = ("snapshot", "outcome")  # kinds of the first event and the last one, which do not travel as events
INTERNAL = {"begin", "until"}  # what commands and flows call, which wait up to a time
MAX_WAITING = 10_000  # events that a slow reader may leave; beyond, of progress only the newest before each state is kept


class EventStream:
    """The job as it was when the stream began, its numbered events, none missing and none twice, and the job as it has ended.

    The first event has the kind "snapshot", the last one "outcome"; the data of both is a `JobView`. Of a job that is over already the
    store has log lines and chunks, and the outcome says the rest.   snapshot, final: the two views; None until they are known.
    """

    def __init__(self, client: Client, job: str, after: int = 0, keys: KeyRing | None = None) -> None:
        self.job = job
        self.snapshot: views.JobView | None = None
        self.final: views.JobView | None = None
        self._client = client
        self._keys = keys
        self._number = after
        self._events: deque[messages.Event] = deque()
        self._progress: messages.Event | None = None  # the newest that a slow reader left no room for
        self._more: Future[None] = Future()
        self._is_over = False
        self._has_warned = False  # that it blocks the loop of its reader
        self._error: TaskbahnError | None = None
        self._request = Request(messages.JOB_WATCH, [job, after], on_progress=self._take, renew=lambda: [job, self._number])
        self._request.future.listen(self._ended)
        client.link.send(self._request)

    def __repr__(self) -> str:
        return f"<EventStream of job {self.job}>"

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if name not in INTERNAL]

    def __iter__(self) -> Iterator[messages.Event]:
        try:
            check_may_block(*PLAIN_FOR)
        except WouldBlock:
            self.close()
            raise
        self._has_warned = True
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
            check_may_block("begin() of a job's events", "async for event in job.events()")
            if not wait_here(more, None, None if when is None else Deadline(when)):
                return None

    def until(self, when: float | None) -> Iterator[messages.Event]:
        """Give what happens up to a time of `time.monotonic`; `final` is None if the job has not ended by then."""
        while (event := self._next(when)) is not None:
            if event.kind not in ENDS:
                yield event

    def _next(self, when: float | None) -> messages.Event | None:
        while True:
            more, is_over = self._more, self._is_over  # read first, for the last events come before the end
            if self._events:
                return self._events.popleft()
            if is_over:
                self._raise_error()
                return None
            check_may_block(*PLAIN_FOR, has_warned=self._has_warned)
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
            self.snapshot = view = opened_view(msgspec.convert(message["snapshot"], views.JobView), self._keys)
            self._events.append(messages.Event(job=view.id, number=view.number, kind="snapshot", at=time.time(), data=view))
        for travelled in msgspec.convert(message.get("events", []), list[messages.Event]):
            event = opened_event(travelled, self._keys)
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
            self.final = view = opened_view(msgspec.convert(self._request.future.now(), views.JobView), self._keys)
            at = view.finished_at or time.time()
            self._events.append(messages.Event(job=view.id, number=view.number, kind="outcome", at=at, data=view))
        except TaskbahnError as error:
            self._error = error
        self._is_over = True
        self._wake()

    def _wake(self) -> None:
        more, self._more = self._more, Future()
        more.resolve(None)
