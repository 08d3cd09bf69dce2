"""Random lives of jobs that wait without an attempt: what must wake wakes, and nothing else (`support.suspension_model`)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from support.promise_runs import STORES
from support.promise_tables import empty_tables
from support.suspension_model import SuspensionLife

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = {"memory": range(400), "sqlite": range(400, 520)}


@pytest.mark.parametrize("name", STORES)
def test_what_must_wake_wakes_and_nothing_else(name: str, tmp_path: Path) -> None:
    kind = STORES[name]
    store = kind.make(tmp_path)
    store.open()
    for seed in SEEDS[name]:
        empty_tables(store)
        pick = random.Random(seed)
        life = SuspensionLife(pick, kind, store, pick.randint(2, 8))
        try:
            life.live(pick.randint(10, 80))
        except Exception as error:
            error.add_note(f"in the life of seed {seed}")
            raise
        store = life.store
    store.close()
