"""The installation says what it does while pip is at work: minutes of silence look like a fault."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKS = """#!/bin/sh
case "$*" in
    *--editable*)
        echo "a warning of a build" >&2
        for number in $(seq 45); do echo "Collecting package-$number>=1 (from taskbahn)"; echo "  Downloading it"; done
        echo "Installing collected packages: many" ;;
esac
"""
FAILS = """#!/bin/sh
case "$*" in
    *--editable*) echo "ERROR: no such package" >&2; exit 1 ;;
esac
"""


def installed(place: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the script with this as the Python of its environment, and without the pauses between its attempts."""
    programs = place / "venv" / "bin"
    programs.mkdir(parents=True)
    for name, text in {"python": python, "sleep": "#!/bin/sh\n"}.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    script = ["bash", str(ROOT / "scripts" / "venv.sh"), str(place / "venv")]
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    return subprocess.run(script, env=environment, capture_output=True, text=True, check=False)


def test_the_installation_says_how_far_it_is(tmp_path: Path) -> None:
    done = installed(tmp_path, WORKS)
    first, *steps, last = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert first.startswith("Installing taskbahn[")
    assert steps == [
        "  package 1: package-1>=1",
        "  package 21: package-21>=1",
        "  package 41: package-41>=1",
        "  all are here; unpacks them",
    ]
    assert re.fullmatch(r"Installed in \d+ s", last)
    assert (tmp_path / "venv" / ".installed").exists()


def test_an_installation_that_fails_says_why_three_times(tmp_path: Path) -> None:
    done = installed(tmp_path, FAILS)
    assert done.returncode == 1
    assert done.stderr.count("ERROR: no such package") == 3
    assert done.stderr.endswith("The installation failed three times; the last error is above.\n")
    assert not (tmp_path / "venv" / ".installed").exists()
