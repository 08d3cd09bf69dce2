"""Every store, so that one suite holds for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rows import LINES

from taskbahn_router.stores.contract import Batch
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from taskbahn_router.stores.contract import Store

MAKERS: dict[str, Callable[[Path], Store]] = {"memory": lambda _: MemoryStore(), "sqlite": SqliteStore}


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An open store that knows the three lines."""
    made = MAKERS[request.param](tmp_path / "data")
    made.open()
    made.commit(Batch(lines=LINES))
    yield made
    made.close()
