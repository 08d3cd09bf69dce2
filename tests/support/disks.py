"""Real disks that a test may fill, make read-only and break. Only root may mount them; for other users the test is skipped."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICE_BYTES = 64 << 20
PATIENCE = 20.0  # for a disk that is still in use by a process that has just ended


def run(*arguments: str | Path) -> str:
    """Run a command; return its output. OSError has what it wrote about its failure."""
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout.strip()


def only_root_on_linux() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("disks are mounted, which only root may do, in the way of Linux")


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a disk of *size* bytes, in memory."""
    only_root_on_linux()
    folder.mkdir()
    try:
        run("mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    try:
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """Unmount the disk, as soon as no process uses it any more."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            run("umount", folder)
        except OSError:
            if time.monotonic() > until:
                run("umount", "--lazy", folder)
                raise
            time.sleep(0.1)
        else:
            return


class BreakableDisk:
    """An ext4 file system in a file, which makes itself read-only when the kernel finds an error in it."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder = folder
        self._image = image
        with image.open("wb") as file:
            file.truncate(DEVICE_BYTES)
        run("mkfs.ext4", "-q", "-F", image)
        self._device = run("losetup", "--find", "--show", image)
        self._trigger = Path("/sys/fs/ext4") / Path(self._device).name / "trigger_fs_error"

    def mount(self) -> None:
        run("mount", "-o", "errors=remount-ro", self._device, self.folder)
        if not os.access(self._trigger, os.W_OK):
            raise OSError(f"{self._trigger} is not there or cannot be written")

    def find_an_error(self) -> None:
        """Have the kernel find an error: from now on all writes fail, also those to open files."""
        self._trigger.write_text("a test")

    def repair(self) -> None:
        """Do what an operator does: unmount it, check it, mount it again."""
        unmount(self.folder)
        with contextlib.suppress(OSError):  # its code says that there was something to repair
            run("e2fsck", "-p", self._device)
        self.mount()

    def detach(self) -> None:
        with contextlib.suppress(OSError):
            unmount(self.folder)
        run("losetup", "--detach", self._device)
        self._image.unlink()


@contextlib.contextmanager
def breakable_disk(folder: Path) -> Iterator[BreakableDisk]:
    """Mount an ext4 file system that can be broken and repaired."""
    only_root_on_linux()
    folder.mkdir()
    try:
        disk = BreakableDisk(folder, folder.with_suffix(".image"))
    except OSError as error:
        pytest.skip(f"no ext4 file system can be made here: {error}")
    try:
        try:
            disk.mount()
        except OSError as error:
            pytest.skip(f"no ext4 file system can be mounted here: {error}")
        yield disk
    finally:
        disk.detach()


@contextlib.contextmanager
def unwritable(*files: Path) -> Iterator[None]:
    """Have every write to these files refused, also by who has them open: they are made immutable."""
    for file in files:
        run("chattr", "+i", file)
    try:
        yield
    finally:
        for file in files:
            run("chattr", "-i", file)
