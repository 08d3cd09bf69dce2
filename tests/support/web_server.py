"""The web applications of the examples: in their own environment without Crossbar, on a free port, as one starts them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


PYTHON = Path(__file__).parents[2] / ".venv-examples" / "bin" / "python"
WORKER = "import sys; from taskbahn.cli import main; sys.exit(main())"
PATIENCE = 60.0  # seconds


def examples_python() -> str:
    """Return the Python of the examples.  Raises FileNotFoundError with what makes its environment."""
    if not PYTHON.exists():
        raise FileNotFoundError("the examples have no environment here: make .venv-examples/.installed")
    return str(PYTHON)


@contextlib.contextmanager
def process(*arguments: str, cwd: Path, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python in the environment of the examples for as long as the block lasts; its output goes to *log*."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            [examples_python(), *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_until(started: subprocess.Popen[bytes], log: Path, is_ready: Callable[[], bool]) -> None:
    """Wait until a process is ready.  Raises AssertionError with what it has said."""
    deadline = time.monotonic() + PATIENCE
    while not is_ready():
        if started.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"it is not ready, but said:\n{log.read_text(errors='replace')}")
        time.sleep(0.1)


@contextlib.contextmanager
def example_worker(target: str, folder: Path, url: str, place: Path, **environment: str) -> Iterator[None]:
    """Run a worker of an example, for the node at *url*."""
    log = place / "worker.log"
    given = {"TASKBAHN_URL": url, **environment}
    with process("-c", WORKER, "worker", target, "--slots", "2", cwd=folder, log=log, **given) as started:
        wait_until(started, log, lambda: "ready" in log.read_text(errors="replace"))
        yield


@contextlib.contextmanager
def web_server(*arguments: str, folder: Path, url: str, place: Path, **environment: str) -> Iterator[str]:
    """Run a web server; `{port}` in the arguments is a free one.  *url*: of the node, which may not be there. Yields its address."""
    port, log = free_port(), place / "server.log"
    site = f"http://127.0.0.1:{port}/"

    def answers() -> bool:
        with contextlib.suppress(urllib.error.HTTPError), contextlib.suppress(OSError):
            urllib.request.urlopen(site, timeout=5).close()
            return True
        return False

    words = [word.replace("{port}", str(port)) for word in arguments]
    given = {"TASKBAHN_URL": url, **environment}
    with process(*words, cwd=folder, log=log, **given) as started:
        wait_until(started, log, answers)
        yield site
