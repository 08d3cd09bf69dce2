"""What a worker says on its standard error of attempts that fail, in each pool, and what its level changes."""

from __future__ import annotations

import contextlib
import textwrap
from typing import TYPE_CHECKING

import pytest
from support.programs import Node, Program
from support.shell import Shell

from taskbahn.protocol.plain_text import UNSAFE

if TYPE_CHECKING:
    from pathlib import Path

APP = """
    import logging
    from taskbahn import Taskbahn

    app = Taskbahn()
    log = logging.getLogger("loud")

    def fails(word: str) -> None:
        print("it begins")
        raise ValueError(f"no {word}")

    async def fails_in_a_loop(word: str) -> None:
        fails(word)

    def talks() -> str:
        log.info("quietly")
        return "said"

    for pool in ("process", "thread"):
        app.task(name=f"loud.{pool}", pool=pool)(fails)
        app.task(name=f"loud.talks_{pool}", pool=pool)(talks)
    app.task(name="loud.loop")(fails_in_a_loop)
"""


@pytest.mark.parametrize("level", ["info", "critical"])
def test_a_worker_says_which_attempts_fail_and_where(node: Node, tmp_path: Path, level: str) -> None:
    (tmp_path / "loud.py").write_text(textwrap.dedent(APP))
    shell = Shell(node.websocket)
    worker = Program("worker", "loud:app", "--loglevel", level, cwd=tmp_path, TASKBAHN_URL=node.websocket)
    with contextlib.closing(worker):
        while "loud.loop" not in shell("tasks").out:
            assert worker.process.poll() is None
        for pool in ("process", "thread", "loop"):
            found = shell("call", f"loud.{pool}", f"[bold]{pool}")
            id = found.err.rpartition("`taskbahn job ")[2].partition("`")[0]
            assert found.err == (
                f"taskbahn: ValueError: no [bold]{pool}\n"
                f"taskbahn: `taskbahn job {id}` shows the traceback, and what it has logged\n"
            )
            said = f"job {id} (loud.{pool}), attempt 1, failed:\nTraceback (most recent call last):\n"
            if level == "info":
                worker.wait_for(f"ValueError: no [bold]{pool}")
            assert (said in worker.output) == (level == "info")
            logged = shell("logs", id).out
            assert "it begins" in logged
            assert "Traceback" not in logged
            if level == "info":
                shell("call", f"loud.{pool}", f"\x1b]0;{pool}\x07\x1b[31mred {pool}\u202e\x08")
                worker.wait_for(f"ValueError: no red {pool}\ufffd\u2408")
        assert not UNSAFE.search(worker.output.replace("\r", ""))
        for pool in ("process", "thread"):
            job = shell("submit", f"loud.talks_{pool}").out.strip()
            shell("call", f"loud.talks_{pool}")
            assert ("quietly" in shell("logs", job, "-f").out) == (level == "info")
        assert "reaches no job" not in worker.output
