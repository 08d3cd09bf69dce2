"""Programs that have what `pip install taskbahn` brings and nothing else, in an environment that has Crossbar and more."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

COMPONENTS = Path(__file__).parents[2] / "components"
BOUND = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in MISSING else find(name, path, target)
PathFinder.find_spec = find_spec
"""


def needed() -> set[str]:
    """Return the distributions that a plain installation brings, by what is declared."""
    found: set[str] = set()
    todo = [("taskbahn", frozenset[str]())]
    done = set()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # for another system
            continue
        found.add(name)
        for line in lines:
            one = Requirement(line)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                todo.append((canonicalize_name(one.name), frozenset(one.extras)))
    return found


def missing() -> set[str]:
    """Return the modules at the top of other distributions."""
    here = needed()
    return {
        module
        for module, owners in packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & here and module not in sys.stdlib_module_names
    }


def run_plainly(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program for which the rest is not installed."""
    text = f"MISSING = {sorted(missing())!r}\n{BOUND}\n{program}"
    given = {**os.environ, "PYTHONPATH": str(COMPONENTS), **environment}
    command = [sys.executable, "-c", text, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=given)
