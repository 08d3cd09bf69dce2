"""Free ports of the loopback interface, for servers that tests, benches and chaos start, stop, and start again."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket

# Below those that the kernel gives to outgoing connections: while a server is down one of these could get its port, or, when a client
# tries to connect to it, even be connected to itself. Each process of pytest-xdist has others, and none comes twice.
PORTS = range(12_000, 32_000, 4)
_own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PORTS.step
_ports = itertools.cycle(random.sample([port + _own for port in PORTS], len(PORTS)))


def free_port() -> int:
    """Return a port of the loopback interface on which no program listens now.  Raises OSError if all are taken."""
    for port in itertools.islice(_ports, len(PORTS)):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError(f"all ports of {PORTS} are taken")
