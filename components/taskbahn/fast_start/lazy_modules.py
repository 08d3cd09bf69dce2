"""Modules whose code runs at their first use, instead of at their import: for what somebody else imports and we never use.

`defer` takes a table: the modules, and for each the names that others take from it by `from module import name`. Such a name is
stood in for by a `Name` until it is called, asked for an attribute, used in `isinstance` or as a base class; whatever else is taken from
a module runs its code, in the same module object, as do imports of what lies beneath it. So nobody ever gets less than the true thing,
only later. What cannot be stood in for is a name that is compared by identity or caught by `except`: leave such names out.

Unlike `importlib.util.LazyLoader` it lets `from module import name` and `import package.module` pass without running the code of
the module, or, for the packages called *hollow*, of the package. Only the standard library, as it runs before everything else.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

from taskbahn.fast_start.late_names import ASKED_BY_IMPORTS, LateName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_running = threading.RLock()  # one at a time, as the code of one may run that of another


class Name(LateName):
    """Stands for a name of a module whose code has not run."""

    def __init__(self, module: DeferredModule, name: str) -> None:
        super().__init__(module.__name__, name)
        self._module = module

    def _truth(self) -> Any:
        run_code(self._module)
        return vars(self._module)[self._name]


class DeferredModule(ModuleType):
    """A module that was imported, and whose code has not run; once it has, this is an ordinary module."""

    def __getattr__(self, name: str) -> Any:
        loader = self.__dict__.get("__loader__")
        if name in ASKED_BY_IMPORTS or not isinstance(loader, _Later):
            raise _missing(self, name)
        with _running:  # whoever comes while another thread runs the code waits until it has
            if self.__loader__ is not loader:
                return getattr(self, name)
            if loader.runs:  # the code itself, or what it imports, asks for what is not there yet
                raise _missing(self, name)
        if name in loader.names:
            return Name(self, name)
        if loader.is_hollow and not name.startswith("__") and PathFinder.find_spec(f"{self.__name__}.{name}", self.__path__):
            return import_module(f"{self.__name__}.{name}")
        run_code(self)
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("__") and not isinstance(value, ModuleType):  # modules beneath it are put there by their import
            run_code(self)
        ModuleType.__setattr__(self, name, value)  # it may be an ordinary module by now


def _missing(module: ModuleType, name: str) -> AttributeError:
    return AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)


def run_code(module: ModuleType) -> None:
    """Run the code of a deferred module, and before it what its loader says; nothing if that has been done."""
    with _running:
        loader = module.__loader__
        if not isinstance(loader, _Later) or loader.runs:
            return
        parent = module.__name__.rpartition(".")[0]
        for name in (*loader.after, *([parent] if parent else [])):
            before = sys.modules.get(name)
            if isinstance(before, DeferredModule) and not (name == parent and is_hollow(before)):
                run_code(before)
        if module.__loader__ is loader and not loader.runs:  # those may have used this one
            loader.run(module)


def is_hollow(module: ModuleType) -> bool:
    """Tell whether what lies beneath the module is imported without it."""
    return isinstance(module.__loader__, _Later) and module.__loader__.is_hollow


class _Later(Loader):
    """Takes the place of a module's loader until its code runs."""

    def __init__(self, loader: Loader, names: Sequence[str], after: Sequence[str], *, is_hollow: bool) -> None:
        self.names = names
        self.after = after
        self.is_hollow = is_hollow
        self.runs = False
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return DeferredModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it for later."""

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


class _Again(Loader):
    """Ends the import of a module which its package has imported meanwhile."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class Deferral(MetaPathFinder):
    """Finds the modules of a table, before everybody else."""

    def __init__(self, table: Mapping[str, Sequence[str]], hollow: Sequence[str], after: Mapping[str, Sequence[str]]) -> None:
        self._table = table
        self._hollow = hollow
        self._after = after

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in self._table:
            spec = PathFinder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:  # not installed: no less an ImportError than without us
                spec.loader = _Later(spec.loader, self._table[name], self._after.get(name, ()), is_hollow=name in self._hollow)
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
        module.__spec__ = ModuleSpec(name, _Again(module))
        return module.__spec__


def defer(
    table: Mapping[str, Sequence[str]], *, hollow: Sequence[str] = (), after: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Defer the modules of *table*: module → the names that are taken from it by `from module import name`.

    hollow: packages whose modules can do without the package's own code.  after: module → those whose code runs before its own.
    What was imported before stays as it is.
    """
    sys.meta_path.insert(0, Deferral(table, hollow, after or {}))
