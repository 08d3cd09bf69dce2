"""What a client asks of a list of jobs: each job is acted on, and one answer has the states of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import TaskbahnError, TooLarge, UnknownJob, WrongState
from taskbahn.protocol import messages
from taskbahn_router.dispatcher.cancels import words_of
from taskbahn_router.dispatcher.pause_words import MAX_REASON, MAX_WHO, text_in
from taskbahn_router.model.state import id_bytes
from taskbahn_router.model.turn import TurnInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.core.audit import Act
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.stores.rows import Answer


MAX_QUERY = 300  # characters
MAX_ID = 36


class Change(NamedTuple):
    """What may be done to a job.  ask: puts it into a turn.   unmoved: why a job is not changed."""

    ask: Callable[[TurnInput, bytes, Callable[[Answer | None], None], Act | None], None]
    unmoved: str


RETRY = Change(TurnInput.add_retry, "only a job that failed, expired or was cancelled can be retried")
SKIP = Change(TurnInput.add_skip, 'no job is held by it, as by one that did not succeed and has if_fails "hold"')


class JobActions:
    """Obeys `taskbahn.job.cancel`, `taskbahn.job.retry` and `taskbahn.job.skip`."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def cancel(self, call: PendingCall) -> None:
        """`taskbahn.job.cancel`."""
        dispatcher = self._dispatcher
        dispatcher.check_accepting()
        reason, by = words_of(call)
        asked = about_jobs(call, text_in(call.kwargs, "who", MAX_WHO), reason)
        read = dispatcher.memory_budget.being_read
        ask = dispatcher.joins.by_any_id(
            lambda raw, answer: read.after(raw, lambda: dispatcher.cancel(raw, reason, answer, by, asked))
        )
        act_on_each(call, ask, None)

    def retry(self, call: PendingCall) -> None:
        """`taskbahn.job.retry`."""
        self._change(RETRY, call)

    def skip(self, call: PendingCall) -> None:
        """`taskbahn.job.skip`."""
        self._change(SKIP, call)

    def _change(self, change: Change, call: PendingCall) -> None:
        dispatcher = self._dispatcher
        dispatcher.check_accepting()
        asked = about_jobs(call, text_in(call.kwargs, "who", MAX_WHO), text_in(call.kwargs, "reason", MAX_REASON))

        def ask(raw: bytes, answer: Callable[[Answer | None], None]) -> None:
            change.ask(dispatcher.turn_input, raw, answer, asked)
            dispatcher.loop.schedule_turn()

        act_on_each(call, dispatcher.joins.by_any_id(ask), change.unmoved)


def about_jobs(call: PendingCall, name: str = "", reason: str = "") -> Act | None:
    """Say to the audit about which jobs a call is, or by which query they were found."""
    ids = call.args[0] if call.args else None
    ids = ids if isinstance(ids, list) else [ids]
    one = ids[0] if len(ids) == 1 and isinstance(ids[0], str) else ""
    query = text_in(call.kwargs, "query", MAX_QUERY)
    return call.about(one.lower()[:MAX_ID], name=name or None, reason=reason, query=query)


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
            _note_unknown(call, answers)

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


def _note_unknown(call: PendingCall, answers: list[Any]) -> None:
    """Have the audit say of a call that it was about no job that there is."""
    is_unknown = all(isinstance(answer, dict) and answer["error"] == UnknownJob.uri for answer in answers)
    if call.on_refused is not None and is_unknown:
        call.on_refused(UnknownJob(""))


def _verdict(id: str, found: Answer | None, unmoved: str | None) -> Any:
    if found is None:
        return UnknownJob(id).info()
    if not found.is_moved and unmoved is not None:
        return WrongState(f"job {id} is {found.state}: {unmoved}", job=id, state=str(found.state)).info()
    return str(found.state)
