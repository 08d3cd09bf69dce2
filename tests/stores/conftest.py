"""Every store of `support.stores.KINDS`, so that one suite holds for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.stores import DURABLE, KINDS, StoreKind, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from taskbahn_router.stores.contract import Reader, Store


@pytest.fixture(autouse=True)
def readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the readers that a test asks for; Python 3.13 complains of a connection that is left open."""
    opened: list[Reader] = []

    def keep(store_type: type[Any]) -> None:
        reader = store_type.reader

        def kept(store: Store) -> Reader:
            opened.append(reader(store))
            return opened[-1]

        monkeypatch.setattr(store_type, "reader", kept)

    for kind in KINDS.values():
        keep(kind.type)
    yield
    for one in opened:
        one.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> StoreKind:
    """Each kind of store in turn."""
    return KINDS[request.param]


@pytest.fixture(params=DURABLE)
def durable(request: pytest.FixtureRequest) -> StoreKind:
    """Each kind of store whose data outlast a crash."""
    return DURABLE[request.param]


@pytest.fixture
def store(kind: StoreKind, tmp_path: Path) -> Iterator[Store]:
    """An open store that knows the three partitions."""
    with opened(kind, tmp_path / "data") as made:
        yield made
