"""Fixtures of the unit tests."""

from __future__ import annotations

import multiprocessing.process
import os
import subprocess

import pytest
from support.dispatcher_harness import DispatcherHarness, FakeWorker


class StartsAProcess(AssertionError):
    """A unit test starts a process."""

    def __init__(self, how: str) -> None:
        super().__init__(f"a unit test starts a process by {how}: move the test to tests/processes")


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse each way to start a process: a unit test is quick and leaves nothing behind."""

    def refuse(owner: object, name: str, how: str) -> None:
        def refused(*_: object, **__: object) -> None:
            raise StartsAProcess(how)

        monkeypatch.setattr(owner, name, refused)

    refuse(subprocess.Popen, "__init__", "subprocess")
    refuse(multiprocessing.process.BaseProcess, "start", "multiprocessing")
    for function in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
        refuse(os, function, f"os.{function}")


@pytest.fixture
def harness() -> DispatcherHarness:
    """A dispatcher with all around it, on a clock of its own."""
    return DispatcherHarness()


@pytest.fixture
def worker(harness: DispatcherHarness) -> FakeWorker:
    """A worker that is attached to it."""
    return harness.worker()
