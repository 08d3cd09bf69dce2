"""Modules that others import and we hardly ever use: in a process of our own something light stands in for them.

Between `begin` and `end`, while this process imports what it needs, each module of a table is found as a `StandIn`: a module that
imports the true one when it is asked for anything. A name that others take from it by `from module import name`, the table has
those, is a `Name`, which does the same when it is used. `end` takes all of them out of `sys.modules`: whoever imports such a
module after that, above all the code of our users, gets the true one, as ever; only what was imported before holds stand-ins.
The first use of one is an `end` as well. So with a version of a library that uses one at once nothing is gained, and that is all.

Unlike `taskbahn.fast_start.lazy_modules` it leaves no module behind whose code runs later, which two threads of a user's could meet
halfway. A module that its own package imports does not belong in the table, unless the package stands there too.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from taskbahn.fast_start.late_names import ASKED_BY_IMPORTS, LateName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class StandIn(ModuleType):
    """Stands in for a module until it is asked for something."""

    def __getattr__(self, name: str) -> Any:
        if name in ASKED_BY_IMPORTS:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)
        if name in _finder.names_of(self):
            return Name(self.__name__, name)
        return getattr(true_module(self.__name__), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__") or isinstance(value, ModuleType):  # by the import of it, or of what lies beneath it
            ModuleType.__setattr__(self, name, value)
        else:
            setattr(true_module(self.__name__), name, value)


class Name(LateName):
    """Stands in for a name of such a module."""

    def _truth(self) -> Any:
        value = getattr(true_module(self._module_name), self._name)
        put_true_names()
        return value

    def give_way(self, holder: ModuleType, key: str) -> None:
        """Put the true thing in its place in *holder*, if it is there already."""
        module = sys.modules.get(self._module_name)
        if module is not None:
            setattr(holder, key, getattr(module, self._name, self))


class Finder:
    """Finds stand-ins for the modules of a table, before everybody else, from `begin` to `end`."""

    def __init__(self) -> None:
        self.table: Mapping[str, Sequence[str]] = {}

    def names_of(self, module: ModuleType) -> Sequence[str]:
        """Return the names that are stood in for, as long as this module is."""
        return self.table.get(module.__name__, ())

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the true module's spec, with a loader that runs nothing."""
        if name in self.table:
            spec = PathFinder.find_spec(name, path, target)
            if spec is not None:  # or it is not installed
                spec.loader = cast("Any", Loader(StandIn(name)))
            return spec
        parent = name.rpartition(".")[0]
        if not isinstance(sys.modules.get(parent), StandIn):
            return None
        true_module(parent)
        known = sys.modules.get(name)  # its package has imported it: the import must end with that, and make no second one
        return None if known is None else ModuleSpec(name, cast("Any", Loader(known, known.__spec__)))


class Loader:
    """Ends an import with a module that there is already."""

    def __init__(self, module: ModuleType, spec: ModuleSpec | None = None) -> None:
        self._module = module
        self._spec = spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return it."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing."""
        if self._spec is not None:
            module.__spec__ = self._spec


_finder = Finder()


def begin(table: Mapping[str, Sequence[str]]) -> None:
    """Have the modules of *table* stood in for, from now on: module → the names that are taken from it by `from module import name`.

    Only in a process of our own, and while it has one thread.
    """
    _finder.table = {name: names for name, names in table.items() if name not in sys.modules}
    sys.meta_path.insert(0, cast("Any", _finder))  # a class of `importlib.abc` would bring half of the standard library


def end() -> None:
    """Let everybody import the true modules from now on; safe without `begin`, and twice."""
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(cast("Any", _finder))
    for name in _finder.table:
        module = sys.modules.get(name)
        if isinstance(module, StandIn):
            del sys.modules[name]
            package, _, child = name.rpartition(".")
            if vars(sys.modules.get(package, module)).get(child) is module:
                delattr(sys.modules[package], child)
    _finder.table = {}


def true_module(name: str) -> ModuleType:
    """Return the module itself."""
    end()
    return import_module(name)


def put_true_names() -> None:
    """Put the true things in the place of all names whose modules have been imported by now: `except` needs them."""
    for holder in list(sys.modules.values()):
        for key, value in list(getattr(holder, "__dict__", {}).items()):
            if type(value) is Name:
                value.give_way(holder, key)
