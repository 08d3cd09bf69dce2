"""Modules that are deferred while a process starts: not run by an import, and true for their users, and for later imports."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from support.recording_modules import Ran, recording_modules

from taskbahn.fast_start.lazy_modules import Deferral, DeferredModule, defer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# each file says in RAN that its code has run
FILES = {
    "attic/__init__.py": "from attic.trunk import Trunk, Stuck; size = 3",
    "attic/trunk.py": "class Stuck(Exception): pass\nclass Trunk:\n    lid = 'shut'\n    def open(self): raise Stuck",
    "attic/lamp.py": "import attic; light = attic.size * 10",
    # another module, which imports all that, and uses some
    "house.py": """
import attic, attic.trunk
from attic.trunk import Trunk, Stuck
def lift(heavy=None):
    try:
        (heavy or Trunk().open)()
    except Stuck:
        return 'stuck'
    except ZeroDivisionError:
        return 'another'
""",
}
TABLE = {"attic": (), "attic.trunk": ("Trunk", "Stuck")}


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ran]:
    """The list of those modules whose code has run."""
    with recording_modules(tmp_path, monkeypatch, FILES) as ran:
        yield ran
        for finder in [each for each in sys.meta_path if isinstance(each, Deferral)]:
            finder.end()


def started() -> Any:
    """A module that was imported while the others were deferred."""
    start = defer(TABLE)
    house = import_module("house")
    start.end()
    return house


def test_an_import_runs_nothing_and_leaves_nothing_for_those_who_come_later(ran: Ran) -> None:
    house = started()
    assert ran == ["house"]
    assert type(house.attic) is DeferredModule
    assert "attic.trunk.Trunk" in repr(house.Trunk)
    assert not [name for name in sys.modules if name.split(".")[0] == "attic"]

    names: dict[str, Any] = {}
    exec("import attic.trunk, attic.lamp\nfrom attic import trunk", names)  # noqa: S102 - imports are what is tested
    assert ran == ["house", "attic", "attic.trunk", "attic.lamp"]
    for module in (names["attic"], names["trunk"]):
        assert type(module) is type(sys)
        assert module is sys.modules[module.__name__]
    assert house.attic.size == 3
    assert house.Trunk.lid == "shut"


def test_the_first_use_imports_the_true_module_for_all_stand_ins(ran: Ran) -> None:
    house = started()
    assert house.attic.size == 3
    assert ran == ["house", "attic", "attic.trunk"]
    assert isinstance(sys.modules["attic.trunk"].Trunk(), house.Trunk)
    assert house.Trunk is sys.modules["attic"].Trunk
    assert "Stuck" in repr(house.Stuck)
    assert issubclass(house.Stuck, Exception)


def test_except_catches_the_true_class_once_it_can_be_raised(ran: Ran) -> None:
    assert started().lift() == "stuck"
    assert ran == ["house", "attic", "attic.trunk"]


def test_what_is_set_in_a_deferred_module_reaches_the_true_one(ran: Ran) -> None:
    house = started()
    house.attic.size = 5
    assert sys.modules["attic"].size == 5
    assert ran == ["house", "attic", "attic.trunk"]


@pytest.mark.parametrize(
    "code", ["import attic; attic.size", "from attic import size", "import attic.lamp", "import attic; attic.size = 3"]
)
def test_a_use_while_the_process_starts_runs_what_is_used(ran: Ran, code: str) -> None:
    """With a version of a library that does so nothing is gained, and nothing is wrong."""
    start = defer(TABLE)
    names: dict[str, Any] = {}
    exec(f"import house\n{code}", names)  # noqa: S102
    assert [name for name in ran if name != "attic.lamp"] == ["house", "attic"]
    start.end()
    assert [name for name in ran if name != "attic.lamp"] == ["house", "attic", "attic.trunk"]
    assert not [name for name in TABLE if isinstance(sys.modules[name], DeferredModule)]
    assert names["house"].attic.size == 3
    assert names["house"].lift() == "stuck"
    assert issubclass(sys.modules["attic"].Stuck, Exception)
    assert sys.modules["attic.trunk"] is sys.modules["attic"].trunk
    assert import_module("attic.lamp").light == 30
    assert ran.count("attic.lamp") == 1


def test_what_is_there_already_or_is_not_installed_stays_as_it_is(ran: Ran) -> None:
    attic = import_module("attic")
    start = defer({**TABLE, "missing_attic": ()})
    assert import_module("house").attic is attic
    with pytest.raises(ModuleNotFoundError, match="missing_attic"):
        import_module("missing_attic")
    start.end()
    start.end()
    assert sys.modules["attic"] is attic
    with pytest.raises(AttributeError, match="nothing_there"):
        _ = attic.nothing_there
