"""The kinds of stores that the suite of tests/stores holds to the contract: a new store is one more entry of `KINDS`."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from support.rows import PARTITIONS
from support.storing import QuickStore
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.stores.sqlite import SqliteStore, listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from taskbahn_router.stores.contract import Store


class StoreKind(NamedTuple):
    """How the suite gets stores of one kind; each path is of a folder that the store has for itself."""

    name: str  # that of the package in taskbahn_router/stores
    type: type[Any]
    make: Callable[[Path], Store]  # a store that is not open yet; `close` and `open` again are a restart
    make_quick: Callable[[Path], Store]  # the same without what makes it durable, for thousands of commits
    crash: Callable[[Store, Path], Store] | None = None  # what a new process finds after a kill; None: nothing
    listing: ModuleType | None = None  # that of the constants which bound one look of a list


def crash_sqlite(store: Store, folder: Path) -> Store:
    """Return a store over the files as a killed process leaves them; the first store still has to be closed."""
    shutil.copytree(cast("SqliteStore", store).path.parent, folder, ignore=shutil.ignore_patterns("*-shm"))
    return SqliteStore(folder)


KINDS = {
    kind.name: kind
    for kind in (
        StoreKind("memory", MemoryStore, lambda _: MemoryStore(), lambda _: MemoryStore()),
        StoreKind("sqlite", SqliteStore, SqliteStore, QuickStore, crash_sqlite, listing),
    )
}
DURABLE = {name: kind for name, kind in KINDS.items() if kind.crash is not None}


@contextmanager
def opened(kind: StoreKind, folder: Path) -> Iterator[Store]:
    """Open a store that knows the three partitions, and close it at the end."""
    made = kind.make(folder)
    made.open()
    made.commit(CommitBatch(partitions=PARTITIONS))
    yield made
    made.close()
