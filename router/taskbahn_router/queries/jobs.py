"""Questions about jobs: answered from memory at once, or from the store on the reader's thread, so that commits never wait."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.logger import Logger

from taskbahn.errors import InvalidRequest, TooLarge, UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.states import FINAL_STATES, State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.lifecycle import Event, sources
from taskbahn_router.core.placement import LONG_SECONDS
from taskbahn_router.core.reactions import HAS_CHILDREN, HAS_NOTES, HELD
from taskbahn_router.core.suspensions import OpenQuestion
from taskbahn_router.model.partitions import Partition
from taskbahn_router.model.state import DispatcherState, both_ids, id_bytes
from taskbahn_router.model.wire_format import packed, stored, whole
from taskbahn_router.publishing.followers import CallFollower, JobFollowers, Waiter
from taskbahn_router.publishing.job_watch import EventPager, JobWatch, JoinedCall
from taskbahn_router.publishing.outcome_pages import OutcomePages
from taskbahn_router.publishing.queue_position import QueuePositions, Served
from taskbahn_router.publishing.rollups import MembersRead, Rollups
from taskbahn_router.publishing.start_estimate import JobPosition
from taskbahn_router.queries import job_inputs
from taskbahn_router.queries.asking import Ask
from taskbahn_router.queries.job_inputs import InputsRead
from taskbahn_router.queries.job_lists import JobLists, is_number
from taskbahn_router.queries.questions import question_view
from taskbahn_router.queries.shown_calls import shown_calls
from taskbahn_router.queries.unserved import unserved
from taskbahn_router.stores.contract import OutcomeRow, Reader
from taskbahn_router.stores.rows import AttemptRow, EventRow, JobRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.metrics.recorder import Recorder
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Clock, Runner
    from taskbahn_router.publishing.start_estimate import DeclaredLimits

MAX_EDGES = 1000  # among which one is looked for that is held
MAX_QUESTIONS = 100  # open questions of one job that its view shows
MAX_BYTES = messages.MAX_MESSAGE // 4  # bytes of events, as JSON, in one answer; MessagePack may need twice as many
LEARNED_SECONDS = 0.9 * LONG_SECONDS  # seconds; of a task that takes longer the dispatcher only knows that it is long


class ReadJob(NamedTuple):
    """What the store has of a job that is shown whole."""

    placed: JobPosition
    attempts: list[AttemptRow]
    unique: str | None  # its unique key
    inputs: InputsRead | None
    members: MembersRead | None
    questions: list[OpenQuestion]
    holds: bool  # whether others wait until a person has decided about it


class JobQueries:
    """Answers `taskbahn.view.*` and the reading half of `taskbahn.job.*`.

    limits: what tasks declare.  wall: UTC seconds since the epoch.  clock: timers.  waiting: the bytes that wait for the reader of a session.
    """

    log = Logger("taskbahn.views")

    def __init__(
        self,
        state: DispatcherState,
        limits: DeclaredLimits,
        followers: JobFollowers,
        reader: Reader,
        runner: Runner,
        fail: Callable[[PendingCall, Any], None],
        *,
        wall: Callable[[], float],
        clock: Clock,
        history: Recorder,
        waiting: Callable[[int | None], int] = lambda _: 0,
    ) -> None:
        self._state = state
        self._history = history
        self._followers = followers
        self._reader = reader
        self._runner = runner
        self._fail = fail
        self._ask = Ask(runner, fail)
        self.queue_positions = QueuePositions(state, limits, reader, runner, wall=wall, clock=clock, typical=self._typical)
        self._pages = EventPager(reader, runner, clock, waiting)
        self._outcome_pages = OutcomePages(followers, reader, runner, clock, waiting, fail)
        self._pauses = limits.pauses
        self.rollups = Rollups(state, followers, reader, runner, clock=clock, wall=wall)
        self._lists = JobLists(reader, self.rollups, self._ask, wall)
        self.jobs = self._lists.jobs
        self.errors = self._lists.errors

    # jobs

    def wait(self, call: PendingCall) -> None:
        """`taskbahn.job.wait`."""
        ids = call.args[0] if call.args else None
        if not isinstance(ids, list):
            raise InvalidRequest("taskbahn.job.wait takes one argument, a list of job ids")
        if len(ids) > messages.MAX_WAIT:
            raise TooLarge("job ids in one wait", len(ids), messages.MAX_WAIT, "wait for them in several calls")
        raws = dict(map(both_ids, ids))
        unknown = {raw: id for id, raw in raws.items() if id not in self._state.jobs}
        waiter = Waiter(call, raws)
        for id in (both_ids(id)[0] for id in call.foreign):
            waiter.owed([id, "unknown", None, UnknownJob(id).info()])
            unknown.pop(raws[id], None)
        self._followers.wait(waiter)
        call.on_gone = lambda _: self._followers.unfollow(list(waiter.left), waiter)
        if unknown:
            waiter.is_reading = True
            self._outcome_pages.begin(waiter, unknown)
        else:
            waiter.flush()

    def resend_outcome(self, id: str) -> None:
        """Read the state of a job and tell its followers, if it is final."""

        def found(rows: list[OutcomeRow]) -> None:
            for row in rows:
                if row.state in FINAL_STATES:
                    self._followers.final([id, row.state, row.result, packed(row.error)])
            self._followers.flush()

        asked = self._runner.run(self._reader.outcomes, [id_bytes(id)])
        asked.addCallbacks(found, lambda failure: self.log.failure("job {id} cannot be looked up", failure, id=id))

    def find_meaning(self, raw: bytes, then: Callable[[bytes | None], None]) -> None:
        """Call *then* with the id of the job that another id means; None if it means none, or cannot be looked up."""
        self._look_up(raw, lambda row: then(None if row is None or row.id == raw else row.id))

    def find_error(self, raw: bytes, then: Callable[[str | None], None]) -> None:
        """Call *then* with the error of a job; None if it has none, or cannot be looked up."""
        self._look_up(raw, lambda row: then(None if row is None else row.error))

    def _look_up(self, raw: bytes, then: Callable[[JobRow | None], None]) -> None:
        def fail(failure: Any) -> None:
            self.log.failure("job {id} cannot be looked up", failure, id=id_text(raw))
            then(None)

        self._runner.run(self._reader.job, raw).addCallbacks(then, fail)

    def follow_joined(self, caller: CallFollower, id: str, means: str) -> None:
        """Let a caller whose job *id* joined another one have the events of that, from its first one on."""
        call = caller.call
        if not call.open:
            return

        def gone(_: object = None) -> None:
            self._followers.unfollow([id], watcher)

        def fail(failure: Any) -> None:
            gone()
            self._fail(call, failure)

        watcher = JoinedCall(call, self._pages, end=caller.final, fail=fail)
        self._followers.follow(id, watcher)
        call.on_gone = gone

        def show(found: tuple[ReadJob, list[EventRow], int] | None) -> None:
            if found is None:  # it was deleted meanwhile
                gone()
                call.fail(UnknownJob(means))
                return
            read, events, newest = found
            row = read.placed.row._replace(number=newest)
            live = self._state.jobs.get(means)
            progress = packed(row.progress) if live is None or live.progress is None else live.progress
            watcher.begin_so_far(row, progress, events)

        self._ask(call, show, self._read_all, id_bytes(means), 0, Served([], {}))

    def get(self, call: PendingCall) -> None:
        """`taskbahn.job.get`."""
        id, raw = self._id(call)
        self._ask(call, lambda found: self._got(call, id, found), self._read, raw, self.queue_positions.served())

    def _got(self, call: PendingCall, id: str, found: ReadJob | None) -> None:
        if found is None:
            call.fail(UnknownJob(id))
        else:
            call.answer(self._view(found))

    def _read(self, raw: bytes, served: Served) -> ReadJob | None:
        with self._reader.snapshot():
            row = self._reader.job(raw)
            return None if row is None else self._whole(row, served)

    def _whole(self, row: JobRow, served: Served) -> ReadJob:
        placed = self.queue_positions.placed([row], served)[0]
        questions = self._reader.questions(row.seq, 0, MAX_QUESTIONS) if row.flags & HAS_NOTES else []
        unique = self._reader.unique_key(row.seq)
        inputs = job_inputs.read_inputs(self._reader, row)
        members = self.rollups.read(row)
        return ReadJob(placed, self._reader.attempts(row.seq), unique, inputs, members, questions, self._holds(row))

    def _holds(self, row: JobRow) -> bool:
        if not row.flags & HAS_CHILDREN or row.state not in sources(Event.RETRY_BY_HAND):
            return False
        return any(edge.state == HELD for edge in self._reader.edges_from([row.seq], MAX_EDGES))

    def events(self, call: PendingCall) -> None:
        """`taskbahn.job.events`."""
        id, raw = self._id(call)
        after = self._after(call)

        def read() -> tuple[str, list[EventRow]] | None:
            with self._reader.snapshot():
                row = self._reader.job(raw)
                if row is None:
                    return None
                return id_text(row.id), self._reader.events(row.seq, after, messages.MAX_EVENTS, MAX_BYTES)

        def answer(found: tuple[str, list[EventRow]] | None) -> None:
            if found is None:
                call.fail(UnknownJob(id))
            else:
                call.answer({"events": [stored(found[0], row) for row in found[1]]})

        self._ask(call, answer, read)

    def watch(self, call: PendingCall) -> None:
        """`taskbahn.job.watch`: a snapshot, then every numbered event from `after` on, then the job as it ended."""
        self._watch(call, *self._id(call), self._after(call))

    def _watch(self, call: PendingCall, id: str, raw: bytes, after: int) -> None:
        def finish() -> None:
            forget()
            self._ask(call, lambda found: self._got(call, id, found), self._read, raw, Served([], {}))

        def forget() -> None:
            self.queue_positions.forget(watcher)
            self.rollups.forget(watcher)

        def gone(_: object = None) -> None:
            forget()
            self._followers.unfollow([id], watcher)

        def fail(failure: Any) -> None:
            gone()
            self._fail(call, failure)

        watcher = JobWatch(call, self._pages, finish=finish, fail=fail, moved=self.queue_positions.moved)
        self._followers.follow(id, watcher)
        call.on_gone = gone

        def show(found: tuple[ReadJob, list[EventRow], int] | None) -> None:
            if found is None:
                gone()
                call.fail(UnknownJob(id))
                return
            read, events, newest = found
            row = read.placed.row
            if row.id != raw:  # followed by its own id it misses no event
                gone()
                if call.open:
                    self._watch(call, id_text(row.id), row.id, after)
                return
            view = self._view(read._replace(placed=read.placed._replace(row=row._replace(number=newest))))
            watcher.place = view.get("place")
            call.progress({"snapshot": view})
            self.rollups.watch(watcher, view.get("members"))
            if row.state in FINAL_STATES:
                gone()
                watcher.end(lambda: call.answer(view))
            watcher.begin(row, newest, after, events)

        self._ask(call, show, self._read_all, raw, after, self.queue_positions.served())

    def _read_all(self, raw: bytes, after: int, served: Served) -> tuple[ReadJob, list[EventRow], int] | None:
        """Read a job for its watcher, with its first events and the number of the newest, which the job's row may be behind."""
        with self._reader.snapshot():
            row = self._reader.job(raw)
            if row is None:
                return None
            newest = max(row.number, self._reader.newest_event(row.seq))
            events = self._pages.first(row.seq, min(after, newest))
            return self._whole(row, served), events, newest

    def _view(self, read: ReadJob) -> dict[str, Any]:
        """Return the whole `views.JobView` of a job, with the newest progress if it runs now."""
        placed = read.placed
        view = whole(placed.row, read.attempts, placed.pause)
        live = self._state.jobs.get(view["id"])
        if live is not None and live.progress is not None:
            view["progress"] = live.progress
        if read.members is not None:
            view |= self.rollups.fields(read.members)
        if read.inputs is not None:
            view |= job_inputs.fields(read.inputs)
        blocked = live.worker.blocked() if live is not None and live.worker is not None else None
        more = {
            "place": self.queue_positions.start_estimate().place(placed),
            "typical": self._typical(placed.row.task),
            "unique": read.unique,
            "questions": [question_view(self._state, one) for one in read.questions] or None,
            "holds": read.holds or None,
            "blocks": blocked if blocked is not None and blocked["job"] == view["id"] else None,
        }
        return view | {name: value for name, value in more.items() if value is not None}

    def _typical(self, task: str) -> float | None:
        """Return the typical seconds of a task's attempt; without statistics the dispatcher's own estimate, if that is short."""
        seconds = self._history.typical(task)
        known = self._state.tasks.get(task)
        if seconds is None and known is not None and (known.seconds_each or LONG_SECONDS) < LEARNED_SECONDS:
            return known.seconds_each
        return seconds

    # lists

    def tasks(self, call: PendingCall) -> None:
        """`taskbahn.view.tasks`."""
        offered: dict[str, int] = {}
        for worker in self._state.workers.values():
            for task in worker.hello.tasks if worker.orders is not None else ():
                offered[task.name] = offered.get(task.name, 0) + 1
        left = unserved(self._state)
        ready: dict[str, int] = {}
        for partition in self._state.partitions.values():
            ready[partition.task] = ready.get(partition.task, 0) + partition.ready
        running: dict[str, int] = {}
        for job in self._state.jobs.values():
            running[job.partition.task] = running.get(job.partition.task, 0) + 1
        call.answer(
            [
                {
                    **messages.plain(task.declaration), "workers": offered.get(name, 0), "ready": ready.get(name, 0),
                    "running": running.get(name, 0), "statistics": self._history.statistics(name), "unserved": left.get(name, {}),
                    "callbacks": shown_calls(task.declaration.callbacks, self._state.tasks),
                    "paused": messages.plain(self._pauses.view_of("task", name)),
                }
                for name, task in sorted(self._state.tasks.items())
            ]
        )  # fmt: skip

    def queues(self, call: PendingCall) -> None:
        """`taskbahn.view.queues`."""

        def read() -> tuple[dict[int, float], dict[int, int]]:
            with self._reader.snapshot():
                return self._reader.oldest(), self._reader.waiting()

        self._ask(call, lambda found: call.answer(self._queues(*found)), read)

    def _queues(self, oldest: dict[int, float], waiting: dict[int, int]) -> list[dict[str, Any]]:
        queues: dict[str, dict[str, Any]] = {}
        workers = [worker for worker in self._state.workers.values() if worker.orders is not None]
        serving = Counter(name for worker in workers for name in set(worker.hello.queues))
        names = {partition.queue for partition in self._state.partitions.values()} | serving.keys()
        lines_of: dict[str, list[Partition]] = {}
        for partition in self._state.partitions.values():
            lines_of.setdefault(partition.queue, []).append(partition)
        rates = self._history.queue_rates()
        for name in sorted(names):
            partitions = lines_of.get(name, [])
            times = [oldest[partition.id] for partition in partitions if partition.id in oldest]
            queues[name] = {
                "name": name,
                "ready": sum(partition.ready for partition in partitions),
                "waiting": sum(waiting.get(partition.id, 0) for partition in partitions),
                "running": 0,
                "workers": serving[name],
                "oldest": min(times, default=None),
                "rate": rates.get(name, 0.0),
                "paused": messages.plain(self._pauses.view_of("queue", name)),
            }
        for job in self._state.jobs.values():
            if job.state is State.RUNNING:
                queues[job.partition.queue]["running"] += 1
        return list(queues.values())

    # helpers

    @staticmethod
    def _id(call: PendingCall) -> tuple[str, bytes]:
        id = call.args[0] if call.args else call.kwargs.get("id")
        raw = id_bytes(id)
        return id_text(raw), raw

    @staticmethod
    def _after(call: PendingCall) -> int:
        after = call.kwargs.get("after", call.args[1] if len(call.args) > 1 else 0)
        if is_number(after) and after >= 0:
            return after
        raise InvalidRequest("after must be the number of an event: 0 or more")
