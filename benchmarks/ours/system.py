"""Taskbahn under the contract of the peers: the SDK in this process, the node and the worker beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.contract import ANSWER
from benchmarks.ours import tasks
from benchmarks.ours.node import APPS, SLOTS, Node
from taskbahn import chain, chord, group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Mode
    from benchmarks.processes import Place
    from taskbahn import Batch, Taskbahn
    from taskbahn.tasks.task_handle import TaskHandle

TASKS: dict[Mode, TaskHandle[[], int]] = {
    "threads": tasks.thread_noop,
    "processes": tasks.process_noop,
    "async": tasks.loop_noop,
}
PASS_ON: dict[Mode, TaskHandle[[int], int]] = {
    "threads": tasks.thread_pass_on,
    "processes": tasks.process_pass_on,
    "async": tasks.loop_pass_on,
}
RIGHT: dict[Mode, TaskHandle[[list[int]], int]] = {
    "threads": tasks.thread_right,
    "processes": tasks.process_right,
    "async": tasks.loop_right,
}
APPLICATIONS: dict[Mode, Taskbahn] = {"threads": tasks.threads, "processes": tasks.processes, "async": tasks.loop}
WHERE: dict[Mode, str] = {
    "threads": 'pool="thread"',
    "processes": 'pool="process" (the default)',
    "async": "async def",
}


class TaskbahnSystem:
    """Taskbahn; fulfils `benchmarks.contract.FlowSystem`."""

    packages: Sequence[str] = ("taskbahn", "crossbar", "autobahn", "twisted", "msgspec")
    mode: Mode
    node: Node

    def __init__(self, transport: str) -> None:
        self.transport = transport
        self._waiting: list[Batch[int]] = []

    def configuration(self, mode: Mode) -> str:
        """See `System.configuration`."""
        return f"taskbahn up, taskbahn worker --slots {SLOTS[mode]}, tasks {WHERE[mode]}; {self.transport}"

    def durability(self) -> str:
        """See `System.durability`."""
        return "SQLite (WAL, synchronous=FULL): what was accepted, and every result, survives a power cut"

    @property
    def app(self) -> Taskbahn:
        """The application of this mode."""
        return APPLICATIONS[self.mode]

    def start(self, mode: Mode, place: Place) -> None:
        """Start node and worker."""
        self.mode = mode
        self.node = Node(place)
        self.node.start()
        self.node.use(self.transport)
        self.node.start_worker(APPS[mode], SLOTS[mode])
        self.node.wait_for_worker(self.app)

    def submit(self, count: int) -> Sequence[Batch[int]]:
        """Start one batch."""
        batch = TASKS[self.mode].start_many(() for _ in range(count))
        self._waiting.append(batch)
        return [batch]

    def fetch(self, handles: Sequence[Batch[int]], timeout: float) -> int:
        """Wait for the results of the batches."""
        good = sum(value == ANSWER for batch in handles for value in batch.results(timeout))
        self._waiting.clear()
        return good

    def call(self, timeout: float) -> Any:
        """Start a job and wait for it; the SDK waits as long as it takes, and the driver watches the time."""
        return TASKS[self.mode].call()

    def group(self, count: int, timeout: float) -> int:
        """Start a group and wait for its list."""
        return group(TASKS[self.mode].s() for _ in range(count)).start().result(timeout).count(ANSWER)

    def chord(self, count: int, timeout: float) -> int:
        """Start a chord and wait for its result."""
        return chord((TASKS[self.mode].s() for _ in range(count)), RIGHT[self.mode].s()).start().result(timeout)

    def chain(self, count: int, timeout: float) -> Any:
        """Start a chain and wait for its result."""
        return chain([TASKS[self.mode].s(), *(PASS_ON[self.mode].s() for _ in range(count - 1))]).start().result(timeout)

    def stop_worker(self) -> None:
        """See `System.stop_worker`."""
        self.node.stop_worker(self.app)

    def drop(self) -> None:
        """Cancel what waits."""
        for batch in self._waiting:
            batch.cancel("the bench is over")
        self._waiting.clear()

    def stop(self) -> None:
        """Leave the router."""
        self.app.close()


def system(name: str) -> TaskbahnSystem:
    """Return Taskbahn over the transport that the entry *name* says."""
    return TaskbahnSystem("rawsocket" if name.endswith("-rawsocket") else "websocket")
