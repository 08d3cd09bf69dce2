"""Every store, so that one suite holds for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.rows import PARTITIONS

from taskbahn_router.stores.contract import Batch
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from taskbahn_router.stores.contract import Store
    from taskbahn_router.stores.sqlite.reader import SqliteReader

MAKERS: dict[str, Callable[[Path], Store]] = {"memory": lambda _: MemoryStore(), "sqlite": SqliteStore}


@pytest.fixture(autouse=True)
def readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the readers that a test asks for; Python 3.13 complains of a connection that nobody closed."""
    opened: list[SqliteReader] = []
    reader = SqliteStore.reader

    def kept(store: SqliteStore) -> SqliteReader:
        opened.append(reader(store))
        return opened[-1]

    monkeypatch.setattr(SqliteStore, "reader", kept)
    yield
    for one in opened:
        one.close()


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An open store that knows the three lines."""
    made = MAKERS[request.param](tmp_path / "data")
    made.open()
    made.commit(Batch(partitions=PARTITIONS))
    yield made
    made.close()
