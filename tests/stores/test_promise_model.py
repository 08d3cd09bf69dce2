"""Random lives of stores with promises: what must hold holds after each step (`support.promise_model`).

`make model` makes many more of them, and sees that mutations of the engine are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.promise_runs import STORES, live, lives

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = {"memory": range(40), "sqlite": range(40, 52)}


@pytest.mark.parametrize("name", STORES)
def test_limits_hold_and_no_wake_up_is_lost_in_random_lives(name: str, tmp_path: Path) -> None:
    assert live(STORES[name], tmp_path, SEEDS[name], steps=25) > len(SEEDS[name])


def test_both_stores_answer_the_rules_alike(tmp_path: Path) -> None:
    memory, sqlite = (lives(kind, tmp_path / name, range(100, 108), steps=15) for name, kind in STORES.items())
    for ours, theirs in zip(memory, sqlite, strict=True):
        assert ours.results == theirs.results
