"""The process of the node's own worker, started from the router's: where it connects to, what it inherits, how it ends."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger

from taskbahn_router.node.parent_watch import CONTROLLER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODULE = "taskbahn_router.outgoing.worker"
KEPT_LINES = 5  # the last lines that it wrote, for why it has ended
LINE_BYTES = 2000
ALL_INTERFACES = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - where to reach a node that listens on them


def address_of(config: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    """Return the address at which a process of this machine reaches the node; "" if its configuration says none.

    config: Crossbar's.   extra: the component's; `url` in it counts.
    """
    if url := extra.get("url"):
        return str(url)
    for worker in config.get("workers", ()):
        for transport in worker.get("transports", ()):
            endpoint = transport.get("endpoint", {})
            if endpoint.get("type") != "tcp" or endpoint.get("tls"):
                continue
            port = str(endpoint.get("port", ""))
            port = os.environ.get(port[1:], "") if port.startswith("$") else port
            interface = str(endpoint.get("interface", ""))
            interface = ALL_INTERFACES.get(interface, interface)
            host = f"[{interface}]" if ":" in interface else interface
            if transport.get("rawsocket") or transport.get("type") == "rawsocket":
                return f"rs://{host}:{port}"
            paths = transport.get("web", transport).get("paths", {})
            for path, what in paths.items():
                if what.get("type") == "websocket":
                    return f"ws://{host}:{port}/{path.strip('/')}"
    return ""


class NodeProcess(ProcessProtocol):
    """One process; ended: called with why it has ended, "" if that was asked for."""

    log = Logger("taskbahn.node_worker")

    def __init__(self, ended: Callable[[str], None]) -> None:
        self._ended = ended
        self._is_asked = False
        self._text = b""
        self._lines: list[str] = []

    def stop(self) -> None:
        """Ask it to end, when its jobs have ended."""
        self._is_asked = True
        transport: Any = self.transport
        with suppress(ProcessExitedAlready):
            transport.signalProcess(signal.SIGTERM)

    def outReceived(self, data: bytes) -> None:
        """Pass on what it writes to the node's log."""
        *lines, rest = (self._text + data).split(b"\n")
        self._text = rest[-LINE_BYTES:]
        for line in lines:
            text = line[:LINE_BYTES].decode("utf-8", "replace").strip()
            if text:
                self._lines = [*self._lines, text][-KEPT_LINES:]
                self.log.info("{line}", line=text)

    errReceived = outReceived

    def processEnded(self, reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Say that it has ended."""
        if self._is_asked and isinstance(reason.value, ProcessDone):
            self._ended("")
        else:
            self._ended(f"{reason.value}: {self._lines[-1]}" if self._lines else str(reason.value))


def start_process(reactor: Any, url: str, token: str, id: str, ended: Callable[[str], None]) -> NodeProcess:
    """Start it.   token: its login, "" without one.  Raises OSError.

    Its standard input is a pipe of this process, and it watches its parent, so it ends with this one also when that is killed.
    """
    process = NodeProcess(ended)
    environment = {
        **os.environ,
        CONTROLLER: str(os.getpid()),
        "TASKBAHN_TOKEN": token,
        "TASKBAHN_KEY_FILE": "",
        "TASKBAHN_USER": "",
        "TASKBAHN_PASSWORD": "",
    }
    reactor.spawnProcess(process, sys.executable, [sys.executable, "-m", MODULE, url, id], environment)
    return process
