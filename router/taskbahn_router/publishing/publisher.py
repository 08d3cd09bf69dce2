"""What is published after a commit: orders to workers, events to followers and topics, outcomes, changes for dashboards."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.message_pages import FRAME_BYTES, are_few, event_bytes, pages, text_bytes
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.wire_format import brief_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from taskbahn_router.model.ports import RouterPort
    from taskbahn_router.model.state import AttachedWorker, DispatcherState, LiveJob
    from taskbahn_router.model.turn import Ended, JobEvent, Requeued
    from taskbahn_router.publishing.followers import JobFollowers
    from taskbahn_router.stores.rows import Moved

PACKED = itemgetter(3)  # of an attempt: its arguments as JSON
FEW_CANCELS = 1_000  # cancels that fit into one order with their reasons
MAX_CHANGES = 500  # jobs in one message to dashboards; newer ones push out older ones


class Publisher:
    """Publishes effects; makes messages only of what has followers."""

    def __init__(self, state: DispatcherState, followers: JobFollowers, port: RouterPort) -> None:
        self._state = state
        self._followers = followers
        self._port = port
        self.on_repetition: Callable[[str], object] = lambda _: None  # reads from the store how a job ended, for its followers
        self.on_member: Callable[[str], object] = lambda _: None  # called with the id of a watched job that gets a member
        self.awaited_ends: dict[bytes, str] = {}  # jobs for whose ends schedules wait
        self.on_end: Callable[[str], object] = lambda _: None  # called with a schedule when its job has ended
        self.alarm_ends: dict[bytes, str] = {}  # newest jobs of schedules that have alarms
        self.on_alarm_end: Callable[[str], object] = lambda _: None  # likewise
        self.dirty_workers: set[str] = set()  # workers with something in their outbox
        self.changes: dict[str, dict[str, Any]] = {}  # job -> its changed view, for dashboards
        self.changes_wanted = False

    def accepted(self, jobs: list[LiveJob]) -> None:
        """New jobs are durable."""
        if self._followers.event_follower_count:
            for parent in {job.links.parent for job in jobs if job.links is not None and job.links.parent is not None}:
                if self._followers.wants_events(id := id_text(parent)):
                    self.on_member(id)
        if not self.changes_wanted:
            return
        for job in jobs[-MAX_CHANGES:]:
            self._change_of(job, due_at=job.due_at)

    def started(self, started: Iterable[tuple[LiveJob, AttachedWorker, int]], now: float) -> None:
        """Attempts are on their way to workers; each with the number of that event."""
        if not (self.changes_wanted or self._is_any_wanted()):
            return
        for job, worker, number in started:
            if self._wanted(job.id):
                data = {"state": "running", "attempt": job.attempt, "worker": worker.id}
                self._emit(job.id, [event(job.id, number, "state", now, data)])
            if self.changes_wanted:
                self._change_of(job, worker=worker.id, started_at=now)

    def noticed(self, notices: list[JobEvent]) -> None:
        """Running jobs said something."""
        by_job: dict[str, list[dict[str, Any]]] = {}
        for job, number, notice in notices:
            if self._wanted(job.id):
                said = event(job.id, number, notice.kind, notice.at, notice.data, attempt=notice.attempt)
                by_job.setdefault(job.id, []).append(said)
            if self.changes_wanted and notice.kind == "progress":
                self._change_of(job, progress=notice.data)
        for id, events in by_job.items():
            self._emit(id, events)

    def answered(self, id: str, question: str, now: float) -> None:
        """A question of a job is open no more."""
        if self._wanted(id):
            self._emit(id, [event(id, 0, "question", now, {"name": question})])

    def held(self, id: str, pause: dict[str, Any] | None, now: float) -> None:
        """A pause holds a job, or (None) lets it go; *pause* is a `views.JobPause`."""
        if self._wanted(id):
            self._emit(id, [event(id, 0, "pause", now, pause)])

    def ended(self, endings: Sequence[Ended]) -> None:
        """Running jobs are final."""
        followers, is_any_wanted = self._followers, self._is_any_wanted()
        for job, state, result, error, at in endings:
            if is_any_wanted and self._wanted(job.id):
                data: dict[str, Any] = {"state": state, "attempt": job.attempt}
                if error is not None:
                    data["error"] = error
                self._emit(job.id, [event(job.id, job.number, "state", at, data)])
            if self.changes_wanted:
                self._change_of(job, finished_at=at, error=error and brief_error(error))
            if followers.has(job.id):
                followers.final([job.id, state, result, error])

    def requeued(self, requeued: Requeued, now: float) -> None:
        """A job will have another attempt."""
        job, state, due_at, error = requeued
        if self._wanted(job.id):
            data: dict[str, Any] = {"state": str(state), "attempt": job.attempt}
            if due_at is not None:
                data["due_at"] = due_at
            if error is not None:
                data["error"] = error
            self._emit(job.id, [event(job.id, job.number, "state", now, data)])
        if self.changes_wanted:
            self._change_of(job, due_at=due_at, last_error=error and brief_error(error))

    def moved(self, moved: Moved, error: dict[str, Any] | None, now: float, result: str | None = None) -> None:
        """The store moved a job by itself: one that waits, one that a client cancelled, or a flow, which may have a result."""
        id, state = id_text(moved.id), str(moved.after)
        if self._wanted(id):
            data: dict[str, Any] = {"state": state}
            if error is not None:
                data["error"] = error
            self._emit(id, [event(id, moved.number, "state", now, data)])
        if self.changes_wanted:
            partition = self._state.partitions_by_id[moved.partition]
            self._change(id, task=partition.task, queue=partition.queue, state=state)
        if moved.after.is_final and self._followers.has(id):
            self._followers.final([id, state, result, error])

    def resend_outcome(self, job: str) -> None:
        """A submission was repeated: its followers may have missed the end."""
        if self._followers.has(job):
            self.on_repetition(job)

    def flush(self) -> None:
        """Send what is in the outboxes of workers."""
        self.flush_workers(self.take_dirty_workers())

    def take_dirty_workers(self) -> list[str]:
        """Return the workers with something in their outbox, whose orders the caller sends now."""
        dirty_workers, self.dirty_workers = self.dirty_workers, set()
        return list(dirty_workers)

    def flush_workers(self, ids: Iterable[str]) -> None:
        """Send what is in the outboxes of those workers."""
        for id in ids:
            worker = self._state.workers.get(id)
            if worker is not None:
                self.flush_worker(worker)

    def flush_worker(self, worker: AttachedWorker) -> None:
        """Send what is in the outbox of a worker."""
        if worker.outbox:
            order, worker.outbox = worker.outbox, {}
            for part in parts_of(order):
                if worker.orders is not None:
                    worker.orders.order(part)

    def flush_sockets(self) -> None:
        """Write to the sockets now, so that a single job does not wait for the end of the turn."""
        self._port.flush_sockets()

    def take_changes(self) -> list[dict[str, Any]]:
        """Return what changed since the last time, a view for each job."""
        changes, self.changes = self.changes, {}
        return list(changes.values())

    def _is_any_wanted(self) -> bool:
        return self._followers.event_follower_count > 0 or self._port.watches_jobs()

    def _wanted(self, id: str) -> bool:
        return self._followers.wants_events(id) or self._port.is_watched(messages.JOB_TOPIC + id)

    def _emit(self, id: str, events: list[dict[str, Any]]) -> None:
        self._followers.events(id, events)
        topic = messages.JOB_TOPIC + id
        if self._port.is_watched(topic):
            for page in pages(events, event_bytes):
                self._port.publish_event(topic, page)

    def _change_of(self, job: LiveJob, **more: Any) -> None:
        now = {"attempt": job.attempt, "started_at": job.started_at, "worker": job.worker_id, "progress": job.progress, **more}
        self._change(
            job.id, task=job.partition.task, queue=job.partition.queue, state=str(job.state), created_at=job.created_at, **now
        )

    def _change(self, id: str, **fields: Any) -> None:
        change = self.changes.get(id)
        if change is None:
            if len(self.changes) >= MAX_CHANGES:
                del self.changes[next(iter(self.changes))]
            change = self.changes[id] = {"id": id}
        change.update({name: value for name, value in fields.items() if value is not None})
        if fields.get("state") == State.READY:
            change.pop("worker", None)


def parts_of(order: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Cut a `messages.WorkerOrder` where it is too large for one message: attempts to run first, then the rest, then what is cancelled."""
    run, cancel = order.get("run", ()), order.get("cancel", ())
    if len(cancel) <= FEW_CANCELS and (len(run) <= 1 or are_few(map(PACKED, run), len(run))):
        return [order]
    runs = list(pages(run, lambda one: FRAME_BYTES + text_bytes(one[3])))
    cancels = list(pages(cancel, lambda one: FRAME_BYTES + text_bytes(one[2])))
    if len(runs) <= 1 and len(cancels) <= 1:
        return [order]
    rest = {name: value for name, value in order.items() if name not in ("run", "cancel")}
    parts = [{"run": page} for page in runs] + [{"cancel": page} for page in cancels]
    return [parts[0] | rest, *parts[1:]]


def event(job: str, number: int, kind: str, at: float, data: Any, **more: Any) -> dict[str, Any]:
    """Return a `messages.Event` as it travels."""
    return {"job": job, "number": number, "kind": kind, "at": at, "data": data, **more}
