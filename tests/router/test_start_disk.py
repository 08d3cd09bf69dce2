"""A start on a disk that is full or read-only ends with one line that says what to do; one on a disk with just enough room works."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import pytest_twisted
from support.disks import run, small_disk
from support.plain import patiently, session_to
from support.programs import Node
from twisted.internet.threads import deferToThread

from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id
from taskbahn_router.host.disk import ROOM_BYTES
from taskbahn_router.node import launcher as node_of_ours
from taskbahn_router.node.failure import NodeFailed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
PAGE = 4096
FOR_THE_NODE = 8 * PAGE  # its configuration, keys and locks


def start(folder: Path) -> str:
    """Start a node that cannot start; return its one line."""
    node = Node(folder)
    try:
        assert node.wait() == 1
    finally:
        node.close()
    assert len(node.lines) == 1, node.output
    assert not (node.data / "node" / "key.priv").exists(), "it has started Crossbar"
    return node.lines[0]


def leave(folder: Path, size: int) -> None:
    """Fill the disk until *size* bytes are left."""
    filling = folder / "filling"
    filling.unlink(missing_ok=True)
    disk = os.statvfs(folder)
    with filling.open("wb") as file:
        file.write(bytes(disk.f_bavail * disk.f_frsize - size))


@pytest_twisted.ensureDeferred
async def test_a_start_without_a_usable_disk_ends_with_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4 << 20) as disk:
        for size in (
            0,
            PAGE,
            4 * PAGE,
            ROOM_BYTES // 2,
        ):  # there is room for no file, for one, for some, for all but the database
            leave(disk, size)
            line = await deferToThread(start, disk)
            assert line.startswith(f"taskbahn: the disk of {disk / 'data'} is full (No space left on device; ")
            assert "a start needs 1024 KiB; make room there, or give a directory on another disk with --data" in line
        run("mount", "-o", "remount,ro", disk)
        line = await deferToThread(start, disk)
        assert line.startswith(
            f"taskbahn: the disk of {disk / 'data'} is read-only (Read-only file system): mount it for writing"
        )
        run("mount", "-o", "remount,rw", disk)
        leave(disk, ROOM_BYTES + FOR_THE_NODE)
        node = Node(disk)
        try:
            await deferToThread(node.wait_for, "Taskbahn is ready")
            job = str(new_id())
            async with session_to(node.rawsocket) as session:
                await patiently(session.register(lambda: None, messages.OFFER_PREFIX + "room.task"))
                assert await patiently(session.call(messages.SUBMIT, [{"task": "room.task", "id": job}])) == [job]
            assert await deferToThread(node.end) == 0
        finally:
            node.close()
        leave(disk, PAGE)
        late = node_of_ours.Node(node_of_ours.Wanted(node.port, "127.0.0.1", disk / "data"))
        with pytest.raises(NodeFailed, match=r"the disk of .* is full"):
            late.wait_ready()  # whose processes ended and left no word, as on a disk that fills up while they start
