"""Fixtures of the unit tests."""

from __future__ import annotations

import pytest
from support.dispatching import FakeWorker, Hall


@pytest.fixture
def hall() -> Hall:
    """A dispatcher with all around it, on a clock of its own."""
    return Hall()


@pytest.fixture
def worker(hall: Hall) -> FakeWorker:
    """A worker that is attached to it."""
    return hall.worker()
