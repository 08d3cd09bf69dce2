"""The peers' own virtual environment: `.bench-venv` at the top of the repository, made on demand."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"
ENVIRONMENT = REPOSITORY / ".bench-venv"


class EnvironmentFailed(RuntimeError):
    """The peers could not be installed."""

    def __init__(self, output: str) -> None:
        super().__init__(f"the peers could not be installed in {ENVIRONMENT.name}: {output.strip()[-2000:]}")


def fingerprint() -> str:
    """Return what must be equal for an existing environment to be used again: requirements and Python."""
    return hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()


def peer_python() -> str:
    """Return the Python of the peers' environment, which is made if it is missing or out of date."""
    python = ENVIRONMENT / "bin" / "python"
    mark = ENVIRONMENT / "requirements.sha256"
    if mark.is_file() and mark.read_text(encoding="ascii") == fingerprint():
        return str(python)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    (ENVIRONMENT / ".gitignore").write_text("*\n", encoding="ascii")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    done = subprocess.run(install, check=False, capture_output=True, text=True)
    if done.returncode:
        raise EnvironmentFailed(done.stderr)
    mark.write_text(fingerprint(), encoding="ascii")
    return str(python)
