"""One watcher of a job, however slowly it reads: it gets later, from the store, what its connection does not take now.

Events go out as they happen for as long as the connection takes them. When too much waits for its reader, nothing more is sent, and
log lines and chunks are not kept for it either: they are in the store. Once most of what waited is read, they follow from there, a
page at a time, until nothing is missing, and then events go out as they happen again. So the watcher gets each number once and in
order, and costs the router little. It begins in the same way, behind by all that came after the number that it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.message_pages import event_bytes, pages
from taskbahn.protocol.states import FINAL_STATES
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.limits import SEND_BUFFER_HIGH_WATER_BYTES
from taskbahn_router.model.wire_format import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.internet.defer import Deferred

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Clock, Runner
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import EventRow, JobRow

PAGE_EVENTS = messages.MAX_EVENTS
PAGE_BYTES = SEND_BUFFER_HIGH_WATER_BYTES // 4
NEXT_PAGE_BACKLOG_BYTES = SEND_BUFFER_HIGH_WATER_BYTES // 4  # bytes that may still wait when the next page goes out
MAX_HELD_EVENTS = 1_000  # log lines and chunks that are kept while a page is read
UNNUMBERED = ("question", "pause")  # kinds of events that have no numbers of their own
MAX_UNNUMBERED = 100  # of these that are held
FIRST_WAIT, LONGEST_WAIT = 0.01, 0.25  # seconds between two looks at the backlog

Event = dict[str, Any]


class EventPager:
    """Reads events from the store for watchers that are behind, and knows their backlogs.

    waiting: the bytes that wait for the reader of a session.
    """

    def __init__(self, reader: Reader, runner: Runner, clock: Clock, waiting: Callable[[int | None], int]) -> None:
        self._reader = reader
        self._runner = runner
        self.clock = clock
        self.waiting = waiting

    def first(self, seq: int, after: int) -> list[EventRow]:
        """Return the events that follow number *after*; on the reader's thread."""
        return self._reader.events(seq, after, PAGE_EVENTS, PAGE_BYTES)

    def read(self, seq: int, after: int) -> Deferred[list[EventRow]]:
        """Read the events that follow, for the event loop: returns a Deferred."""
        return self._runner.run(self.first, seq, after)


