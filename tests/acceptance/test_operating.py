"""What an operator does on the command line: look at workers and settings, drain a worker and take that back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support.programs import COMMAND, Node, Program, running
from support.until import until

from taskbahn import InvalidOption, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[1]
WORKER, QUEUE = "operated-worker", "operated"
SECONDS = 60.0


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def worker(node: Node) -> Iterator[Program]:
    """A worker with a queue of its own, so that the jobs in that queue wait for this worker alone."""
    arguments = ["worker", "support.sample_app:app", "--name", WORKER, "--queues", QUEUE, "--slots", "2"]
    with running(Program(*arguments, cwd=TESTS, TASKBAHN_URL=node.websocket), "ready") as program:
        yield program


@pytest.fixture
def shell(node: Node, worker: Program) -> Callable[..., Said]:
    def run(*arguments: str) -> Said:
        command = [*COMMAND, *arguments, "--url", node.websocket]
        environment = {**os.environ, "COLUMNS": "160"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def app(node: Node, worker: Program) -> Iterator[Taskbahn]:
    with Taskbahn(node.websocket) as app:
        yield app


def test_workers_shows_what_they_take_of_their_machines(shell: Callable[..., Said], app: Taskbahn) -> None:
    assert shell("call", "shop.add", "1", "2", "-o", f"queue={QUEUE}").out == "3\n"
    view = until(lambda: next((view for view in app.view.workers() if view.id == WORKER and view.memory), None))
    assert 20_000_000 < (view.memory or 0) < 2_000_000_000
    assert view.cpu is not None
    assert view.load is not None
    assert view.seen < SECONDS
    assert view.python.startswith("3.")
    said = shell("workers")
    assert said.code == 0
    (row,) = [line for line in said.out.splitlines() if line.startswith(WORKER)]
    assert re.search(rf"{WORKER} +0 of 2 +\d+ MiB +\d+\.\d\d +\d+\.\d\d +1 +0 +{QUEUE} ", row), row


def test_a_drained_worker_starts_nothing_until_it_is_undone(node: Node, shell: Callable[..., Said], app: Taskbahn) -> None:
    assert shell("drain", WORKER) == (0, f"{WORKER} takes no new jobs and runs none\n", "")
    job = app.job(shell("submit", "shop.add", "2", "2", "-o", f"queue={QUEUE}").out.strip())
    said = shell("workers", "--json")
    (view,) = [view for view in json.loads(said.out) if view["id"] == WORKER]
    assert (view["drained"], view["draining"], view["running"]) == (True, True, 0)
    assert job.view().state == "ready"
    (row,) = [line for line in shell("workers").out.splitlines() if line.startswith(WORKER)]
    assert f"{WORKER}   0 of 2   drained" in row
    assert shell("drain", WORKER, "--undo") == (0, f"{WORKER} takes new jobs again\n", "")
    assert job.result(timeout=SECONDS) == 4
    node.wait_for(f'"effect":"takes no new jobs","object":"{WORKER}"')
    node.wait_for(f'"effect":"takes jobs again","object":"{WORKER}"')


def test_a_drained_worker_that_runs_something_finishes_it(shell: Callable[..., Said], app: Taskbahn) -> None:
    job = app.job(shell("submit", "shop.nap", "60", "-o", f"queue={QUEUE}").out.strip())
    until(lambda: job.view().state == "running")
    assert shell("drain", WORKER).out == f"{WORKER} takes no new jobs; 1 still run there\n"
    view = json.loads(shell("drain", WORKER, "--json").out)
    assert [row[:2] for row in view["jobs"]] == [[job.id, "shop.nap"]]
    assert shell("drain", WORKER, "--undo").code == 0
    job.cancel()


def test_an_unknown_worker_cannot_be_drained(shell: Callable[..., Said]) -> None:
    said = shell("drain", "unknown")
    assert (said.code, said.out) == (2, "")
    assert said.err == "taskbahn: no worker 'unknown' is attached now; `taskbahn workers` lists those that are\n"


def test_settings_are_those_of_the_node_with_where_they_come_from(node: Node, shell: Callable[..., Said]) -> None:
    settings = {setting["name"]: setting for setting in json.loads(shell("settings", "--json").out)}
    assert (settings["node.port"]["value"], settings["node.port"]["source"]) == (node.port, "command line")
    assert (settings["node.data"]["value"], settings["node.data"]["source"]) == (str(node.data), "command line")
    assert (settings["node.interface"]["value"], settings["node.interface"]["source"]) == ("127.0.0.1", "default")
    assert (settings["node.loglevel"]["value"], settings["node.loglevel"]["source"]) == ("warn", "default")
    assert {"versions.crossbar", "versions.sqlite", "jobs.keep", "bounds.message", "store.synchronous"} <= set(settings)
    table = shell("settings").out
    assert all(name in table for name in settings)
    assert "16 MiB" in table


LIMITED = """
from taskbahn import Concurrency, Rate, Taskbahn

app = Taskbahn()


