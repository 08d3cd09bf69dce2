"""Fixtures of the tests that start processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=["loop", "thread", "process"])
def pool(request: pytest.FixtureRequest) -> str:
    """The pool in which the tasks of a module run, each in turn."""
    return str(request.param)


@pytest.fixture
def scenario(pool: str, make_module: Callable[[str], str], request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that plays a scene with the tasks of the test module's `source(pool)` in one pool."""
    target = f"{make_module(request.module.source(pool))}:app"
    app = load_app(target)
    return lambda action, slots=2: run_worker(app, action, slots=slots, target=target)
