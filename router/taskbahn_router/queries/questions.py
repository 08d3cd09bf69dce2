"""The questions that jobs have asked and that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.state import id_bytes
from taskbahn_router.queries.job_lists import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn_router.core.suspensions import OpenQuestion
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.state import DispatcherState
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader

MAX_LIMIT = 500


class Questions:
    """Answers `taskbahn.view.questions`."""

    def __init__(self, state: DispatcherState, reader: Reader, ask: Ask) -> None:
        self._state = state
        self._reader = reader
        self._ask = ask

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.questions`: of one job, or of all, the jobs in the order of their acceptance."""
        job, after, limit = (call.kwargs.get(name, default) for name, default in (("job", None), ("after", 0), ("limit", 100)))
        if not is_number(after) or not is_number(limit) or not 0 < limit <= MAX_LIMIT:
            raise InvalidRequest(f"limit is 1 to {MAX_LIMIT}, and after is what the page before had as next")
        raw = None if job is None else id_bytes(job)

        def read() -> list[OpenQuestion]:
            with self._reader.snapshot():
                if raw is None:
                    return self._reader.questions(None, after, limit + 1)
                row = self._reader.job(raw)
                return [] if row is None else self._reader.questions(row.seq, 0, limit)

        def answer(found: list[OpenQuestion]) -> None:
            page, cursor = _page(found, limit)
            call.answer({"questions": [question_view(self._state, one) for one in page], "next": cursor})

        self._ask(call, answer, read)


def question_view(state: DispatcherState, question: OpenQuestion) -> dict[str, Any]:
    """Return the `questions.QuestionView` of an open question."""
    task = state.partitions_by_id[question.partition].task
    return {"job": id_text(question.id), "task": task, **messages.from_json(question.value)}


def _page(found: Sequence[OpenQuestion], limit: int) -> tuple[Sequence[OpenQuestion], int | None]:
    """Return a page that ends with the last question of a job, and after which seq the next begins; None: it is the last one."""
    if len(found) <= limit:
        return found, None
    cut = found[limit].seq
    whole = [question for question in found if question.seq != cut]
    return (whole, whole[-1].seq) if whole else (found[:limit], cut)
