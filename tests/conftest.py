"""Fixtures that several folders of tests share."""

from __future__ import annotations

import itertools
import os
import signal
import textwrap
from typing import TYPE_CHECKING

import pytest
import txaio
from hypothesis import HealthCheck, Phase, settings
from support import programs
from support.evidence import Evidence
from support.programs import Node, running_node
from support.releases import Release, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODULES = itertools.count(1)

# How long an example takes says how busy the machine is, and each run of a commit is to judge it by the same examples;
# `--hypothesis-profile=default` looks for others.
# No explanation of failures: it traces, and CPython 3.11 loops for ever in a traced call while an exception is pending for a thread that
# is blocked in C, as tests of workers leave some.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink]
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], phases=PHASES)
settings.load_profile("steady")

# Each process of Taskbahn selects Twisted by its first imports; a file of tests that runs alone may lack those imports.
txaio.use_twisted()


def pytest_configure(config: pytest.Config) -> None:
    """Take SIGINT as in a terminal: what a shell runs in the background ignores it, and so would all that the tests start."""
    config.pluginmanager.register(Evidence(config), "evidence")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("COLUMNS", None)  # pytest-xdist sets it for its processes; what the tests start has no terminal


def pytest_sessionfinish() -> None:
    """End what a fixture that failed half-way has left behind."""
    for program in list(programs.LEFT):
        program.close()


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One real node for all tests that leave it as they found it."""
    with running_node(tmp_path_factory.mktemp("node")) as node:
        yield node


@pytest.fixture(scope="session")
def old_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Release 0.1.0, unpacked."""
    return unpack("0.1.0", tmp_path_factory.mktemp("release"))


@pytest.fixture
def make_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return a function that writes a module which this process and its children can import; it returns the module's name."""

    def make(source: str) -> str:
        name = f"worker_app_{next(MODULES)}"
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return name

    return make
