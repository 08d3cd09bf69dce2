"""A way to a server that a test can cut and mend, or freeze and thaw."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading


class Relay:
    """Stands between a client and a node, so that a test can cut the connection and let it come back.

    Frozen, it keeps connections open and carries nothing: a network that has gone silent.
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
            except OSError:  # nobody is there: perhaps later
                near.close()
                continue
            self._pairs.append((near, far))
            threading.Thread(target=carry, args=(near, far, self._flows), daemon=True).start()


def carry(near: socket.socket, far: socket.socket, flows: threading.Event) -> None:
    """Carry bytes both ways until one end closes; only while it *flows*."""
    with selectors.DefaultSelector() as ready, near, far:
        ready.register(near, selectors.EVENT_READ, far)
        ready.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in ready.select():
                flows.wait()
                try:
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]  # a socket
                    if not data:
                        return
                    key.data.sendall(data)
                except OSError:
                    return
