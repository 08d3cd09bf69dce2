"""Numbers over time at a real node: it counts what happens, lists what is wrong, and keeps its minutes over a restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import pytest_twisted
from autobahn.wamp.types import CallOptions
from support.plain import PATIENCE, Heard, patiently, session_to
from support.programs import Node, Program

from taskbahn.protocol import messages, views
from taskbahn.protocol.ids import new_ids

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn.transport.session import Session

pytestmark = pytest.mark.slow
TASK = "history.task"
COUNTS = {"accepted": 6, "succeeded": 3, "failed": 1, "cancelled": 1, "expired": 0, "retried": 0, "again": 0}
SECONDS = 2.5  # that a run takes, by its worker's clock


async def view(session: Session, procedure: str, kind: Any, **given: Any) -> Any:
    return msgspec.convert(await patiently(session.call(procedure, **given)), kind)


def sums(history: views.History) -> dict[str, int]:
    return {name: sum(filter(None, getattr(history, name))) for name in COUNTS}


async def play(node: Node) -> None:
    """Six jobs: three succeed, one fails, one is cancelled, and one waits, as no worker is left."""
    async with session_to(node.websocket) as client:
        orders = Heard()
        async with session_to(node.rawsocket) as worker:
            hello = {"protocol": 1, "worker": "w", "slots": 5, "tasks": [{"name": TASK}]}
            worker.call(messages.WORKER_ATTACH, hello, options=CallOptions(on_progress=orders)).addErrback(lambda _: None)
            await orders.first(lambda order: "welcome" in order)
            ids = new_ids(6)
            calls = [{"task": TASK, "id": id, "args": []} for id in ids]
            assert await patiently(client.call(messages.SUBMIT, calls[:5])) == ids[:5]
            await orders.first(lambda order: any(run[0] == ids[4] for run in order.get("run", ())))
            done = [messages.Done(id, 1, "1", 0.0, SECONDS) for id in ids[:3]]
            failed = [messages.Failed(id=ids[3], attempt=1, kind="error", error={"type": "E", "message": "m"}, retry=False)]
            await patiently(worker.call(messages.WORKER_REPORT, messages.plain(messages.Report(done=done, failed=failed))))
            assert await patiently(client.call(messages.JOB_CANCEL, ids[4:5])) == ["cancelled"]
            (queue,) = await view(client, messages.VIEW_QUEUES, list[views.QueueView])
            assert queue.rate > 0
        changes = Heard()
        await patiently(client.subscribe(changes, messages.CHANGES_TOPIC))
        await patiently(client.call(messages.SUBMIT, calls[5:]))
        told = await changes.first(lambda change: change["status"]["problems"] and change["status"]["jobs"]["ready"])
        status = msgspec.convert(told["status"], views.Status)
        assert [problem.kind for problem in status.problems] == ["no_workers"]
        status = await view(client, messages.VIEW_STATUS, views.Status)
        assert msgspec.to_builtins(status.totals) == COUNTS
        assert status.oldest is not None
        assert status.run == (pytest.approx(SECONDS, rel=0.05), pytest.approx(SECONDS, rel=0.05))
        assert sums(await view(client, messages.VIEW_HISTORY, views.History, seconds=60)) == COUNTS


async def statistics_of(client: Session) -> views.TaskStatistics:
    """Return them when they were read from the store."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        (task,) = await view(client, messages.VIEW_TASKS, list[views.TaskView])
        if task.statistics is not None and task.statistics.accepted == COUNTS["accepted"]:
            return task.statistics  # type: ignore[no-any-return]
    raise AssertionError(f"after {PATIENCE} s the statistics are not there")


@pytest_twisted.ensureDeferred
async def test_jobs_are_counted_and_a_restart_of_the_node_keeps_the_minutes(tmp_path: Path) -> None:
    node = Node(tmp_path)
    try:
        node.wait_for("Taskbahn is ready")
        await play(node)
        shown = Program("status", "--url", node.websocket, cwd=tmp_path)
        assert shown.wait() == 0
        assert shown.output.startswith("✗ No worker is attached, and 1 job waits for one.")
        assert node.end() == 0
        assert "never awaited" not in node.output
    finally:
        node.close()
    again = Node(tmp_path, node.port)
    try:
        again.wait_for("Taskbahn is ready")
        async with session_to(again.websocket) as client:
            for given in ({}, {"task": TASK}, {"seconds": 86400}, {"seconds": 604800, "task": TASK}):
                assert sums(await view(client, messages.VIEW_HISTORY, views.History, **given)) == COUNTS
            found = await statistics_of(client)
            assert (found.succeeded, found.failed) == (3, 1)
            assert found.run == pytest.approx(SECONDS, rel=0.05)
            status = await view(client, messages.VIEW_STATUS, views.Status)
            assert status.totals == views.Totals()  # those of this dispatcher
        listed = Program("tasks", "--url", again.websocket, cwd=tmp_path)
        assert listed.wait() == 0
        assert TASK in listed.output
        assert "2.4 s" in listed.output or "2.5 s" in listed.output or "2.6 s" in listed.output
    finally:
        again.close()
