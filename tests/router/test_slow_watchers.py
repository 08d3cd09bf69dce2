"""A watcher behind a slow line, of a job that says more than the line takes: it gets all of it, later, and is not dropped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from autobahn.wamp.types import CallOptions
from support.plain import Heard, patiently, session_to
from support.processes import memory, only_child
from support.programs import Program, running
from support.relay import Relay
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id
from taskbahn_router.crossbar_edge.send_buffers import MEBIBYTE

if TYPE_CHECKING:
    from support.programs import Node

TESTS = Path(__file__).parents[1]
WORDS = 19_800  # log lines and chunks, nearly as many as are kept of one job
LENGTH = 3_000  # of each: 60 MB in all, more than a connection may leave unread
RATE = MEBIBYTE  # bytes a second that the line takes while the job speaks
LATER = 20 * MEBIBYTE  # and afterwards, or this test would take a minute
MAX_MEMORY = 80  # MiB more than before: a report, the caches of the database, and little for the watcher
SAMPLE_SECONDS = 0.2
PATIENCE = 90.0  # seconds; 8 on an idle machine


@pytest.mark.slow
@pytest.mark.alone
@pytest_twisted.ensureDeferred
async def test_a_slow_watcher_gets_every_event_while_the_router_keeps_little(node: Node) -> None:
    from twisted.internet import reactor as installed

    reactor: Any = installed
    router, said = only_child(only_child(node.process.pid)), len(node.lines)
    job, heard, memories = str(new_id()), Heard(), list[float]()
    relay = Relay(node.port)
    worker = Program("worker", "support.sample_app:app", "--url", node.rawsocket, "--slots", "1", "--queues", "talk", cwd=TESTS)
    try:
        with running(worker, "ready"):
            async with session_to(f"rs://127.0.0.1:{relay.port}") as slow, session_to(node.rawsocket) as quick:
                before = memory(router)
                relay.throttle(RATE)
                call = {"task": "shop.chatter", "id": job, "args": [WORDS, LENGTH], "options": {"queue": "talk"}}
                assert await patiently(quick.call(messages.SUBMIT, [call])) == [job]
                watched = slow.call(messages.JOB_WATCH, job, options=CallOptions(on_progress=heard)).addTimeout(PATIENCE, reactor)
                done = quick.call(messages.JOB_WAIT, [job]).addTimeout(PATIENCE, reactor)

                async def more_memory() -> float:
                    await deferLater(reactor, SAMPLE_SECONDS)
                    return await deferToThread(memory, router) - before

                began = time.monotonic()
                while not done.called:
                    memories.append(await more_memory())
                spoken = time.monotonic() - began
                behind = WORDS - len(heard.events)
                relay.throttle(LATER)
                while not watched.called:
                    memories.append(await more_memory())
                view = await watched
    finally:
        relay.close()
    seconds = f"{spoken:.1f} s, and {time.monotonic() - began:.1f} s in all"
    print(f"{behind:,} behind when the job had ended after {seconds}; up to {max(memories):.0f} MiB more")
    assert view["state"] == "succeeded"
    words = [
        event["data"]["message"] if event["kind"] == "log" else event["data"]
        for event in heard.events
        if event["kind"] != "state"
    ]
    assert [int(word.partition(" ")[0]) for word in words] == list(range(WORDS))
    numbers = [event["number"] for event in heard.events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert "slow reader" not in "".join(node.lines[said:])
    assert max(memories) < MAX_MEMORY, memories
    assert behind > WORDS // 2, "it was no slow line"
