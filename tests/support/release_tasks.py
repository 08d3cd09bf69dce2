"""Tasks that any release can serve: this file uses what 0.1 has and nothing else."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import taskbahn
from taskbahn import Taskbahn, current

app = Taskbahn()
log = logging.getLogger("release")


@app.task(name="release.where")
def where() -> str:
    """Return where the package is from that runs this, in a process of the pool."""
    return str(Path(taskbahn.__file__).parents[1])


@app.task(name="release.add", pool="thread")
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@app.task(name="release.fail", pool="thread", retries=[0.01])
def fail(message: str, once: str = "") -> str:
    """Fail; only the first time if *once* names a file."""
    if once and Path(once).exists():
        return "went well"
    if once:
        Path(once).touch()
    raise ValueError(message)


def _talk(gate: str) -> str:
    """Log, stream and advance, wait for a file, and go on."""
    with current.stage("Talking", total=2) as stage:
        log.warning("before")
        current.chunk({"said": 1})
        stage.advance()
        while not Path(gate).exists():
            current.check()
            time.sleep(0.01)
        log.warning("after")
        stage.advance()
    return "talked"


thread_talk = app.task(name="release.thread_talk", pool="thread")(_talk)
process_talk = app.task(name="release.process_talk", pool="process")(_talk)
