"""The suite holds every store that the router has."""

from pathlib import Path

from support.stores import DURABLE, KINDS

from taskbahn_router import stores


def test_every_store_of_the_router_passes_the_suite() -> None:
    (folder,) = stores.__path__
    assert {path.parent.name for path in Path(folder).glob("*/store.py")} == set(KINDS)


def test_every_store_but_that_in_memory_outlasts_a_crash() -> None:
    assert set(KINDS) - set(DURABLE) == {"memory"}
