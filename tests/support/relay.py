"""A way to a server that a test can cut and mend, freeze and thaw, or make slow."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque


class Pace:
    """How fast the bytes of the server go through: `rate` a second, None: as fast as they come; and `lag` seconds later."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self.lag = 0.0
        self._free_at = 0.0

    def wait(self) -> float | None:
        """Return the seconds until some may go; None: nothing holds them up."""
        if self.rate is None:
            return None
        return max(0.0, self._free_at - time.monotonic()) if self.rate else LONG

    def took(self, length: int) -> None:
        """Note that some went."""
        if self.rate:
            self._free_at = max(time.monotonic(), self._free_at) + length / self.rate


LONG = 0.05  # seconds after which a connection looks again whether the pace is another


class Relay:
    """Carries bytes between a client and a node, so that a test can cut the connection and let it come back.

    Frozen, it keeps connections open and carries nothing: a network that has gone silent. A pace holds up what the server says, as a slow
    line does; what is said to the server goes through.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()
        self._pace = Pace()
        self.heard: deque[bytes] = deque(maxlen=0)  # what it has carried, if a test gives it another one
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._is_cut = True
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def freeze(self) -> None:
        """Carry nothing, neither way, and say nothing of it."""
        self._flows.clear()

    def thaw(self) -> None:
        """Carry on, also with what was sent meanwhile."""
        self._flows.set()

    def throttle(self, rate: float | None) -> None:
        """Carry *rate* bytes a second of what the server says; 0: nothing, None: all, as it comes."""
        self._pace.rate = rate

    def delay(self, seconds: float) -> None:
        """Carry what the server says so much later, as a long way does."""
        self._pace.lag = seconds

    def close(self) -> None:
        self.cut()
        self.thaw()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            self._flows.wait()
            try:
                if self._is_cut:
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # no server listens: perhaps later
                near.close()
                continue
            self._pairs.append((near, far))
            threading.Thread(target=carry, args=(near, far, self._flows, self._pace, self.heard), daemon=True).start()


def carry(near: socket.socket, far: socket.socket, flows: threading.Event, pace: Pace, heard: deque[bytes]) -> None:
    """Carry bytes both ways until one end closes; only while it *flows*, and those of the far end at a pace."""
    with selectors.DefaultSelector() as ready, near, far:
        ready.register(near, selectors.EVENT_READ, far)
        ready.register(far, selectors.EVENT_READ, near)
        is_held = False
        while True:
            wait = pace.wait()
            if is_held != bool(wait):
                is_held = not is_held
                if is_held:
                    ready.unregister(far)
                else:
                    ready.register(far, selectors.EVENT_READ, near)
            for key, _ in ready.select(wait or None):
                flows.wait()
                if key.fileobj is far and pace.wait():  # since just now
                    continue
                try:
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]  # a socket
                    if not data:
                        return
                    heard.append(data)
                    if key.fileobj is far and pace.lag:
                        time.sleep(pace.lag)
                    key.data.sendall(data)
                except OSError:
                    return
                if key.fileobj is far:
                    pace.took(len(data))
