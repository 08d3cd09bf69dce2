"""Questions: what is in memory at once, what is in the store on a thread of its own, so that commits never wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from twisted.logger import Logger

from taskbahn import wire
from taskbahn.errors import InvalidRequest, TooLarge, UnknownJob
from taskbahn.states import FINAL_STATES, State
from taskbahn_router.board import Board, Job, id_bytes, id_text
from taskbahn_router.following import Following, Waiter, Watcher
from taskbahn_router.intake import check_text
from taskbahn_router.seen import brief_error
from taskbahn_router.stores.contract import AttemptRow, EventRow, Filter, JobRow, OutcomeRow, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from taskbahn_router.calls import Call
    from taskbahn_router.commit_loop import Runner

MOST_LISTED = 500


def packed(text: str | None) -> Any:
    """Return the value of stored JSON; None for none."""
    return None if text is None else wire.from_json(text)


class Views:
    """Answers `taskbahn.view.*` and the reading half of `taskbahn.job.*`."""

    log = Logger("taskbahn.views")

    def __init__(
        self, board: Board, following: Following, reader: Reader, runner: Runner, fail: Callable[[Call, Any], None]
    ) -> None:
        self._board = board
        self._following = following
        self._reader = reader
        self._runner = runner
        self._fail = fail

    def _ask(self, call: Call, then: Callable[[Any], None], function: Callable[..., Any], *args: Any) -> None:
        asked: Deferred[Any] = self._runner.run(function, *args)
        asked.addCallback(then)
        asked.addErrback(lambda failure: self._fail(call, failure))

    # jobs

    def wait(self, call: Call) -> None:
        """`taskbahn.job.wait`."""
        ids = call.args[0] if call.args else None
        if not isinstance(ids, list):
            raise InvalidRequest("taskbahn.job.wait takes one argument, a list of job ids")
        if len(ids) > wire.MAX_WAIT:
            raise TooLarge("job ids in one wait", len(ids), wire.MAX_WAIT, "wait for them in several calls")
        raws = {id_text(raw): raw for raw in map(id_bytes, ids)}
        unknown = [(id, raw) for id, raw in raws.items() if id not in self._board.jobs]
        waiter = Waiter(call, raws)
        self._following.wait(waiter)
        call.on_gone = lambda _: self._following.unfollow(list(waiter.left), waiter)
        if unknown:
            self._ask(call, lambda rows: self._waited(waiter, unknown, rows), self._reader.outcomes, [raw for _, raw in unknown])
        else:
            waiter.flush()

    def _waited(self, waiter: Waiter, asked: list[tuple[str, bytes]], rows: list[OutcomeRow]) -> None:
        found = {row.id: row for row in rows}
        for id, raw in asked:
            row = found.get(raw)
            if row is None:
                waiter.final([id, "unknown", None, UnknownJob(id).info()])
            elif row.state in FINAL_STATES:
                waiter.final([id, row.state, row.result, packed(row.error)])
            else:
                continue
            self._following.unfollow([id], waiter)
        waiter.flush()

    def look_up(self, id: str) -> None:
        """Read how a job stands and tell its followers, if it is final."""

        def told(rows: list[OutcomeRow]) -> None:
            for row in rows:
                if row.state in FINAL_STATES:
                    self._following.final([id, row.state, row.result, packed(row.error)])
            self._following.flush()

        asked = self._runner.run(self._reader.outcomes, [id_bytes(id)])
        asked.addCallbacks(told, lambda failure: self.log.failure("job {id} cannot be looked up", failure, id=id))

    def get(self, call: Call) -> None:
        """`taskbahn.job.get`."""
        id, raw = self._id(call)
        self._ask(call, lambda found: self._got(call, id, found), self._read, raw)

    def _got(self, call: Call, id: str, found: tuple[JobRow, list[AttemptRow]] | None) -> None:
        if found is None:
            call.fail(UnknownJob(id))
        else:
            call.answer(self.job_view(*found))

    def _read(self, raw: bytes) -> tuple[JobRow, list[AttemptRow]] | None:
        with self._reader.snapshot():
            row = self._reader.job(raw)
            return None if row is None else (row, self._reader.attempts(row.seq))

    def events(self, call: Call) -> None:
        """`taskbahn.job.events`."""
        id, raw = self._id(call)
        after = self._after(call)

        def read() -> list[EventRow] | None:
            with self._reader.snapshot():
                row = self._reader.job(raw)
                return None if row is None else self._reader.events(row.seq, after, wire.MAX_EVENTS)

        def answer(rows: list[EventRow] | None) -> None:
            if rows is None:
                call.fail(UnknownJob(id))
            else:
                call.answer({"events": [stored(id, row) for row in rows]})

        self._ask(call, answer, read)

    def watch(self, call: Call) -> None:
        """`taskbahn.job.watch`: a snapshot, then every numbered event from `after` on, then the job as it ended."""
        id, raw = self._id(call)
        after = self._after(call)
        watcher = Watcher(call, lambda: self._ask(call, lambda found: self._got(call, id, found), self._read, raw))
        self._following.follow(id, watcher)
        call.on_gone = lambda _: self._following.unfollow([id], watcher)

        def show(found: tuple[JobRow, list[AttemptRow], list[EventRow]] | None) -> None:
            if found is None:
                self._following.unfollow([id], watcher)
                call.fail(UnknownJob(id))
                return
            row, attempts, events = found
            view = self.job_view(row, attempts)
            call.progress({"snapshot": view})
            for start in range(0, len(events), wire.MAX_EVENTS):
                call.progress({"events": [stored(id, event) for event in events[start : start + wire.MAX_EVENTS]]})
            watcher.release(row.number)
            if row.state in FINAL_STATES:
                self._following.unfollow([id], watcher)
                call.answer(view)

        self._ask(call, show, self._read_all, raw, after)

    def _read_all(self, raw: bytes, after: int) -> tuple[JobRow, list[AttemptRow], list[EventRow]] | None:
        with self._reader.snapshot():
            row = self._reader.job(raw)
            if row is None:
                return None
            events = self._reader.events(
                row.seq, min(after, row.number), 1_000_000
            )  # a running job's row may be behind its events
            attempts = self._reader.attempts(row.seq)
        newest = max(row.number, events[-1].number if events else 0)
        wanted = [event for event in events if event.number > after]
        return row._replace(number=newest), attempts, wanted

    def job_view(self, row: JobRow, attempts: list[AttemptRow]) -> dict[str, Any]:
        """Return the whole `wire_views.JobView` of a job, with the newest progress if it runs now."""
        view = brief(row)
        args, kwargs = wire.from_json(row.packed)
        view |= {"args": args, "kwargs": kwargs, "result": packed(row.result), "error": packed(row.error)}
        live = self._board.jobs.get(view["id"])
        if live is not None and live.progress is not None:
            view["progress"] = live.progress
        view["options"] = packed(row.options) or {}
        view["attempts"] = [attempt_view(attempt) for attempt in attempts]
        if row.attempt and row.started_at is not None and row.attempt not in {attempt.attempt for attempt in attempts}:
            outcome = "" if row.state == State.RUNNING else row.state if row.state in FINAL_STATES else "handed_back"
            last = {"attempt": row.attempt, "worker": row.worker or "", "started_at": row.started_at, "outcome": outcome}
            view["attempts"].append(last | ({"ended_at": row.finished_at} if row.finished_at else {}))
        return view

    # lists

    def jobs(self, call: Call) -> None:
        """`taskbahn.view.jobs`."""
        names = ("state", "task", "queue", "tag")
        given = {name: call.kwargs.get(name) for name in names}
        for name, value in given.items():
            if value is not None and not isinstance(value, str):
                raise InvalidRequest(f"{name} must be text")
            check_text(name, value or "")
        if given["state"] is not None and given["state"] not in set(State):
            raise InvalidRequest(f"there is no state {given['state']!r}; there are {', '.join(State)}")
        before, limit = call.kwargs.get("before"), call.kwargs.get("limit", 50)
        if not _is_number(limit) or not 0 < limit <= MOST_LISTED or not (before is None or _is_number(before)):
            raise InvalidRequest(f"limit must be 1 to {MOST_LISTED}, before the `next` of an earlier answer")

        def answer(rows: list[JobRow]) -> None:
            call.answer({"jobs": [self._live(brief(row)) for row in rows], "next": rows[-1].seq if len(rows) == limit else None})

        self._ask(call, answer, self._reader.jobs, Filter(**given, before=before, limit=limit))

    def _live(self, view: dict[str, Any]) -> dict[str, Any]:
        job: Job | None = self._board.jobs.get(view["id"])
        if job is not None and job.progress is not None:
            view["progress"] = job.progress
        return view

    def tasks(self, call: Call) -> None:
        """`taskbahn.view.tasks`."""
        offered: dict[str, int] = {}
        for worker in self._board.workers.values():
            for task in worker.hello.tasks if worker.orders is not None else ():
                offered[task.name] = offered.get(task.name, 0) + 1
        ready: dict[str, int] = {}
        for line in self._board.lines.values():
            ready[line.task] = ready.get(line.task, 0) + line.ready
        running: dict[str, int] = {}
        for job in self._board.jobs.values():
            running[job.line.task] = running.get(job.line.task, 0) + 1
        call.answer(
            [
                {**wire.plain(task.declaration), "workers": offered.get(name, 0), "ready": ready.get(name, 0), "running": running.get(name, 0)}
                for name, task in sorted(self._board.tasks.items())
            ]
        )  # fmt: skip

    def queues(self, call: Call) -> None:
        """`taskbahn.view.queues`."""

        def read() -> tuple[dict[int, float], dict[int, int]]:
            with self._reader.snapshot():
                return self._reader.oldest(), self._reader.waiting()

        self._ask(call, lambda found: call.answer(self._queues(*found)), read)

    def _queues(self, oldest: dict[int, float], waiting: dict[int, int]) -> list[dict[str, Any]]:
        queues: dict[str, dict[str, Any]] = {}
        workers = [worker for worker in self._board.workers.values() if worker.orders is not None]
        names = {line.queue for line in self._board.lines.values()} | {name for worker in workers for name in worker.hello.queues}
        for name in sorted(names):
            lines = [line for line in self._board.lines.values() if line.queue == name]
            times = [oldest[line.id] for line in lines if line.id in oldest]
            queues[name] = {
                "name": name,
                "ready": sum(line.ready for line in lines),
                "waiting": sum(waiting.get(line.id, 0) for line in lines),
                "running": 0,
                "workers": sum(name in worker.hello.queues for worker in workers),
                "oldest": min(times, default=None),
            }
        for job in self._board.jobs.values():
            if job.state is State.RUNNING:
                queues[job.line.queue]["running"] += 1
        return list(queues.values())

    def workers(self, call: Call) -> None:
        """`taskbahn.view.workers`."""
        call.answer(
            [
                {
                    "id": worker.id, "host": worker.hello.host, "pid": worker.hello.pid, "version": worker.hello.version,
                    "slots": worker.room.slots, "running": worker.room.in_flight, "draining": worker.draining,
                    "queues": worker.hello.queues, "tasks": [task.name for task in worker.hello.tasks],
                    "attached_at": worker.attached_at, "finished": worker.finished, "failed": worker.failed,
                }
                for worker in self._board.workers.values() if worker.orders is not None
            ]
        )  # fmt: skip

    # helpers

    @staticmethod
    def _id(call: Call) -> tuple[str, bytes]:
        id = call.args[0] if call.args else call.kwargs.get("id")
        raw = id_bytes(id)
        return id_text(raw), raw

    @staticmethod
    def _after(call: Call) -> int:
        after = call.kwargs.get("after", call.args[1] if len(call.args) > 1 else 0)
        if _is_number(after) and after >= 0:
            return after
        raise InvalidRequest("after must be the number of an event: 0 or more")


def _is_number(value: Any) -> TypeGuard[int]:
    """Return whether a value fits the store's integers (a bool is no number here)."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def brief(row: JobRow) -> dict[str, Any]:
    """Return the `wire_views.JobView` of a row without its payloads."""
    view = {
        "id": id_text(row.id), "task": row.task, "queue": row.queue, "state": row.state, "priority": row.priority,
        "number": row.number, "attempt": row.attempt, "created_at": row.created_at, "due_at": row.due_at,
        "started_at": row.started_at, "finished_at": row.finished_at, "worker": row.worker, "caller": row.caller,
        "tags": packed(row.tags) or [], "progress": packed(row.progress),
    }  # fmt: skip
    error = packed(row.error)
    if error is not None:
        view["error"] = brief_error(error)
    return view


def stored(id: str, row: EventRow) -> dict[str, Any]:
    """Return the `wire.Event` of a stored row."""
    return {"job": id, "number": row.number, "kind": row.kind, "at": row.at, "data": wire.from_json(row.data)}


def attempt_view(row: AttemptRow) -> dict[str, Any]:
    """Return the `wire_views.AttemptView` of a row."""
    return {
        "attempt": row.attempt, "worker": row.worker, "started_at": row.started_at, "ended_at": row.ended_at,
        "outcome": row.outcome, "error": packed(row.error),
    }  # fmt: skip
