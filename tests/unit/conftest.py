"""Fixtures of the unit tests."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING

import pytest
from support.dispatching import FakeWorker, Hall

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


@pytest.fixture
def hall() -> Hall:
    """A dispatcher with all around it, on a clock of its own."""
    return Hall()


@pytest.fixture
def worker(hall: Hall) -> FakeWorker:
    """A worker that is attached to it."""
    return hall.worker()
