"""Many lives of the driver in `promise_model`, each over an emptied store."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from support.promise_model import BUDGETS, Run
from support.promise_tables import empty_tables
from support.rows import PARTITIONS
from support.storing import QuickStore
from taskbahn_router.promises import choose, elder, overlay
from taskbahn_router.stores.contract import CommitBatch
from taskbahn_router.stores.memory import MemoryStore
from taskbahn_router.stores.sqlite.start import start_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from taskbahn_router.stores.contract import StartState, Store


PAGES = {
    (choose, "AHEAD_LANES"): 3,
    (choose, "FEW_LANES"): 2,
    (choose, "FEW_HEADS"): 1,
    (choose, "MANY_HEADS"): 2,
    (overlay, "PAGE_LANES"): 2,
}


class Kind(Protocol):
    """Makes a store of one kind, and what a new process would have in its place."""

    def make(self, folder: Path) -> Store:
        """Return a new store."""

    def replaced(self, store: Store) -> tuple[Store, StartState]:
        """Return a store that knows nothing but the data, and what a dispatcher finds when it starts."""


class Memory:
    def make(self, folder: Path) -> Store:
        return MemoryStore()

    def replaced(self, store: Store) -> tuple[Store, StartState]:
        store.close()
        return store, store.open()


class Sqlite:
    def make(self, folder: Path) -> Store:
        return QuickStore(folder)

    def replaced(self, store: Store) -> tuple[Store, StartState]:
        """Take over the connection: to open the files once more is not the question, and takes 0.1 s."""
        assert isinstance(store, QuickStore)
        new = QuickStore(store.path.parent)
        new._connection, new._lock = store._connection, store._lock
        assert new._connection is not None
        return new, start_state(new._connection)


SOON = {(elder, "ELDER_US"): 300_000}


@contextmanager
def replaced(values: Mapping[tuple[ModuleType, str], int]) -> Iterator[None]:
    """Let the engine read few rows at a time, so that it reads on in small lives too, and have elders soon."""
    before = [(module, name, getattr(module, name)) for module, name in values]
    for (module, name), value in values.items():
        setattr(module, name, value)
    yield
    for module, name, value in before:
        setattr(module, name, value)


STORES: dict[str, Kind] = {"memory": Memory(), "sqlite": Sqlite()}


def live(kind: Kind, folder: Path, seeds: Iterable[int], *, steps: int) -> int:
    """Make a life of each seed, with each budget in turn; return how many jobs were started.  Raises AssertionError."""
    return sum(run.starts for run in lives(kind, folder, seeds, steps=steps))


def lives(kind: Kind, folder: Path, seeds: Iterable[int], *, steps: int) -> Iterator[Run]:
    """Make a life of each seed, and yield it when it is over."""
    store = kind.make(folder)
    store.open()
    for seed in seeds:
        empty_tables(store)
        store.commit(CommitBatch(partitions=PARTITIONS))
        run = Run(seed, store, budget=BUDGETS[seed % len(BUDGETS)], replaced=kind.replaced, steps=steps)
        try:
            with replaced(SOON | PAGES if seed // len(BUDGETS) % 2 else SOON):
                run.go()
        except Exception as error:
            error.add_note(f"in the life of seed {seed}")
            raise
        store = run.store
        yield run
    store.close()
