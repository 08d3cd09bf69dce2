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
def shelf(folder: Path, patch: pytest.MonkeyPatch, files: Mapping[str, str]) -> Iterator[Ran]:
    """Have modules of this code, by file, for a while; gives the list of those whose code has run."""
    for name, code in {**files, "shelf_ran.py": "RAN = []"}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(code if name == "shelf_ran.py" else f"import shelf_ran; shelf_ran.RAN.append(__name__)\n{code}\n")
    patch.syspath_prepend(folder)
    try:
        ran: Ran = import_module("shelf_ran").RAN
        yield ran
    finally:
        roots = {"shelf_ran", *(name.split("/")[0].removesuffix(".py") for name in files)}
        for name in [name for name in sys.modules if name.split(".")[0] in roots]:
            del sys.modules[name]
