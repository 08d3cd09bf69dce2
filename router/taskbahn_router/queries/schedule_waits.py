"""What is between a schedule and its next job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest, InvalidSchedule
from taskbahn.protocol import messages
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.kept import is_over, pause_of, tasks_in
from taskbahn_router.core.schedule_waits import LastJob, Tasks, schedule_waits
from taskbahn_router.dispatcher.schedule_specs import spec_of

if TYPE_CHECKING:
    from taskbahn_router.core.firings import ScheduleRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader


class ScheduleWaits:
    """Answers `taskbahn.view.schedule_waits`."""

    def __init__(self, dispatcher: Dispatcher, reader: Reader, ask: Ask) -> None:
        self._dispatcher = dispatcher
        self._reader = reader
        self._ask = ask

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.schedule_waits`: all that is between a schedule and its next job, what is closed first."""
        id = call.args[0] if call.args else call.kwargs.get("id")
        if not isinstance(id, str):
            raise InvalidRequest("taskbahn.view.schedule_waits takes the id of a schedule")

        def read() -> tuple[ScheduleRow, LastJob | None] | None:
            with self._reader.snapshot():
                row = self._reader.schedule(id)
                job = self._reader.job(row.last_job) if row is not None and row.last_job is not None else None
            return None if row is None else (row, None if job is None else LastJob(id_text(job.id), job.state))

        def found(answer: tuple[ScheduleRow, LastJob | None] | None) -> None:
            if answer is None:
                call.fail(InvalidSchedule(f"there is no schedule {id!r}; `taskbahn schedules` lists them"))
            else:
                call.answer(self._reasons(*answer))

        self._ask(call, found, read)

    def _reasons(self, row: ScheduleRow, last: LastJob | None) -> list[dict[str, Any]]:
        spec, pause, now = spec_of(row), pause_of(row), self._dispatcher.wall()
        state = self._dispatcher.state
        names = set(tasks_in(spec.call))
        offered = {task.name for worker in state.workers.values() if worker.orders is not None for task in worker.hello.tasks}
        tasks = Tasks([name for name in names if name not in state.tasks], [name for name in names if name not in offered])
        trouble = str(messages.from_json(row.trouble).get("message", "")) if row.trouble else ""
        held = None if pause is not None and is_over(pause, now) else pause
        return [messages.plain(reason) for reason in schedule_waits(row, spec, held, tasks, last, trouble, now)]
