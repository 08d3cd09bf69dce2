"""The cancels of one turn, made into rows; those that come too early are for the next turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.policy import DEFAULT_KEEP
from taskbahn_router.dispatcher.pause_words import MAX_REASON, MAX_WHO, text_in
from taskbahn_router.stores.rows import AttemptRow, CancelJob
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.state import DispatcherState
    from taskbahn_router.model.turn import TurnInput
    from taskbahn_router.stores.contract import CommitBatch


def words_of(call: PendingCall) -> tuple[str, str | None]:
    """Return why a client cancels jobs, and who that is."""
    reason = str(call.kwargs.get("reason", call.args[1] if len(call.args) > 1 else ""))[:MAX_REASON]
    check_text("the reason", reason)
    return reason, call.by(text_in(call.kwargs, "who", MAX_WHO))


def cancel_error(reason: str, by: str | None) -> dict[str, Any]:
    """Return what a cancelled job says in the place of an error."""
    return {"message": reason or "cancelled"} | ({"by": by} if by else {})


def decide_cancels(state: DispatcherState, batch: CommitBatch, turn_input: TurnInput, later: TurnInput, now: float) -> None:
    """Put the cancels into a batch; *later* gets those of jobs that still wait for the commit which takes them to the store."""
    early = not_stored(state, batch, [raw for raw, *_ in turn_input.cancels])
    if early:
        for cancel in turn_input.take_cancels_of(early):
            later.add_cancel(*cancel)
    batch.cancels = [
        CancelJob(raw, now, now + DEFAULT_KEEP, messages.to_json(cancel_error(reason, by)))
        for raw, reason, _, by, _ in turn_input.cancels
    ]
    batch.attempts += [
        AttemptRow(job.seq, job.attempt, job.worker_id, job.started_at or now, now, "cancelled", None)
        for job in (state.jobs.get(id_text(raw)) for raw, *_ in turn_input.cancels)
        if job is not None and job.state is State.RUNNING
    ]


def not_stored(state: DispatcherState, batch: CommitBatch, raws: Iterable[bytes]) -> set[bytes]:
    """Return those of some jobs that the store does not have yet when a batch asks it something."""
    asking = {row.id for rows in batch.submissions for row in rows}  # the commit takes these after what is asked
    return {raw for raw in raws if raw in asking or _is_waiting(state, raw)}


def _is_waiting(state: DispatcherState, raw: bytes) -> bool:
    """Return whether a job still waits for the commit that takes it to the store."""
    job = state.jobs.get(id_text(raw))
    return job is not None and not job.seq
