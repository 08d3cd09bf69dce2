"""A node whose port speaks TLS."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks.ports import free_port

from support.programs import Program, running
from support.tls import make_certificate, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SecureNode(Program):
    """A node with a certificate for `localhost`, whose files may be replaced."""

    def __init__(self, folder: Path, *more: str, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.first = make_certificate(folder, "first")
        split(self.first, self.certificate, self.key)
        self.websocket, self.rawsocket = f"wss://localhost:{self.port}/ws", f"rss://localhost:{self.port}"
        super().__init__(
            "up", "--port", str(self.port), "--data", str(folder / "data"), "--loglevel", "info",
            "--tls-cert", str(self.certificate), "--tls-key", str(self.key), *more, cwd=folder, **environment,
        )  # fmt: skip


@contextlib.contextmanager
def running_secure_node(folder: Path, *more: str, **environment: str) -> Iterator[SecureNode]:
    """Run one with its data in *folder*, until the block ends."""
    node = SecureNode(folder, *more, **environment)
    with running(node, "Taskbahn is ready"):
        yield node