@app.task(name="limited.nap", limits=[Concurrency(1, name="beds"), Rate("900/m", name="naps", burst=9)])
def nap() -> None: ...
"""


def test_a_limit_is_changed_listed_and_reset(node: Node, shell: Callable[..., Said], app: Taskbahn, tmp_path: Path) -> None:
    (tmp_path / "limited.py").write_text(LIMITED)
    (tmp_path / "other.py").write_text(LIMITED.replace("Concurrency(1, ", "Concurrency(2, when_full='refuse', "))
    with running(Program("worker", "limited:app", "--queues", "naps", cwd=tmp_path, TASKBAHN_URL=node.websocket), "ready"):
        assert shell("limit", "beds", "0") == (0, "beds is 0 instead of 1\n", "")
        job = app.job(shell("submit", "limited.nap", "-o", "queue=naps").out.strip())
        until(lambda: [limit.keys[0].jobs for limit in app.view.limits().limits if limit.name == "beds" and limit.keys] == [1])
        (row,) = [line for line in shell("limit").out.splitlines() if line.startswith("beds")]
        assert re.search(r"beds +concurrency +1 +0 +0 of 0 +1 +1 +.* by \S+ +limited\.nap", row), row
        assert shell("limit", "beds", "--reset").out == "beds is 1, as declared\n"
        job.result(timeout=SECONDS)
        assert json.loads(shell("limit", "naps", "50/s", "--json").out)["override"] == "50/s"
        listed = json.loads(shell("limit", "--json").out)["limits"]
        assert {"beds": "concurrency", "naps": "rate"}.items() <= {limit["name"]: limit["kind"] for limit in listed}.items()
        wrong = shell("limit", "naps", "50/x")
        assert (wrong.code, wrong.out) == (2, "")
        assert "'x' at position 4 is no unit" in wrong.err
        with pytest.raises(InvalidOption) as refused:
            app.admin.limit("naps", "50/x")
        assert refused.value.detail == {"option": "value", "limit": "naps", "position": 4}
        with running(Program("worker", "other:app", cwd=tmp_path, TASKBAHN_URL=node.websocket), "ready"):
            both = shell("limit", "beds").out
            assert "declared as Concurrency(2, when_full='refuse') by " in both
            assert "(the newest, which counts)" in both
            assert "declared as Concurrency(1) by " in both
            assert "when it is full: refuse" in both
            assert re.search(r"^beds +concurrency ", both, re.MULTILINE), both
            view = json.loads(shell("limit", "beds", "--json").out)
            assert view["kind"] == "concurrency"
            assert [one["said"] for one in view["declarations"]] == ["Concurrency(2, when_full='refuse')", "Concurrency(1)"]
            until(lambda: "limit_disagreement" in [problem.kind for problem in app.view.status().problems])
            assert "Workers declare the limit beds differently" in shell("status").out
        unknown = shell("limit", "bed")
        assert (unknown.code, "there is no limit 'bed': no task declares it" in unknown.err) == (2, True)
        assert "there is no limit named 'bed' (did you mean 'beds'?)" in shell("limit", "bed", "3").err
        with ThreadPoolExecutor(1) as thread:  # a browser's test may have left a running loop in this one
            assert thread.submit(asyncio.run, app.admin.limit_async("naps", None)).result(SECONDS).override is None
    node.wait_for('"effect":"now 0","object":"beds"')


def test_a_queue_is_paused_and_resumed(node: Node, shell: Callable[..., Said], app: Taskbahn) -> None:
    paused = json.loads(shell("pause", f"queue:{QUEUE}", "--reason", "the disk is full", "--within", "2h", "--json").out)
    assert (paused["query"], paused["reason"], paused["until"] - paused["paused_at"]) == (
        f"queue:{QUEUE}",
        "the disk is full",
        7200,
    )
    job = app.job(shell("submit", "shop.add", "2", "3", "-o", f"queue={QUEUE}").out.strip())
    place = job.view().place
    assert place is not None
    assert place.why == f"The queue {QUEUE} is paused by {paused['paused_by']}: the disk is full"
    assert place.paused is not None
    assert place.starts_at == paused["until"]
    assert re.search(f"paused: queue:{QUEUE}, by .*, for .*, ends in .*: the disk is full", shell("status").out)
    assert (f"queue:{QUEUE}" in {one.query for one in app.view.status().pauses}) is True
    wrong = shell("pause", "queue:operate")
    assert (wrong.code, wrong.out) == (2, "")
    assert f"there is no queue named 'operate' (did you mean '{QUEUE}'?)" in wrong.err
    assert "'soon' is no duration" in shell("pause", f"queue:{QUEUE}", "--within", "soon").err
    assert shell("resume", f"queue:{QUEUE}").out == f"resumed: queue:{QUEUE}\n"
    assert job.result(timeout=SECONDS) == 5
    assert "is not paused" in shell("resume", f"queue:{QUEUE}").err
    with ThreadPoolExecutor(1) as thread:  # a browser's test may have left a running loop in this one
        for ask in (app.admin.pause_async, app.admin.resume_async):
            assert thread.submit(asyncio.run, ask(f"queue:{QUEUE}")).result(SECONDS).query == f"queue:{QUEUE}"
    node.wait_for('"reason":"the disk is full"')
