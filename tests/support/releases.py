"""The releases that `tests/releases` keeps: unpacked, and their programs beside those of today."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]
SECONDS = 60.0


class Release(NamedTuple):
    """An unpacked release; `environment` makes a Python process use its package."""

    folder: Path

    @property
    def static(self) -> Path:
        return self.folder / "web" / "taskbahn_web" / "static"

    @property
    def migrations(self) -> list[Path]:
        return sorted((self.folder / "router/taskbahn_router/stores/sqlite").glob("*.sql"))

    @property
    def components(self) -> Path:
        return self.folder / "components"

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": os.pathsep.join([str(self.components), str(TESTS)])}


def unpack(version: str, folder: Path) -> Release:
    """Unpack a release that is kept."""
    with tarfile.open(TESTS / "releases" / f"taskbahn-{version}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return Release(folder)


def run_module(name: str, *arguments: str, components: Path) -> str:
    """Run a module of the tests with the package that is in *components*; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(components), str(TESTS)])}
    command = [sys.executable, "-m", name, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
