"""Pauses of jobs and their trees: what clients ask, what it becomes in a batch, and which attempts hear of it after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.suspended import PAUSE_NOTE
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.job_pauses import HoldingPause, JobPause, PauseJob, ResumeJob
from taskbahn_router.core.reactions import IS_HELD
from taskbahn_router.dispatcher.cancels import not_stored
from taskbahn_router.dispatcher.job_actions import about_jobs, act_on_each
from taskbahn_router.dispatcher.pause_words import MAX_REASON, MAX_WHO, text_in, until_in
from taskbahn_router.model.wire_format import pause_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.state import AttachedWorker, DispatcherState
    from taskbahn_router.model.turn import TurnInput
    from taskbahn_router.publishing.publisher import Publisher
    from taskbahn_router.stores.contract import CommitBatch, CommitResult
    from taskbahn_router.stores.rows import Answer

    Answered = Callable[[Answer | None], None]


class JobPausing:
    """Obeys `taskbahn.job.pause` and `taskbahn.job.resume`."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def pause(self, call: PendingCall) -> None:
        """`taskbahn.job.pause`: no job of the trees starts, and attempts that run are asked to wait."""
        self._dispatcher.check_accepting()
        words = _words(call, "reason", "within", "who")
        reason, now = text_in(words, "reason", MAX_REASON), self._dispatcher.wall()
        name = text_in(words, "who", MAX_WHO)
        who, until = call.by(name), until_in({"within": words.get("within")}, now)
        asked = about_jobs(call, name, reason)

        def act(raw: bytes, answer: Answered) -> None:
            self._dispatcher.turn_input.add_pause(PauseJob(raw, who, now, reason, until), answer, asked)
            self._dispatcher.loop.schedule_turn()

        act_on_each(call, self._dispatcher.joins.by_any_id(act), "only a job that has not ended can be paused")

    def resume(self, call: PendingCall) -> None:
        """`taskbahn.job.resume`: what the pauses of jobs hold goes on."""
        self._dispatcher.check_accepting()
        asked = about_jobs(call, text_in(_words(call, "who"), "who", MAX_WHO))

        def act(raw: bytes, answer: Answered) -> None:
            self._dispatcher.turn_input.add_resume(ResumeJob(raw), answer, asked)
            self._dispatcher.loop.schedule_turn()

        act_on_each(call, self._dispatcher.joins.by_any_id(act), "it is not paused, and only a job that has not ended can be")


def decide_pauses(state: DispatcherState, batch: CommitBatch, turn_input: TurnInput, later: TurnInput) -> None:
    """Put the pauses of jobs into a batch; *later* gets those of jobs that still wait for the commit which takes them to the store."""
    early = not_stored(state, batch, [one.id for one, *_ in turn_input.job_pauses] + [one.id for one, *_ in turn_input.resumes])
    for pause in turn_input.take_pauses_of(early):
        later.add_pause(*pause)
    for resume in turn_input.take_resumes_of(early):
        later.add_resume(*resume)
    batch.job_pauses = [pause for pause, *_ in turn_input.job_pauses]
    batch.resumes = [resume for resume, *_ in turn_input.resumes]


def show_pauses(state: DispatcherState, publisher: Publisher, turn_input: TurnInput, result: CommitResult, now: float) -> None:
    """Ask running attempts to wait, or to go on; tell the watchers of jobs, and answer the clients that asked for pauses."""
    _show_holds(state, publisher, turn_input, result, now)
    asked = (*(answer for _, answer, _ in turn_input.job_pauses), *(answer for _, answer, _ in turn_input.resumes))
    for answer, found in zip(asked, result.paused, strict=True):
        answer(found)


def _show_holds(state: DispatcherState, publisher: Publisher, turn_input: TurnInput, result: CommitResult, now: float) -> None:
    asked = {pause.id: pause for pause, *_ in turn_input.job_pauses}
    for before, is_held in result.held:
        id = id_text(before.id)
        job = state.jobs.get(id)
        if job is not None:
            job.flags = job.flags | IS_HELD if is_held else job.flags & ~IS_HELD
            if job.worker is not None:
                order_hold(job.worker, id, job.attempt, is_held=is_held)
                publisher.dirty_workers.add(job.worker.id)
        pause = asked.get(before.id)
        shown = {} if pause is None else pause_view(HoldingPause(pause.id, JobPause(before.seq, *pause[1:])))
        publisher.held(id, shown if is_held else None, now)


def order_hold(worker: AttachedWorker, id: str, attempt: int, *, is_held: bool) -> None:
    """Ask an attempt to wait at its next look, or to go on."""
    worker.order_note(id, attempt, PAUSE_NOTE, messages.to_json(is_held))


def _words(call: PendingCall, *names: str) -> dict[str, Any]:
    return dict(zip(names, call.args[1:], strict=False)) | {name: call.kwargs[name] for name in names if name in call.kwargs}
