"""What is ready and no attached worker can take, by task and queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.outgoing import NODE_QUEUE

if TYPE_CHECKING:
    from taskbahn_router.model.state import DispatcherState

MAX_QUEUES = 20  # of one task, those with most jobs


def unserved(state: DispatcherState) -> dict[str, dict[str, int]]:
    """Return for each task with ready jobs that no attached worker can take how many these are, by queue."""
    taken: dict[str, set[str]] = {}  # queue -> tasks that its workers offer
    seen = set()
    for worker in state.workers.values():
        if worker.orders is None:
            continue
        tasks = frozenset(task.name for task in worker.hello.tasks)
        key = (tasks, *sorted(worker.hello.queues))
        if key not in seen:
            seen.add(key)
            for queue in worker.hello.queues:
                taken.setdefault(queue, set()).update(tasks)
    found: dict[str, dict[str, int]] = {}
    for partition in state.partitions_with_backlog:
        one = state.partitions_by_id[partition]
        if one.ready and one.queue != NODE_QUEUE and one.task not in taken.get(one.queue, ()):
            found.setdefault(one.task, {})[one.queue] = one.ready
    return {task: dict(sorted(queues.items(), key=lambda pair: -pair[1])[:MAX_QUEUES]) for task, queues in found.items()}
