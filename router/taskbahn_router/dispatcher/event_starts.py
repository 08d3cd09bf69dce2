"""Starts what triggers start when an event comes: as if a client submitted it, in one commit for all triggers of the event."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.logger import Logger

from taskbahn.errors import NotReady, QueueFull, StoreUnavailable, TaskbahnError
from taskbahn.protocol import messages
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.triggers import Triggered, job_of_event
from taskbahn_router.dispatcher.trigger_specs import Arrival, call_of
from taskbahn_router.model.state import id_bytes
from taskbahn_router.model.submissions import PlannedEvent, Submission
from taskbahn_router.submission.slices import SLICE_SECONDS, STEPS, run_slice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from taskbahn_router.core.topic_events import TopicEvent
    from taskbahn_router.core.triggers import TriggerRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.trigger_book import TriggerBook
    from taskbahn_router.submission.submission import Draft

CALLER = "trigger:"  # who has submitted the job of a trigger, with the id after it
LINE = 0  # the line of events in the fair queue; no session has this number
AGAIN_SECONDS = 1.0  # seconds after which events that found no room come again
MAX_HELD = 1_000  # events that wait for room
MAX_HELD_BYTES = 32 * 1024 * 1024  # of their data as JSON


class Start(NamedTuple):
    """What an event has started.   trigger: id.   job: id; None: it was refused.   error: why, as `ErrorInfo`."""

    trigger: str
    job: str | None
    error: dict[str, Any] | None = None


class Held(NamedTuple):
    """An event that waits for room, and the triggers that it means."""

    arrival: Arrival
    triggers: list[str]
    size: int


def arrival_of(event: TopicEvent, id: str = "") -> Arrival:
    """Return an event of a topic as triggers take it."""
    sources = {"event": event.data, "args": event.args, "kwargs": event.kwargs, "topic": event.topic, "id": id}
    return Arrival(event.data, sources, event.args, event.kwargs, id)


class EventStarts:
    """Starts the jobs of events, and keeps events for which there is no room."""

    log = Logger("taskbahn.triggers")

    def __init__(self, dispatcher: Dispatcher, book: TriggerBook) -> None:
        self._dispatcher = dispatcher
        self._book = book
        book.heard = self.heard
        self._held: deque[Held] = deque()
        self._held_bytes = 0
        self._lost: dict[str, int] = {}  # by trigger, since they were noted last
        self._service = dispatcher.maintenance.add("events", self._again)

    def heard(self, event: TopicEvent, rows: Iterable[TriggerRow]) -> None:
        """A session has published an event; it does not wait for what becomes of it."""
        arrival = arrival_of(event)
        fitting = list(self._book.fitting(rows, arrival.data))
        if fitting:
            self._start_or_hold(arrival, fitting)

    def start(
        self,
        arrival: Arrival,
        rows: Sequence[TriggerRow],
        done: Callable[[list[Start]], None],
        failed: Callable[[TaskbahnError], None],
        line: int | None = LINE,
    ) -> None:
        """Start what triggers start for something that has come.

        done: called when all is committed.   failed: there is no room, or the store refuses; nothing is started.
        line: the caller beside whose submissions this one waits for its turn.
        """
        try:
            self._dispatcher.check_accepting()
        except TaskbahnError as error:
            failed(error)
            return
        starts: list[Start] = []
        entries: list[tuple[TriggerRow, dict[str, Any]]] = []
        for row in rows:
            try:
                entry = call_of(row, arrival)
                if arrival.id:
                    entry["id"] = id_text(job_of_event(row.id, arrival.id))
                entries.append((row, entry))
            except TaskbahnError as error:
                starts.append(self._refused(row.id, error.info()))
        self._run(self._submit(entries, starts, done, failed, line), failed)

    def _submit(
        self,
        entries: list[tuple[TriggerRow, dict[str, Any]]],
        starts: list[Start],
        done: Callable[[list[Start]], None],
        failed: Callable[[TaskbahnError], None],
        line: int | None,
    ) -> Iterator[None]:
        dispatcher = self._dispatcher
        draft = yield from dispatcher.intake.read([entry for _, entry in entries], None)
        planned: list[PlannedEvent] = []
        at, first = dispatcher.wall(), 0
        for (row, _), answer, count in zip(entries, draft.answers, draft.counts, strict=True):
            jobs = draft.jobs[first : first + count]
            first += count
            for job in jobs:
                job.caller = CALLER + row.id
            if jobs:
                planned.append(PlannedEvent(Triggered(row.id, at, id=id_bytes(answer)), jobs))
            else:
                starts.append(self._refused(row.id, answer))
        if not draft.jobs:
            done(starts)
            return
        yield from dispatcher.admission.take_in(draft, follows=False)
        self._put(draft, [row.id for row, _ in entries], planned, starts, done, failed, line)

    def _put(
        self,
        draft: Draft,
        triggers: list[str],
        planned: list[PlannedEvent],
        starts: list[Start],
        done: Callable[[list[Start]], None],
        failed: Callable[[TaskbahnError], None],
        line: int | None,
    ) -> None:
        dispatcher = self._dispatcher
        read = [bool(count) for count in draft.counts]

        def accepted() -> None:
            for trigger, answer, had_jobs in zip(triggers, draft.answers, read, strict=True):
                if had_jobs:
                    starts.append(Start(trigger, None, answer) if isinstance(answer, dict) else Start(trigger, answer))
            if draft.flows:
                dispatcher.large_flows.feed(None, draft, lambda: None, lambda _: None)()
            done(starts)

        dispatcher.fair_queue.put(
            Submission(
                line, draft.jobs, draft.size, accepted, failed, draft.answers, counts=draft.counts, has_links=draft.has_links,
                asks=draft.asks, events=planned,
            )
        )  # fmt: skip
        dispatcher.loop.schedule_turn()

    def _refused(self, trigger: str, error: dict[str, Any]) -> Start:
        self._note(Triggered(trigger, self._dispatcher.wall(), error=messages.to_json(error)))
        return Start(trigger, None, error)

    def _note(self, triggered: Triggered) -> None:
        self._dispatcher.turn_input.note_triggered(triggered)
        self._dispatcher.loop.schedule_turn()

    def _run(self, steps: Iterator[None], failed: Callable[[TaskbahnError], None]) -> None:
        try:
            if not run_slice(steps, self._dispatcher.clock, SLICE_SECONDS, STEPS):
                self._dispatcher.clock.callLater(0, self._run, steps, failed)
        except TaskbahnError as error:
            failed(error)

    # events without room

    def _start_or_hold(self, arrival: Arrival, rows: Sequence[TriggerRow]) -> None:
        def failed(error: TaskbahnError) -> None:
            if isinstance(error, QueueFull | NotReady | StoreUnavailable):
                self._hold(arrival, [row.id for row in rows])
            else:
                for row in rows:
                    self._refused(row.id, error.info())

        self.start(arrival, rows, lambda _: None, failed)

    def _hold(self, arrival: Arrival, triggers: list[str]) -> None:
        size = len(messages.to_json([arrival.args, arrival.kwargs]))
        self._service.run_in(AGAIN_SECONDS)
        if len(self._held) < MAX_HELD and self._held_bytes + size <= MAX_HELD_BYTES:
            self._held.append(Held(arrival, triggers, size))
            self._held_bytes += size
        else:
            for trigger in triggers:
                self._lost[trigger] = self._lost.get(trigger, 0) + 1

    def _again(self) -> None:
        lost, self._lost = self._lost, {}
        for trigger, count in lost.items():
            error = messages.to_json({"message": f"there was no room for {count:,} events: {MAX_HELD:,} of them waited already"})
            self._note(Triggered(trigger, self._dispatcher.wall(), lost=count, error=error))
        held, self._held, self._held_bytes = self._held, deque(), 0
        for one in held:
            rows = [self._book.rows[id] for id in one.triggers if id in self._book.rows]
            self._start_or_hold(one.arrival, rows)
