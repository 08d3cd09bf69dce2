"""The stream of a job's events, read on one thread while the client's fills it: whatever comes between two looks is not missed."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from taskbahn.jobs.event_stream import MAX_WAITING, EventStream
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable

JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"
LAST = {"job": JOB, "number": 1, "kind": "state", "at": 1.0, "data": {"state": "succeeded"}}
VIEW = {"id": JOB, "task": "t.add", "queue": "default", "state": "succeeded"}


class Client:
    """Keeps the request of the stream."""

    def __init__(self) -> None:
        self.link = self

    def send(self, request: Any) -> None:
        self.request = request


class Looked(deque[messages.Event]):
    """The events that came. When the stream has looked at them, `happens` runs once before it looks again."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self._happens: list[Callable[[], None]] = [happens]

    def __bool__(self) -> bool:
        seen = len(self) > 0
        while self._happens:
            self._happens.pop()()
        return seen


def in_a_loop(stream: EventStream) -> list[messages.Event]:
    async def read() -> list[messages.Event]:
        return [event async for event in stream]

    with ThreadPoolExecutor(1) as thread:  # pytest's own loop may belong to Twisted
        return thread.submit(lambda: asyncio.run(read())).result(30)


@pytest.mark.parametrize("read", [list, in_a_loop])
def test_the_last_event_of_a_job_that_ends_meanwhile_is_read(read: Callable[[EventStream], Any]) -> None:
    client = Client()
    stream = EventStream(client, JOB)  # type: ignore[arg-type]

    def ends() -> None:
        client.request.on_progress({"events": [LAST]})
        client.request.future.resolve(VIEW)

    stream._events = Looked(ends)
    assert [event.data for event in read(stream)] == [LAST["data"], stream.final]
    assert stream.final is not None


@pytest.mark.parametrize("read", [list, in_a_loop])
def test_a_stream_of_an_ended_job_has_snapshot_and_outcome(read: Callable[[EventStream], Any]) -> None:
    client = Client()
    stream = EventStream(client, JOB)  # type: ignore[arg-type]
    client.request.on_progress({"snapshot": VIEW | {"number": 2}})
    client.request.on_progress({"events": [LAST | {"kind": "log", "data": {"message": "hello"}}]})
    client.request.on_progress({"snapshot": VIEW | {"number": 2}})  # after a reconnect
    client.request.future.resolve(VIEW | {"number": 2, "finished_at": 5.0})
    events = read(stream)
    assert [(event.kind, event.number) for event in events] == [("snapshot", 2), ("log", 1), ("outcome", 2)]
    assert (events[0].data, events[-1].data, events[-1].at) == (stream.snapshot, stream.final, 5.0)
    assert all(event.job == JOB for event in events)


def test_what_is_drawn_live_leaves_snapshot_and_outcome_out() -> None:
    client = Client()
    stream = EventStream(client, JOB)  # type: ignore[arg-type]
    client.request.on_progress({"snapshot": VIEW})
    client.request.on_progress({"events": [LAST]})
    client.request.future.resolve(VIEW)
    assert [event.kind for event in stream.until(None)] == ["state"]


def test_a_slow_reader_misses_progress_but_not_how_far_the_job_came() -> None:
    client = Client()
    stream = EventStream(client, JOB)  # type: ignore[arg-type]
    logs = [LAST | {"number": number + 1, "kind": "log", "data": number} for number in range(MAX_WAITING)]
    client.request.on_progress({"events": logs})
    for percent in range(1, 101):
        client.request.on_progress({"events": [LAST | {"number": MAX_WAITING, "kind": "progress", "data": percent}]})
    client.request.on_progress({"events": [LAST | {"number": MAX_WAITING + 1}]})
    client.request.future.resolve(VIEW)
    assert [(event.kind, event.data) for event in list(stream)[MAX_WAITING:-1]] == [("progress", 100), ("state", LAST["data"])]
