"""What the views show of each worker, and how an operator keeps new attempts from one.

A worker that is drained finishes what it has and stays attached. The wish is kept by the worker's id in memory: a reconnect does
not undo it, a restart of the router does.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest, UnknownWorker
from taskbahn_router.core.audit import ActParts
from taskbahn_router.dispatcher.pause_words import MAX_REASON, MAX_WHO, text_in
from taskbahn_router.submission.submission import check_text
from taskbahn_router.workers.registry import AttachChannel

if TYPE_CHECKING:
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.state import AttachedWorker, DispatcherState

MAX_SHOWN_JOBS = 100  # jobs that the view of one worker shows
MAX_WISHES = 1_000  # drained workers that are not attached any more


class Workers:
    """Answers `taskbahn.view.workers`, obeys `taskbahn.admin.drain`."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.workers`."""
        call.answer([self._view(worker) for worker in self._attached()])

    def drain(self, call: PendingCall) -> None:
        """`taskbahn.admin.drain`: the worker still runs the attempts that it has."""
        id, wanted = (*call.args, None, None)[:2]
        if not isinstance(id, str) or not isinstance(wanted, bool):
            raise InvalidRequest(
                "taskbahn.admin.drain takes a worker's id and true (it takes no new jobs) or false (it takes them again)"
            )
        check_text("a worker's id", id)
        act = call.about(id, name=text_in(call.kwargs, "who", MAX_WHO) or None, reason=text_in(call.kwargs, "reason", MAX_REASON))
        worker = self._state.workers.get(id)
        if worker is None or worker.orders is None:
            raise UnknownWorker(id[:100])
        if wanted is not worker.drained:
            self._wish(worker, wanted=wanted)
            if act is not None:
                self._dispatcher.turn_input.add_act(ActParts(act, (), "takes no new jobs" if wanted else "takes jobs again"))
                self._dispatcher.loop.schedule_turn()
        elif act is not None:
            self._dispatcher.auditing.note(
                act.row("nothing: it takes no new jobs already" if wanted else "nothing: it takes jobs", 0)
            )
        call.answer(self._view(worker))

    def _wish(self, worker: AttachedWorker, *, wanted: bool) -> None:
        wishes = self._state.drained
        wishes.pop(worker.id, None)
        worker.drained = wanted
        worker.settle_room()
        if self._state.other_code.settle() or not wanted:
            self._dispatcher.room_changed()
        if not wanted:
            return
        wishes[worker.id] = None
        attached = {worker.id for worker in self._attached()}
        gone = [id for id in wishes if id not in attached]
        for id in gone[: max(0, len(gone) - MAX_WISHES)]:
            del wishes[id]

    def _attached(self) -> list[AttachedWorker]:
        return [worker for worker in self._state.workers.values() if worker.orders is not None]

    def _view(self, worker: AttachedWorker) -> dict[str, Any]:
        return worker_view(worker, self._state, self._dispatcher.clock.seconds())


def worker_view(worker: AttachedWorker, state: DispatcherState, now: float) -> dict[str, Any]:
    """Return the `views.WorkerView` of a worker; now: by the clock that `last_heartbeat` is of."""
    hello, vitals = worker.hello, worker.vitals
    # an offer, without the SDK, lives as long as its registration, and sends no heartbeats
    speaks = isinstance(worker.orders, AttachChannel)
    held = (state.jobs.get(id) for id in islice(worker.attempts, MAX_SHOWN_JOBS))  # the first jobs that the worker got
    return {
        "id": worker.id, "host": hello.host, "pid": hello.pid, "version": hello.version, "python": hello.python,
        "slots": worker.room.slots, "running": worker.room.taken, "queues": hello.queues, "tasks": [task.name for task in hello.tasks],
        "draining": worker.draining or worker.drained, "drained": worker.drained,
        "attached_at": worker.attached_at, "seen": round(now - worker.last_heartbeat, 3) if speaks else 0.0,
        "finished": worker.finished + worker.failed, "failed": worker.failed,
        "memory": vitals.memory, "cpu": vitals.cpu, "load": vitals.load, "blocked": worker.blocked(),
        "jobs": [[job.id, job.partition.task, job.started_at] for job in held if job is not None and job.worker is worker],
    }  # fmt: skip
