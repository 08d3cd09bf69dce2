"""A relay between the node and one worker or client: a connection that can be cut."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading

CHUNK = 65536


class Relay:
    """Carries connections to the port *target* of the loopback interface; outlives the node behind it."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._guard = threading.Lock()
        self._is_cut = False
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def cut(self) -> int:
        """Break every connection and refuse new ones; return how many were broken."""
        with self._guard:
            self._is_cut = True
            pairs = list(self._pairs)
            for pair in pairs:
                for end in pair:
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
        return len(pairs)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        """Break everything, for good."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # which wakes the thread in `accept`
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), 5.0)
            except OSError:  # the node is down
                near.close()
                continue
            for end in (near, far):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._carry, args=(near, far), name="relay", daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        """Carry bytes both ways until one end closes."""
        with selectors.DefaultSelector() as ready, near, far:
            with self._guard:
                if self._is_cut:
                    return
                self._pairs.add((near, far))
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            try:
                while True:
                    for key, _ in ready.select():
                        data = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]  # a socket
                        if not data:
                            return
                        key.data.sendall(data)
            except OSError:
                return
            finally:
                with self._guard:
                    self._pairs.discard((near, far))
