"""A node on a Unix socket in place of a port: only processes that may open the socket's file reach it."""

from __future__ import annotations

import socket
import stat
import time
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption
from taskbahn.transport.address import parse_address
from taskbahn_router.node.failure import NodeFailed

if TYPE_CHECKING:
    from pathlib import Path

MODE = "660"  # the owner and the group of the node's process
POLL_SECONDS = 0.03
PROBE_SECONDS = 1.0
SIGNS = "\\:="  # what Twisted's endpoint strings give a meaning to


def escaped(text: str) -> str:
    """Return a text as a value in one of Twisted's strings for endpoints."""
    return "".join(f"\\{sign}" if sign in SIGNS else sign for sign in text)


def endpoint(path: Path, mode: str = MODE) -> dict[str, Any]:
    """Return Crossbar's endpoint for a socket.

    It is one of Twisted's own, for Crossbar's `unix` has no mode and lets every user in. Twisted's lock is not used: it is the id of a
    process, which in a container belongs to another process after a restart. `check` does what it is for.
    """
    return {"type": "twisted", "server_string": f"unix:{escaped(str(path))}:mode={mode}:lockfile=0"}


def check(path: Path, patience: float = 0.0) -> None:
    """Raise `NodeFailed` when the socket cannot be had, also after *patience* seconds; remove what a killed node left."""
    try:
        parse_address(f"unix://{path}", "--socket")
    except InvalidOption as error:
        raise NodeFailed(error.message) from None
    if not path.parent.is_dir():
        raise NodeFailed(f"--socket {path}: there is no directory {path.parent}; make it, for the users who may reach the node")
    until = time.monotonic() + patience
    while _is_taken(path):
        if time.monotonic() > until:
            raise NodeFailed(f"a program listens on {path} already: stop it, or choose another path with --socket")
        time.sleep(POLL_SECONDS)
    path.unlink(missing_ok=True)


def connection(path: Path, seconds: float) -> socket.socket:
    """Connect to a socket; raises OSError."""
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(seconds)
        made.connect(str(path))
    except OSError:
        made.close()
        raise
    return made


def _is_taken(path: Path) -> bool:
    """Return whether a program listens on a socket; raises NodeFailed if the file is none."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise NodeFailed(f"--socket {path}: this file is no socket; choose another path")
        connection(path, PROBE_SECONDS).close()
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True
