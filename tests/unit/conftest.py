"""Fixtures of the unit tests."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING

import pytest
from support.dispatching import FakeWorker, Hall
from support.stage import play

from taskbahn.worker.loading import load_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULES = itertools.count(1)


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


@pytest.fixture(params=["loop", "thread", "process"])
def pool(request: pytest.FixtureRequest) -> str:
    """The pool in which the tasks of a module run, each in turn."""
    return str(request.param)


@pytest.fixture
def scene(pool: str, make_module: Callable[[str], str], request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that plays a scene with the tasks of the test module's `source(pool)` in one pool."""
    target = f"{make_module(request.module.source(pool))}:app"
    app = load_app(target)
    return lambda action, slots=2: play(app, action, slots=slots, target=target)


@pytest.fixture
def hall() -> Hall:
    """A dispatcher with all around it, on a clock of its own."""
    return Hall()


@pytest.fixture
def worker(hall: Hall) -> FakeWorker:
    """A worker that is attached to it."""
    return hall.worker()
