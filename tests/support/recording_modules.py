"""Modules that say in a list that their code has run: for tests of what imports put off."""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest

Ran = list[str]


@contextlib.contextmanager
def recording_modules(folder: Path, patch: pytest.MonkeyPatch, files: Mapping[str, str]) -> Iterator[Ran]:
    """Have modules of this code, by file, for a while; gives the list of those whose code has run."""
    for name, code in {**files, "recorded_runs.py": "RAN = []"}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            code if name == "recorded_runs.py" else f"import recorded_runs; recorded_runs.RAN.append(__name__)\n{code}\n"
        )
    patch.syspath_prepend(folder)
    try:
        ran: Ran = import_module("recorded_runs").RAN
        yield ran
    finally:
        roots = {"recorded_runs", *(name.split("/")[0].removesuffix(".py") for name in files)}
        for name in [name for name in sys.modules if name.split(".")[0] in roots]:
            del sys.modules[name]
