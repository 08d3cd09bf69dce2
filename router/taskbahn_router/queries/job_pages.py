"""What belongs to one job and can be much, a page at a time: what it gets from others, and what it remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest, UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.secrets import holds, masked_text
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import given
from taskbahn_router.model.state import id_bytes
from taskbahn_router.publishing.owners import may_see
from taskbahn_router.queries.job_lists import is_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader

MAX_BYTES = messages.MAX_MESSAGE // 4  # bytes of values, as JSON, in one answer; MessagePack may need twice as many


class JobPages:
    """Answers `taskbahn.job.results` and `taskbahn.job.notes`."""

    def __init__(self, reader: Reader, ask: Ask, wall: Callable[[], float]) -> None:
        self._reader = reader
        self._ask = ask
        self._wall = wall

    def results(self, call: PendingCall) -> None:
        """`taskbahn.job.results`: what a job gets from those that it waits for, a page behind a position."""
        after = _after(call, -1)
        if not is_number(after):
            raise InvalidRequest("after is the position of the last result that the caller has, or -1")

        def read(seq: int) -> dict[str, Any]:
            inputs = self._reader.inputs(seq, max(-1, after), messages.MAX_EVENTS, MAX_BYTES)
            return {"results": [[*one] for one in given(inputs).items()], "next": inputs[-1].position if inputs else None}

        self._answer(call, read)

    def notes(self, call: PendingCall) -> None:
        """`taskbahn.job.notes`: what a job remembers from attempt to attempt, a page behind a name."""
        after = _after(call, "")
        if not isinstance(after, str):
            raise InvalidRequest("after is the name of the last note that the caller has, or empty")

        def read(seq: int) -> dict[str, Any]:
            notes = self._reader.notes(seq, after, messages.MAX_EVENTS, MAX_BYTES)
            found = [[note.name, note.value] for note in notes]
            return {"notes": found, "next": notes[-1].name if notes else None, "now": self._wall()}

        self._answer(call, read)

    def _answer(self, call: PendingCall, read: Callable[[int], dict[str, Any]]) -> None:
        """Answer with what *read* finds of the job that is the call's first argument."""
        raw = id_bytes(call.args[0] if call.args else call.kwargs.get("id"))

        def read_all() -> tuple[dict[str, Any], str | None] | None:
            with self._reader.snapshot():
                row = self._reader.job(raw)
                return None if row is None else (read(row.seq), row.caller)

        def answer(found: tuple[dict[str, Any], str | None] | None) -> None:
            if found is None:
                call.fail(UnknownJob(id_text(raw)))
            else:
                call.answer(self._as_seen(call, *found))

        self._ask(call, answer, read_all)

    @staticmethod
    def _as_seen(call: PendingCall, page: dict[str, Any], caller: str | None) -> dict[str, Any]:
        """Return a page as a session gets it; only the one who started the job, and workers, get secrets."""
        rows = page.get("results", page.get("notes", ()))
        if any(holds(text) for _, text in rows) and not may_see(call, caller):
            rows[:] = [[name, masked_text(text)] for name, text in rows]
        return page


def _after(call: PendingCall, first: Any) -> Any:
    return call.kwargs.get("after", call.args[1] if len(call.args) > 1 else first)
