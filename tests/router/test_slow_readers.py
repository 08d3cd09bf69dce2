"""A subscriber that does not read: the router's memory stays bounded, the router drops it, and no other session waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from support.plain import patiently, session_to
from support.processes import memory, only_child
from twisted.internet.threads import deferToThread

from taskbahn.protocol import messages
from taskbahn_router.crossbar_edge.send_buffers import MEBIBYTE

if TYPE_CHECKING:
    from support.programs import Node

pytestmark = [pytest.mark.slow, pytest.mark.alone]
PIECE = "x" * (MEBIBYTE // 2)  # of each progress
PIECES = 1000  # half a gigabyte
MAX_BACKLOG = 160  # MiB when it is dropped: 64, and what comes in the 0.3 s and more until the router looks
MORE_MEMORY = 90  # MiB beside the backlog, which is there twice: it is put together to be sent
MAX_LATENCY = 0.2  # seconds, the median; each call waits behind the work for one piece


@pytest.mark.parametrize("transport", ["rawsocket", "websocket"])
@pytest_twisted.ensureDeferred
async def test_a_subscriber_that_does_not_read_is_dropped_without_delaying_others(node: Node, transport: str) -> None:
    router = only_child(only_child(node.process.pid))
    topic, said = f"noise.{transport}", len(node.lines)
    latencies, memories = [], []
    async with session_to(node.rawsocket) as noisy, session_to(node.websocket) as quiet:
        async with session_to(getattr(node, transport)) as deaf:
            carrier: Any = deaf._transport
            await patiently(deaf.subscribe(lambda _: None, topic))
            carrier.transport.pauseProducing()
            before = await deferToThread(memory, router)
            for number in range(PIECES):
                noisy.at_once(noisy.publish, topic, PIECE)
                began = time.monotonic()
                await patiently(quiet.call(messages.VIEW_STATUS))
                latencies.append(time.monotonic() - began)
                if number % 25 == 0:
                    memories.append(await deferToThread(memory, router) - before)
            (line,) = [line for line in node.lines[said:] if "a slow reader is dropped" in line]
            assert f"127.0.0.1:{carrier.transport.getHost().port}, session {deaf._session_id}: " in line
            carrier.transport.resumeProducing()  # only now it learns of it
        await patiently(quiet.call(messages.VIEW_STATUS))
    print(line, f"{max(memories):.0f} MiB, latency {sorted(latencies)[PIECES // 2]:.4f} s, {max(latencies):.3f} s")
    assert "Traceback" not in "".join(node.lines[said:])
    backlog = int(line.rpartition(" MiB wait for it")[0].rpartition(" ")[2])
    assert backlog < MAX_BACKLOG, line
    assert max(memories) < 2 * backlog + MORE_MEMORY, (line, memories)
    assert sorted(latencies)[PIECES // 2] < MAX_LATENCY
