"""What the views show of triggers, and which of them are in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption, InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.triggers import TriggerView
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.dispatcher.trigger_specs import spec_of, words_of
from taskbahn_router.queries.shown_calls import shown_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn_router.core.triggers import TriggerRow
    from taskbahn_router.model.declared_task import DeclaredTask
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader

MOST = 500  # triggers in one answer


class TriggerQueries:
    """Answers `taskbahn.view.triggers`."""

    def __init__(
        self, reader: Reader, ask: Ask, wall: Callable[[], float], tasks: Mapping[str, DeclaredTask]
    ) -> None:  # fmt: skip
        self._reader = reader
        self._ask = ask
        self._wall = wall
        self._tasks = tasks

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.triggers`: one of an id, or a page of all."""
        id, after, limit = call.kwargs.get("id"), call.kwargs.get("after", ""), call.kwargs.get("limit", 100)
        if isinstance(id, str):
            self.answer_one(call, id, as_list=True)
            return
        if not isinstance(after, str) or isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= MOST:
            raise InvalidRequest(f"after is the id behind which the page begins, limit is 1 to {MOST}")

        def found(rows: list[TriggerRow]) -> None:
            page = [self.view_of(row) for row in rows]
            call.answer({"triggers": page, "next": rows[-1].id if len(rows) == limit else None})

        self._ask(call, found, self._reader.triggers, after, limit)

    def answer_one(self, call: PendingCall, id: str, *, as_list: bool = False) -> None:
        """Answer a call with the view of a trigger."""

        def found(row: TriggerRow | None) -> None:
            if as_list:
                call.answer({"triggers": [] if row is None else [self.view_of(row)], "next": None})
            elif row is None:
                call.fail(InvalidOption(f"there is no trigger {id!r} any more", option="id"))
            else:
                call.answer(self.view_of(row))

        self._ask(call, found, self._reader.trigger, id)

    def answer_row(self, call: PendingCall, row: TriggerRow) -> None:
        """Answer a call with the view of a row, which need not be stored."""
        call.answer(self.view_of(row))

    def view_of(self, row: TriggerRow) -> dict[str, Any]:
        """Return the `triggers.TriggerView` of a trigger as it travels."""
        spec, pause = spec_of(row), pause_of(row)
        if pause is not None and is_over(pause, self._wall()):
            pause = None
        view: dict[str, Any] = messages.plain(
            TriggerView(
                id=row.id, kind=row.kind, words=words_of(spec), spec=messages.plain(spec),
                declared=messages.from_json(row.declared) if row.declared else None,
                changed=messages.from_json(row.changed) if row.changed else {}, pause=pause, started=row.started, lost=row.lost,
                last_at=row.last_at, last_job=None if row.last_job is None else id_text(row.last_job),
                trouble=messages.from_json(row.trouble) if row.trouble else None, changed_by=row.changed_by,
                changed_at=row.changed_at,
            )
        )  # fmt: skip
        shown: dict[str, Any] = shown_calls(view, self._tasks)
        return shown
