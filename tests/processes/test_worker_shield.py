"""An attempt may be stopped at the moment when it starts a process: the process is known all the same, and ends with it."""

import os
import subprocess
from collections.abc import Callable
from multiprocessing import util
from pathlib import Path
from typing import Any

import pytest
from support.processes import wait_until_gone
from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app

SOURCE = """
    import functools, multiprocessing, os, subprocess, sys, threading, time
    from multiprocessing import util
    from pathlib import Path
    from taskbahn import Taskbahn

    app = Taskbahn()
    places = threading.local()

    def burn() -> None:
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            pass

    def slow(start):
        @functools.wraps(start)
        def started(*args, **kwargs):
            pid = start(*args, **kwargs)
            if pid and hasattr(places, "own"):
                Path(places.own).write_text(str(pid))
                burn()  # the time limit is over meanwhile
            return pid
        return started

    os.fork, os.posix_spawn = slow(os.fork), slow(os.posix_spawn)
    subprocess._fork_exec, util.spawnv_passfds = slow(subprocess._fork_exec), slow(util.spawnv_passfds)

    def popen() -> None:
        subprocess.Popen(["sleep", "47"])

    def system() -> None:
        os.system("sleep 47; sleep 47")

    def fork() -> None:
        if os.fork() == 0:
            time.sleep(47)
            os._exit(0)

    def posix_spawn() -> None:
        os.posix_spawn("/bin/sleep", ["sleep", "47"], os.environ)

    def forked() -> None:
        multiprocessing.get_context("fork").Process(target=time.sleep, args=(47,)).start()

    def spawned() -> None:
        multiprocessing.get_context("spawn").Process(target=time.sleep, args=(47,)).start()

    def declare(function, pool):
        def task(place: str) -> None:
            places.own = place
            try:
                function()
                while True:
                    burn()
            finally:
                del places.own
                subprocess.run(["true"], check=True)  # cleaning up is not stopped a second time
                Path(place + ".clean").touch()
        app.task(name=f"{function.__name__}.{pool}", pool=pool)(task)

    for pool in ("thread", "process"):
        for function in (popen, system, fork, posix_spawn, forked, spawned):
            declare(function, pool)
"""


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # ResourceWarning: the task does not wait for its program
@pytest.mark.parametrize("pool", ["thread", "process"])
@pytest.mark.parametrize("start", ["popen", "system", "fork", "posix_spawn", "forked", "spawned"])
def test_a_process_that_starts_as_its_attempt_is_stopped_ends_with_it(
    make_module: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start: str, pool: str
) -> None:
    for place, name in ((os, "fork"), (os, "posix_spawn"), (subprocess, "_fork_exec"), (util, "spawnv_passfds")):
        monkeypatch.setattr(place, name, getattr(place, name))  # the module replaces them

    async def scenario(worker: Any, dispatcher: Any) -> None:
        pid = tmp_path / "pid"
        dispatcher.run(("a", f"{start}.{pool}", [str(pid)], 0.1))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["error"]["message"] == f"{start}.{pool} ran longer than its time limit of 0.1 s"
        assert (tmp_path / "pid.clean").exists()
        wait_until_gone([int(pid.read_text())], 20)

    target = f"{make_module(SOURCE)}:app"
    run_worker(load_app(target), scenario, slots=1, target=target)
