"""The Redis of the peers: Debian's `redis-server` on a free loopback port, in the place of the measurement."""

from __future__ import annotations

import shutil
import socket
import time
from typing import TYPE_CHECKING

from benchmarks.ports import free_port

if TYPE_CHECKING:
    from benchmarks.processes import Place

START_SECONDS = 15.0

DURABILITY = {
    "memory": "Redis in memory only: a crash of Redis loses every job",
    "everysec": "Redis with appendfsync everysec: a power cut loses up to a second of jobs",
    "always": "Redis with appendfsync always: what was accepted survives a power cut",
}


class RedisMissing(RuntimeError):
    """There is no `redis-server` on this machine."""

    def __init__(self) -> None:
        super().__init__("redis-server was not found: install it (Debian: apt-get install redis-server)")


def start_redis(place: Place, persistence: str) -> str:
    """Start Redis as `redis` in *place* and return its URL once it answers."""
    program = shutil.which("redis-server")
    if program is None:
        raise RedisMissing
    port = free_port()
    argv = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(place.directory), "--save", ""]
    if persistence != "memory":
        argv += ["--appendonly", "yes", "--appendfsync", persistence]
    place.spawn("redis", argv)
    deadline = time.monotonic() + START_SECONDS
    while not answers(port):
        place.check()
        if time.monotonic() > deadline:
            message = f"redis-server did not answer within {START_SECONDS:.0f} s"
            raise TimeoutError(message)
        time.sleep(0.02)
    return f"redis://127.0.0.1:{port}/0"


def answers(port: int) -> bool:
    """Tell whether a Redis on *port* answers a PING."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
