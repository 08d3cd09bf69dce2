"""`--burst`: notice that there is nothing left to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from taskbahn.worker.service import Worker

INTERVAL = 0.1  # seconds between two questions
QUIET_ANSWERS = 2  # empty answers in sequence before the worker ends, for an order may be on its way


async def nothing_left(worker: Worker) -> None:
    """Return when nothing is ready in the worker's queues, or none of its tasks is, and it holds nothing."""
    quiet = 0
    while quiet < QUIET_ANSWERS:
        await asyncio.sleep(INTERVAL)
        session = worker.connection.session
        if session is None or not worker.reporter.is_clear:
            quiet = 0
            continue
        try:
            asked = [
                session.call(procedure).asFuture(asyncio.get_running_loop())
                for procedure in (messages.VIEW_QUEUES, messages.VIEW_TASKS)
            ]
            queues, tasks = await asyncio.gather(*asked)
        except Exception as error:  # noqa: BLE001 - the connection was lost, or the dispatcher starts: ask again
            worker.log.debug("asking what is ready failed: {error}", error=error)
            quiet = 0
            continue
        quiet = 0 if _ready(worker, queues, tasks) else quiet + 1


def _ready(worker: Worker, queues: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> bool:
    in_queues = any(view["ready"] for view in queues if view["name"] in worker.settings.queues)
    of_tasks = any(view.get("ready", 0) for view in tasks if view["name"] in worker.app.tasks)
    return in_queues and of_tasks
