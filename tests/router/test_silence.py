"""A network that goes silent without closing anything: TCP still acknowledges, RawSocket has no pings, so only heartbeats tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from support.plain import Heard, patiently, session_to
from support.programs import Program, running
from support.relay import Relay
from twisted.internet.threads import deferToThread

from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id
from taskbahn_router.workers.registry import GRACE_SECONDS, HEARTBEAT_SECONDS, MISSED_HEARTBEATS

if TYPE_CHECKING:
    from support.programs import Node

TESTS = Path(__file__).parents[1]
AT_MOST = (MISSED_HEARTBEATS + 1) * HEARTBEAT_SECONDS + GRACE_SECONDS


def worker(url: str, name: str) -> Program:
    return Program(
        "worker", "support.sample_app:app", "--url", url, "--name", name, "--slots", "1", "--queues", "silence", cwd=TESTS
    )


@pytest.mark.slow
@pytest.mark.timeout(120)  # it takes 45 to 60 s, nearly all of it waiting: real heartbeats, for only they show that they suffice
@pytest_twisted.ensureDeferred
async def test_a_worker_behind_a_silent_network_is_given_up_and_comes_back(node: Node) -> None:
    from twisted.internet import reactor as installed

    reactor: Any = installed
    job, heard = str(new_id()), Heard()
    relay = Relay(node.port)
    try:
        with running(worker(f"rs://127.0.0.1:{relay.port}", "silent"), "ready") as silent:
            async with session_to(node.websocket) as session:
                await patiently(session.subscribe(heard, messages.JOB_TOPIC + job))
                call = {"task": "shop.nap", "id": job, "args": [1.0], "options": {"queue": "silence"}}
                assert await patiently(session.call(messages.SUBMIT, [call])) == [job]
                await heard.first(lambda _: any(event["data"].get("worker") == "silent" for event in heard.events))
                relay.freeze()
                with running(worker(node.rawsocket, "other"), "ready"):
                    outcome = await session.call(messages.JOB_WAIT, [job]).addTimeout(AT_MOST + 20, reactor)
                    assert outcome["outcomes"] == [[job, "succeeded", '"slept"', None]]
                relay.thaw()
                await deferToThread(silent.wait_for, "lost the router")
                await deferToThread(silent.wait_for, "back at")
                # it has done the job too, meanwhile, and said so: that counts no more
                view = await patiently(session.call(messages.JOB_GET, job))
                attempts = [(attempt["worker"], attempt["outcome"]) for attempt in view["attempts"]]
                assert attempts == [("silent", "worker_lost"), ("other", "succeeded")]
                workers = await patiently(session.call(messages.VIEW_WORKERS))
                assert [one["id"] for one in workers if one["queues"] == ["silence"]] == ["silent"]
    finally:
        relay.close()
