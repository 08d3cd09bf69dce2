"""A client that behaves badly, in a process of its own: `python -m benchmarks.ours.flooder PORT KIND COUNT [TASK | JOB]`.

    submit     COUNT submissions of 1,000 jobs of TASK are always on their way, whatever is answered
    pace       COUNT jobs of TASK a second, in even portions
    watch      COUNT watches of JOB
    subscribe  COUNT connections that subscribe to JOB's topic and never read again
    idle       COUNT connections that say nothing

Says `{"ready": true}` when it floods, and what came of it when its input ends. It speaks RawSocket and MessagePack by itself,
with no library that would wait for answers or keep the order of things.

Source: the WAMP specification, sections "RawSocket transport" and "Message types".
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import resource
import sys
import time
from collections import Counter
from typing import Any

import msgpack

from benchmarks.processes import end_with_parent

HANDSHAKE = bytes([0x7F, 0xF2, 0, 0])  # messages up to 16 MiB, MessagePack
HELLO, CALL, ERROR, SUBSCRIBE = 1, 48, 8, 32
JOBS = 1_000  # in one submission
PORTIONS = 100  # of a second
TOGETHER = 100  # connections that are opened at a time
UNSERVED_QUEUE = "unserved"  # no worker takes from it


class Connection:
    """One session."""

    def __init__(self) -> None:
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def open(self, port: int) -> None:
        """Connect and join."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(HANDSHAKE)
        await self.reader.readexactly(4)
        self.send([HELLO, "taskbahn", {"roles": {"caller": {"features": {"progressive_call_results": True}}, "subscriber": {}}}])
        await self.receive()

    def send(self, message: list[Any]) -> None:
        """Send a message."""
        data = msgpack.packb(message)
        self.writer.write(len(data).to_bytes(4) + data)

    async def receive(self) -> list[Any]:
        """Return the next message."""
        size = int.from_bytes(await self.reader.readexactly(4))
        message: list[Any] = msgpack.unpackb(await self.reader.readexactly(size & 0xFFFFFF))
        return message


async def open_many(port: int, count: int) -> list[Connection]:
    """Open *count* connections."""
    connections = [Connection() for _ in range(count)]
    for first in range(0, count, TOGETHER):
        await asyncio.gather(*(connection.open(port) for connection in connections[first : first + TOGETHER]))
    return connections


async def submit(port: int, count: int, task: str, seen: Counter[str]) -> None:
    """Submit without pause."""
    (connection,) = await open_many(port, 1)
    calls = [{"task": task, "options": {"queue": UNSERVED_QUEUE}}] * JOBS
    numbers = itertools.count(1)
    for _ in range(count):
        connection.send([CALL, next(numbers), {}, "taskbahn.submit", [calls]])
    say(ready=True)
    while True:
        kind, *rest = await connection.receive()
        if kind == ERROR:
            seen[rest[3]] += JOBS
        else:
            seen["accepted"] += JOBS
        connection.send([CALL, next(numbers), {}, "taskbahn.submit", [calls]])
        await connection.writer.drain()


async def pace(port: int, count: int, task: str, seen: Counter[str]) -> None:
    """Submit this number of jobs a second, whatever is answered."""
    (connection,) = await open_many(port, 1)
    calls = [{"task": task}] * (count // PORTIONS)
    say(ready=True)

    async def read() -> None:
        while True:
            kind, *_ = await connection.receive()
            seen["refused" if kind == ERROR else "accepted"] += len(calls)

    reading = asyncio.ensure_future(read())
    began = time.monotonic()
    for number in itertools.count(1):
        await asyncio.sleep(max(0.0, began + number / PORTIONS - time.monotonic()))
        connection.send([CALL, number, {}, "taskbahn.submit", [calls]])
        await connection.writer.drain()
        if reading.done():
            reading.result()


async def watch(port: int, count: int, job: str, seen: Counter[str]) -> None:
    """Watch one job many times, and read what comes."""
    connections = await open_many(port, min(count, 20))
    for number in range(count):
        connections[number % len(connections)].send(
            [CALL, 1 + number // len(connections), {"receive_progress": True}, "taskbahn.job.watch", [job]]
        )
    say(ready=True)

    async def read(connection: Connection) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # too slow a reader is dropped
            while True:
                await connection.receive()
                seen["messages"] += 1
        seen["dropped"] += 1

    await asyncio.gather(*(read(connection) for connection in connections))


async def subscribe(port: int, count: int, job: str, seen: Counter[str]) -> None:
    """Subscribe, and never read again."""
    for connection in await open_many(port, count):
        connection.send([SUBSCRIBE, 1, {}, f"taskbahn.job.{job}"])
        await connection.receive()
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's
    seen["connections"] = count
    say(ready=True)
    await asyncio.Event().wait()


async def idle(port: int, count: int, _job: str, seen: Counter[str]) -> None:
    """Be there."""
    connections = await open_many(port, count)
    seen["connections"] = len(connections)
    say(ready=True)
    await asyncio.Event().wait()


def say(**values: Any) -> None:
    """Write a line of JSON."""
    print(json.dumps(values), flush=True)


async def main(port: int, kind: str, count: int, what: str) -> None:
    """Flood until the input ends."""
    seen: Counter[str] = Counter()
    flood = asyncio.ensure_future(
        {"submit": submit, "pace": pace, "watch": watch, "subscribe": subscribe, "idle": idle}[kind](port, count, what, seen)
    )
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([flood, ended], return_when=asyncio.FIRST_COMPLETED)
    if flood.done():
        flood.result()
    flood.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await flood
    say(**seen)


if __name__ == "__main__":
    end_with_parent()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else ""))
