"""Modules whose code runs at their first use, instead of at their import: for what a library imports and Taskbahn never uses.

`defer` takes a table: the modules, and for each the names that others take from it by `from module import name`. A `Name` takes
the place of such a name until code calls it, asks for an attribute, or uses it in `isinstance` or as a base class. Whatever else is taken from a
module runs its code, in the same module object, and so does the import of a module beneath it. So a user never gets less than
the true thing, only later. A name that is compared by identity must not be in the table.

A node defers for as long as it lives. A process that is to run its user's code says `end` before that: what has not run is then taken
out of `sys.modules`. The user's imports get true modules, as ever; a module that holds a deferred one gets the true one at its first use.

Unlike `importlib.util.LazyLoader` it lets `from module import name` and `import package.module` pass without running the code of
the module, or, for the packages called *hollow*, of the package. Only the standard library, and little of it: it runs before all else.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from taskbahn.fast_start.late_names import ASKED_BY_IMPORTS, LateName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_running = threading.RLock()  # one module at a time, for the code of one may run that of another


class Name(LateName):
    """Stands in for a name of a module whose code has not run."""

    def __init__(self, module: DeferredModule, name: str) -> None:
        super().__init__(module.__name__, name)
        self._module = module

    def _truth(self) -> Any:
        if "_value" not in vars(self):
            module = true_module(self._module)
            put_true_names()  # takes some ms, so it runs once
            self._value = getattr(module, self._name)
        return self._value

    def give_way(self, holder: ModuleType, key: str) -> None:
        """Put the true thing in its place in *holder*, if it is there already."""
        module = sys.modules.get(self._module_name)
        if module is not None and type(module) is not DeferredModule:
            setattr(holder, key, vars(module).get(self._name, self))


class DeferredModule(ModuleType):
    """A module that was imported, and whose code has not run; once it has, this is an ordinary module."""

    def __getattr__(self, name: str) -> Any:
        loader = self.__dict__.get("__loader__")
        if name in ASKED_BY_IMPORTS or not isinstance(loader, _Later):
            raise _missing(self, name)
        if loader.is_detached:
            return getattr(true_module(self), name)
        with _running:  # another thread waits here while one runs the code
            if vars(self)["__loader__"] is not loader:
                return getattr(self, name)
            if loader.runs:  # the module's own code, or what that imports, asks for a name that is not set yet
                raise _missing(self, name)
        if name in loader.names:
            return Name(self, name)
        if loader.is_hollow and not name.startswith("__") and PathFinder.find_spec(f"{self.__name__}.{name}", self.__path__):
            return import_module(f"{self.__name__}.{name}")
        return getattr(true_module(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__") or isinstance(value, ModuleType):  # the import of this module, or of one beneath it, sets these
            ModuleType.__setattr__(self, name, value)
        else:
            ModuleType.__setattr__(true_module(self), name, value)


def _missing(module: ModuleType, name: str) -> AttributeError:
    return AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)


def true_module(module: ModuleType) -> ModuleType:
    """Return a module whose code has run: this one, or the one that others import since this one was taken away."""
    loader = module.__loader__
    if isinstance(loader, _Later) and loader.is_detached:
        return import_module(module.__name__)
    run_code(module)
    return module


def run_code(module: ModuleType) -> None:
    """Run the code of a deferred module, and before it what its loader says; nothing if that has been done."""
    with _running:
        loader = vars(module)["__loader__"]
        if not isinstance(loader, _Later) or loader.runs:
            return
        parent = module.__name__.rpartition(".")[0]
        for name in (*loader.after, *([parent] if parent else [])):
            before = sys.modules.get(name)
            if isinstance(before, DeferredModule) and not (name == parent and is_hollow(before)):
                run_code(before)
        if vars(module)["__loader__"] is loader and not loader.runs:  # the modules before may have used this one
            loader.run(module)


def is_hollow(module: ModuleType) -> bool:
    """Tell whether what lies beneath the module is imported without it."""
    return isinstance(module.__loader__, _Later) and module.__loader__.is_hollow


def put_true_names() -> None:
    """Put the true things in the place of all names whose modules have run by now: `except` needs them."""
    for holder in list(sys.modules.values()):
        for key, value in list(getattr(holder, "__dict__", {}).items()):
            if type(value) is Name:
                value.give_way(holder, key)


class _Later:
    """Takes the place of a module's loader until its code runs."""

    def __init__(self, loader: Any, names: Sequence[str], after: Sequence[str], *, is_hollow: bool) -> None:
        self.names = names
        self.after = after
        self.is_hollow = is_hollow
        self.is_detached = False
        self.runs = False
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return DeferredModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the code runs at the first use."""

    def __getattr__(self, name: str) -> Any:
        """Be the true loader for those who look for a package's files."""
        return getattr(self.__dict__["_loader"], name)

    def run(self, module: ModuleType) -> None:
        """Run the code; if it fails, the next use tries again."""
        self.runs = True
        try:
            self._loader.exec_module(module)
        finally:
            self.runs = False
        module.__class__ = ModuleType
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader


class _Again:
    """Ends the import of a module which its package has imported meanwhile."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class Deferral:
    """Finds the modules of a table, before all other finders."""

    def __init__(self, table: Mapping[str, Sequence[str]], hollow: Sequence[str], after: Mapping[str, Sequence[str]]) -> None:
        self._table = table
        self._hollow = hollow
        self._after = after

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in self._table:
            spec = PathFinder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:  # without a spec, the import raises ImportError as ever
                later = _Later(spec.loader, self._table[name], self._after.get(name, ()), is_hollow=name in self._hollow)
                spec.loader = cast("Any", later)  # the classes of `importlib.abc` would bring half of the standard library
            return spec
        package = sys.modules.get(name.rpartition(".")[0])
        if not isinstance(package, DeferredModule) or is_hollow(package):
            return None
        run_code(package)
        return self._imported_meanwhile(name)

    def _imported_meanwhile(self, name: str) -> ModuleSpec | None:
        """Return a spec that leads to the module itself: the import would make a second one from the module's own."""
        module = sys.modules.get(name)
        if module is None:
            return None
        module.__spec__ = ModuleSpec(name, cast("Any", _Again(module)))
        return module.__spec__

    def end(self) -> None:
        """Have all import the true modules from now on; safe twice. Only while the process has one thread."""
        if self not in sys.meta_path:
            return
        sys.meta_path.remove(cast("Any", self))
        for name in self._table:
            module = sys.modules.get(name)
            package, _, child = name.rpartition(".")
            above = sys.modules.get(package, module)
            if not isinstance(module, DeferredModule):
                continue
            if package in self._table and type(above) is ModuleType:
                # the package's code has run, and may use the module in any way
                run_code(module)
                continue
            vars(module)["__loader__"].is_detached = True
            del sys.modules[name]
            if vars(above).get(child) is module:
                delattr(above, child)


def defer(
    table: Mapping[str, Sequence[str]], *, hollow: Sequence[str] = (), after: Mapping[str, Sequence[str]] | None = None
) -> Deferral:
    """Defer the modules of *table*: module → the names that are taken from it by `from module import name`.

    hollow: packages whose modules can do without the package's own code.  after: module → those whose code runs before its own.
    What was imported before stays as it is.
    """
    deferral = Deferral(table, hollow, after or {})
    sys.meta_path.insert(0, cast("Any", deferral))
    return deferral
