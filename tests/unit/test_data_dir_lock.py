"""The right to run a node on a directory: refused at once by a node that stays, waited for when one is ending."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from taskbahn_router.host.file_lock import Held, Lock, holder_of
from taskbahn_router.node import data_dir_lock
from taskbahn_router.node.data_dir_lock import DataDirLock, DataDirTaken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Meanwhile:
    """Stands for `time` in the module: what happens while it waits is up to the test, and the clock goes by what is waited."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.now = 0.0
        self._happens = happens

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._happens()


def test_a_node_that_stays_is_not_waited_for_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = DataDirLock(tmp_path), DataDirLock(tmp_path)
    assert not first.take()
    assert not first.take()  # safe twice
    time = Meanwhile(lambda: None)
    monkeypatch.setattr(data_dir_lock, "time", time)
    with pytest.raises(DataDirTaken) as caught:
        second.take()
    assert (caught.value.pid, time.now) == (os.getpid(), 0.0)
    first.release()
    first.release()
    assert not second.take()
    second.release()


def test_a_node_that_is_ending_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = DataDirLock(tmp_path), DataDirLock(tmp_path)
    first.take()
    (tmp_path / "node.pid").write_text("left by a SIGKILL")
    left = os.dup(first.descriptor)  # as Crossbar's controller has it
    first.release()  # as by the end of `taskbahn up`
    time = Meanwhile(lambda: os.close(left) if time.now > 1.0 else None)
    monkeypatch.setattr(data_dir_lock, "time", time)
    assert second.take()  # it says that the node before was killed
    assert time.now > 1.0
    second.release()


def test_a_node_that_does_not_end_when_asked_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = DataDirLock(tmp_path), DataDirLock(tmp_path)
    first.take()
    first.make_way()
    time = Meanwhile(lambda: None)
    monkeypatch.setattr(data_dir_lock, "time", time)
    with pytest.raises(DataDirTaken, match="by a node that is ending") as caught:
        second.take()
    assert caught.value.pid == 0
    assert time.now >= data_dir_lock.ENDING_SECONDS
    first.release()


def test_a_lock_says_who_holds_it_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = Lock(path)
    assert holder_of(path) is None
    lock.take()
    assert holder_of(path) == (os.getpid(), os.getppid())
    with pytest.raises(Held, match=f"held by process {os.getpid()}"):
        Lock(path).take()
    path.write_text("gar bage")
    assert holder_of(path) == (0, 0)
    lock.release()
    assert holder_of(path) is None