class JobWatch:
    """A `taskbahn.job.watch` after its question was put; `begin` when the snapshot is out.

    finish: called when the job has ended and all before is out.  fail: called with a Failure when the store cannot be read.
    moved: called with the watcher when it has sent another state of the job.
    """

    wants_events = True

    def __init__(
        self,
        call: PendingCall,
        pages: EventPager,
        *,
        finish: Callable[[], None] = lambda: None,
        fail: Callable[[Any], None] = lambda _: None,
        moved: Callable[[JobWatch], None] = lambda _: None,
    ) -> None:
        self.call = call
        self.job = ""
        self.seq = 0  # the job's seq
        self.state = ""  # the state that was sent last
        self.place: dict[str, Any] | None = None  # the `views.Place` that was sent last
        self._pages = pages
        self._finish = finish
        self._fail = fail
        self._moved = moved
        self._number = 0  # number of the newest event that was sent
        self._published = 0  # number of the newest event that the dispatcher published; the store may be ahead
        self._in_snapshot = 0  # states up to this number are in the snapshot
        # while the watcher is behind: states, and events since the last question to the store
        self._held: list[Event] | None = []
        self._progress: Event | None = None  # while the watcher is behind: the newest progress
        self._unnumbered: list[Event] = []  # while the watcher is behind, those of `UNNUMBERED` kinds
        self._is_gappy = False  # whether the store has events that are not held
        self._then: Callable[[], None] | None = None  # called when nothing is missing any more

    def events(self, job: str, events: list[Event]) -> None:
        """Take events as they are published."""
        self._published = max(self._published, events[-1]["number"])
        if self._held is None:
            if self._pages.waiting(self.call.caller) <= SEND_BUFFER_HIGH_WATER_BYTES:
                are_news = events[0]["number"] > max(self._number, self._in_snapshot)  # nearly always, for numbers rise
                self._send(events if are_news else [event for event in events if self._is_news(event)])
                return
            self._held, self._is_gappy = [], True
            self._look_later(0.0)
        for event in events:
            self._hold(self._held, event)

    def begin(self, row: JobRow, newest: int, after: int, rows: Sequence[EventRow]) -> None:
        """The snapshot is out, whose newest event has the number *newest*: send what came after number *after*, of which rows begin."""
        self.job, self.seq = id_text(row.id), row.seq
        self._in_snapshot = row.number
        self._published = max(self._published, newest)
        self._number = min(after, newest)
        self._held = [event for event in self._held or [] if self._is_news(event)]
        if self._progress is not None and self._progress["number"] < newest:
            self._progress = None
        self._is_in(row.state)
        self._take(rows)

    def members(self, members: dict[str, Any], progress: dict[str, Any] | None, at: float) -> None:
        """Say what the job's members are at now, and the progress that they make together; a watcher that is behind gets the next."""
        if self._held is None and self._then is None and self._pages.waiting(self.call.caller) <= SEND_BUFFER_HIGH_WATER_BYTES:
            number = max(self._number, self._in_snapshot)
            said = {"job": self.job, "number": number, "kind": "progress", "at": at, "data": progress}
            self.call.progress({"members": members} | ({"events": [said]} if progress else {}))

    def final(self, outcome: list[Any]) -> None:
        """The job has ended."""
        self.end(self._finish)

    def end(self, then: Callable[[], None]) -> None:
        """Call *then* when nothing is missing."""
        if self._held is None:
            then()
        else:
            self._then = then

    def _is_news(self, event: Event) -> bool:
        """Return whether an event is neither out nor in the snapshot; a commit may be read before its events are published."""
        number = event["number"]
        if event["kind"] in UNNUMBERED:
            return True
        if event["kind"] == "state":
            return bool(number > max(self._number, self._in_snapshot))
        return bool(number >= self._number + (event["kind"] != "progress"))

    def _hold(self, held: list[Event], event: Event) -> None:
        if event["kind"] == "progress":
            self._progress = event
        elif event["kind"] in UNNUMBERED:
            self._unnumbered = [*self._unnumbered[1 - MAX_UNNUMBERED :], event]
        elif event["kind"] == "state":
            if not is_end(event):
                self._progress = None  # the progress belonged to the state before; what a job has ended with stays
            if self._is_news(event):
                held.append(event)
        elif len(held) < MAX_HELD_EVENTS and not self._is_gappy:
            held.append(event)
        else:
            self._is_gappy = True

    def _look_later(self, delay: float) -> None:
        self._pages.clock.callLater(delay, self._go_on, delay)

    def _go_on(self, delay: float) -> None:
        """Ask for the next page, once little waits to be read."""
        if not self.call.open:
            return
        if self._pages.waiting(self.call.caller) > NEXT_PAGE_BACKLOG_BYTES:
            self._look_later(min(LONGEST_WAIT, max(FIRST_WAIT, 2 * delay)))
            return
        self._held, self._is_gappy = self._held_states(), False  # the store has all other held events by now
        self._pages.read(self.seq, self._number).addCallback(self._take).addErrback(self._fail)

    def _take(self, rows: Sequence[EventRow]) -> None:
        """Send a page, and what is held of the numbers up to its end; of all numbers if it is the last one."""
        if not self.call.open:
            return
        is_full = len(rows) >= PAGE_EVENTS or sum(len(row.data) for row in rows) >= PAGE_BYTES
        published = [
            row for row in rows if self._number < row.number <= self._published
        ]  # the dispatcher has not published the others yet
        is_last = not self._is_gappy and not (is_full and len(published) == len(rows))
        end = published[-1].number if published else self._number
        held = self._held or []
        page = {row.number: stored(self.job, row) for row in published}
        page |= {event["number"]: event for event in held if self._is_news(event) and (is_last or event["number"] <= end)}
        self._held = None if is_last else [event for event in self._held_states() if event["number"] > end]
        found = [page[number] for number in sorted(page)]
        if self._progress is not None and not self._held:
            last = [found.pop()] if found and is_end(found[-1]) else []
            self._send(found)
            found = [self._progress | {"number": self._number}, *last]
            self._progress = None
        if not self._held:
            found, self._unnumbered = [*self._unnumbered, *found], []
        self._send(found)
        if not is_last:
            self._look_later(0.0)
        elif self._then is not None:
            self._then()

    def _held_states(self) -> list[Event]:
        return [event for event in self._held or [] if event["kind"] == "state"]

    def _send(self, events: list[Event]) -> None:
        if events:
            self._number = max(self._number, *(event["number"] for event in events))
            for page in pages(events, event_bytes):
                self.call.progress(self._page(page))
            states = [event["data"]["state"] for event in events if event["kind"] == "state"]
            self._is_in(states[-1] if states else self.state)

    def _page(self, events: list[Event]) -> dict[str, Any]:
        return {"events": events}

    def _is_in(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._moved(self)


class JoinedCall(JobWatch):
    """A call of a task that joined a job: it gets what that job has said so far, in the messages of a call, and then goes on like one.

    finish: answers the call with an outcome.
    """

    def __init__(
        self, call: PendingCall, pages: EventPager, *, end: Callable[[list[Any]], None], fail: Callable[[Any], None]
    ) -> None:
        super().__init__(call, pages, fail=fail)
        self._end = end

    def begin_so_far(self, row: JobRow, progress: Any, rows: Sequence[EventRow]) -> None:
        """Send what the job is doing, its first stored events, which are *rows*, and its newest progress; then what follows."""
        self.job = id_text(row.id)
        data = {"state": row.state, "attempt": row.attempt, **({"worker": row.worker} if row.worker else {})}
        state = {"job": self.job, "number": row.number, "kind": "state", "at": row.started_at or row.created_at, "data": data}
        self.call.progress(self._page([state]))
        if progress is not None:
            self._progress = {"job": self.job, "number": row.number, "kind": "progress", "at": state["at"], "data": progress}
        self.begin(row, row.number, 0, rows)

    def final(self, outcome: list[Any]) -> None:
        """The job has ended."""
        self.end(lambda: self._end(outcome))

    def _page(self, events: list[Event]) -> dict[str, Any]:
        return {"job": self.job, "events": events}


def is_end(event: Event) -> bool:
    """Return whether an event ends its job."""
    return event["kind"] == "state" and event["data"]["state"] in FINAL_STATES
