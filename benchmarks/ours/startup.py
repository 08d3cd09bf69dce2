"""g: seconds from `taskbahn up` to its ready line, beside a bare `crossbar start` with the same configuration without us."""

from __future__ import annotations

import json
import socket
import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.contract import Figure
from benchmarks.measure import say
from benchmarks.ours.node import Node, program, until
from benchmarks.ports import free_port
from taskbahn_router.node.launcher import Wanted, configuration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Plan
    from benchmarks.processes import Place

OURS = ("healthz", "readyz", "ws-view")  # paths of the port that are served by the dispatcher


def answers(port: int) -> bool:
    """Tell whether the WebSocket at `/ws`, which Crossbar adds last, is there: before that it is `404 Not Found`."""
    request = (
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
    )
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            connection.sendall(request.encode())
            return b" 101 " in connection.recv(64)
    except OSError:
        return False


def bare(place: Place, name: str) -> float:
    """Return the seconds until a bare Crossbar answers."""
    port, folder = free_port(), place.directory / f"{name}-data"
    config = configuration(Wanted(port, "127.0.0.1", folder))
    (worker,) = config["workers"]
    del worker["components"]
    paths = worker["transports"][0]["web"]["paths"]
    for path in OURS:
        del paths[path]
    paths["/"] = {"type": "static", "package": "taskbahn_web", "resource": "static"}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    started = time.perf_counter()
    place.spawn(name, [program("crossbar"), "start", "--cbdir", str(folder), "--loglevel", "warn", "--color", "false"])
    until(place, "crossbar start", lambda: answers(port))
    seconds = time.perf_counter() - started
    place.stop(name)
    return seconds


def ours(place: Place, name: str) -> float:
    """Return the seconds until `taskbahn up` says that it is ready."""
    node = Node(place, name)
    seconds = node.start()
    node.stop()
    return seconds


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Start each in turn, on fresh directories; the first of each only warms the disk's cache."""
    times: dict[str, list[float]] = {"taskbahn": [], "crossbar": []}
    for number in range(1 + max(3, 2 * plan.repeats)):
        say(progress=f"start {number + 1}")
        times["taskbahn"].append(ours(place, f"taskbahn-{number}"))
        times["crossbar"].append(bare(place, f"crossbar-{number}"))
    medians = {name: statistics.median(seconds[1:]) for name, seconds in times.items()}
    ratio = medians["taskbahn"] / medians["crossbar"]
    starts = len(times["taskbahn"]) - 1
    return [
        Figure("taskbahn up", round(medians["taskbahn"], 2), "s", f"median of {starts} starts, alternating"),
        Figure("crossbar start", round(medians["crossbar"], 2), "s", "the same configuration without our component"),
        Figure("ratio", round(ratio, 2), "times"),
    ]
