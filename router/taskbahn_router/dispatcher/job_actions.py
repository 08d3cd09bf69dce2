"""What a client asks of a list of jobs: each job is acted on, and one answer has the states of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import TaskbahnError, TooLarge, UnknownJob, WrongState
from taskbahn.protocol import messages
from taskbahn_router.model.state import id_bytes
from taskbahn_router.model.turn import TurnInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.stores.rows import Answer


class Change(NamedTuple):
    """What may be done to a job.  ask: puts it into a turn.   unmoved: why a job is not changed."""

    ask: Callable[[TurnInput, bytes, Callable[[Answer | None], None]], None]
    unmoved: str


RETRY = Change(TurnInput.add_retry, "only a job that failed, expired or was cancelled can be retried")
SKIP = Change(TurnInput.add_skip, 'no job is held by it, as by one that did not succeed and has if_fails "hold"')


def act_on_each(call: PendingCall, act: Callable[[bytes, Callable[[Answer | None], None]], None], unmoved: str | None) -> None:
    """Act on each job of a list, and answer with the states after that."""
    ids = call.args[0] if call.args else None
    if not isinstance(ids, list):
        ids = [ids]
    if len(ids) > messages.MAX_CALLS:
        raise TooLarge("job ids in one call", len(ids), messages.MAX_CALLS, "send several calls")
    answers: list[Any] = [None] * len(ids)
    left = len(ids)

    def done(index: int, answer: Any) -> None:
        nonlocal left
        answers[index] = answer
        left -= 1
        if not left:
            call.answer(answers)

    if not ids:
        call.answer([])
    for index, id in enumerate(ids):
        try:
            raw = id_bytes(id)
        except TaskbahnError as error:
            done(index, error.info())
        else:
            if id in call.foreign:
                done(index, UnknownJob(id).info())
                continue
            act(raw, lambda found, index=index, id=id: done(index, _verdict(id, found, unmoved)))  # type: ignore[misc]


def _verdict(id: str, found: Answer | None, unmoved: str | None) -> Any:
    if found is None:
        return UnknownJob(id).info()
    if not found.is_moved and unmoved is not None:
        return WrongState(f"job {id} is {found.state}: {unmoved}", job=id, state=str(found.state)).info()
    return str(found.state)
