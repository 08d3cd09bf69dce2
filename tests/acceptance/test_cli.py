"""The command line against a real node and a real worker: what it prints, where, and the code it ends with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.ports import free_port
from support.programs import COMMAND
from support.shell import SECONDS, Shell

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
UNKNOWN_JOB = "0192f0c1-2d3e-7abc-8def-0123456789ab"


@pytest.fixture
def app(shell: Shell) -> Iterator[Taskbahn]:
    with Taskbahn(shell.url) as app:
        yield app


def test_call_prints_the_result_and_nothing_else(shell: Shell) -> None:
    assert shell("call", "shop.add", "1", "b=2") == (0, "3\n", "")
    assert shell("call", "shop.repeat", "5", "times=3") == (0, "555\n", ""), "what the task takes as text stays text"
    said = shell("call", "shop.add", "1", "--json").json
    assert (said["task"], said["state"], said["result"]) == ("shop.add", "succeeded", 2)


def test_call_takes_options_and_negative_numbers(shell: Shell, app: Taskbahn) -> None:
    said = shell("call", "shop.add", "-5", "b=-1", "-o", "priority=3", "-o", 'tags=["x"]', "--json").json
    assert said["result"] == -6
    view = app.job(said["id"]).view()
    assert (view.priority, view.tags) == (3, ["x"])


def test_call_of_a_task_that_fails_ends_with_1(shell: Shell) -> None:
    code, out, err = shell("call", "shop.fail", "no photograph")
    assert (code, out, err.splitlines()[0]) == (1, "", "taskbahn: ValueError: no photograph")
    assert "ValueError: no photograph" in shell("job", err.splitlines()[1].split("`")[1].split()[-1]).out
    said = shell("call", "shop.fail", "no photograph", "--json")
    assert (said.code, said.json["state"], said.json["error"]["type"]) == (1, "failed", "ValueError")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["call", "shop.ad"], "no worker has ever declared a task named 'shop.ad' (did you mean 'shop.add'?)"),
        (["call", "shop.add", "x"], "arguments of shop.add are wrong: a: "),
        (["call", "shop.add"], "arguments of shop.add are wrong: "),
        (["call", "Not A Name"], "'Not A Name' cannot name a task"),
        (["call", "shop.add", "1", "-o", "quue=x"], "there is no option 'quue' (did you mean 'queue'?)"),
        (["call", "shop.add", "1", "-o", "delay=soon"], "option delay = 'soon': 's' at position 1 begins no number with a unit"),
        (["call", "shop.add", "1", "-o", "delay"], "--option 'delay' has no value: write delay=VALUE"),
        (["call"], "Missing argument 'TASK'"),
        (["job", UNKNOWN_JOB], f"there is no job '{UNKNOWN_JOB}'"),
        (["logs", UNKNOWN_JOB], f"there is no job '{UNKNOWN_JOB}'"),
        (["logs", UNKNOWN_JOB, "-f"], f"there is no job '{UNKNOWN_JOB}'"),
        (["job", "zzzz"], "there is no job 'zzzz'"),
        (["cancel", UNKNOWN_JOB], f"there is no job '{UNKNOWN_JOB}'"),
        (["retry", UNKNOWN_JOB], f"there is no job '{UNKNOWN_JOB}'"),
        (["jobs", "--state", "odd"], "'odd' is not one of 'waiting'"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["statsu"], "No such command 'statsu' (did you mean 'status'?)"),
        (
            ["call", "shop.add", "1", "--prioritty", "3"],
            "No such option: --prioritty. Options of the job are given like this: -o priority=",
        ),
        (
            ["submit", "shop.add", "1", "--jsn"],
            "No such option: --jsn (did you mean '--json'?). An argument of the task that begins so",
        ),
        (["call", "shop.add", "1", "c=2"], "arguments of shop.add are wrong: c: is no argument of this task"),
        (["worker", "shop:app", "--queues", ","], "--queues names no queue: write it like --queues default,mail"),
        (["status", "--url", "http://example.org"], "'http://example.org' is no address of a router"),
        (["status", "--url", ""], "'' is no address of a router"),
        (["status", "--url", "localhost:8080"], "did you mean ws://localhost:8080/ws?"),
    ],
)
def test_bad_input_is_one_clear_line_and_ends_with_2(shell: Shell, arguments: list[str], said: str) -> None:
    found = shell(*arguments)
    assert found.out == ""
    assert said in found.err.splitlines()[-1]
    assert found.code == 2


def test_without_a_router_every_command_says_so_and_ends_with_3() -> None:
    shell = Shell(f"ws://127.0.0.1:{free_port()}/ws")
    commands = (["status"], ["call", "shop.add", "1"], ["logs", UNKNOWN_JOB])
    with ThreadPoolExecutor() as side_by_side:  # each of them tries for some seconds
        for found in side_by_side.map(lambda arguments: shell(*arguments), commands):
            assert (found.code, found.out) == (3, "")
            assert found.err.startswith(f"taskbahn: no router answers at {shell.url}")
            assert found.err.count("\n") == 1
            assert "connect_within" not in found.err  # a shell has no such thing


def test_a_job_that_was_cancelled_or_expired_ends_a_call_with_4(shell: Shell) -> None:
    found = shell("call", "shop.add", "1", "-o", "queue=unserved", "-o", "start_within=0.2")
    assert (found.code, found.out) == (4, "")


def test_a_call_may_stop_waiting(shell: Shell, app: Taskbahn) -> None:
    for follow in ([], ["--follow"]):
        found = shell("call", "shop.nap", "20", "--timeout", "0.7", *follow)
        assert (found.code, found.out) == (124, "")
        assert "(shop.nap) is running (attempt 1 on" in found.err
        app.job(re.findall(r"job ([0-9a-f-]{36})", found.err)[-1]).cancel()


INTERRUPTED = """
import sys
from taskbahn.client.client import Client
from taskbahn.cli import main

submit = Client.submit

def interrupted(self, *words):
    submit(self, *words).wait()
    raise KeyboardInterrupt

Client.submit = interrupted
main()
"""


def test_an_interrupted_call_exits_with_130_and_names_the_cancel_command(shell: Shell, app: Taskbahn) -> None:
    tag = f"interrupted-{os.getpid()}"
    command = [*COMMAND, "call", "shop.nap", "50", "-o", f'tags=["{tag}"]']
    process = subprocess.Popen(command, env=shell.environment, stderr=subprocess.PIPE, text=True)
    try:
        job = the_running(app, tag)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err.strip() == f"taskbahn: the job goes on; `taskbahn cancel {job}` stops it"
    assert shell("cancel", job, "--reason", "tidy up").code == 0
    shown = shell("job", job).out
    assert re.search(r"^  cancelled  (by .+: )?tidy up$", shown, re.MULTILINE)
    assert not re.search(r"^  error ", shown, re.MULTILINE)


@pytest.mark.parametrize("command", ["call", "submit"])
def test_an_interrupt_before_the_acknowledgement_names_the_cancel_command(command: str, shell: Shell, app: Taskbahn) -> None:
    tag = f"unacknowledged-{os.getpid()}"
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, command, "shop.nap", "50", "-o", f'tags=["{tag}"]'],
        env=shell.environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    job = the_running(app, tag)
    assert (done.returncode, done.stderr.strip()) == (130, f"taskbahn: the job goes on; `taskbahn cancel {job}` stops it")
    assert shell("cancel", job).code == 0


def the_running(app: Taskbahn, tag: str) -> str:
    deadline = time.monotonic() + SECONDS
    while not (found := app.view.jobs(state="running", tag=tag).jobs):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found[0].id


def test_submit_prints_the_id_and_the_job_can_be_looked_at(shell: Shell, app: Taskbahn) -> None:
    id = shell("submit", "shop.talk", "3").out.strip()
    assert app.job(id).result(SECONDS) == "talked"
    shown = shell("job", id[-10:]).out
    for text in (id, "shop.talk", "succeeded", '"talked"', "✓ Talking 3 of 3", "✓ Breathing 2"):
        assert text in shown
    view = shell("job", id, "--json").json
    assert (view["id"], view["args"], view["result"]) == (id, [3], "talked")
    assert [line.split(maxsplit=1)[1].split(maxsplit=1) for line in shell("logs", id).out.splitlines()] == [
        ["WARNING", f"line {n} [bold]"] for n in range(3)
    ]


def test_logs_can_be_followed_until_the_end(shell: Shell) -> None:
    id = shell("submit", "shop.talk", "5", "pause=0.1", "--json").json["id"]
    lines = [json.loads(line) for line in shell("logs", id, "-f", "--json").out.splitlines()]
    assert [line["message"] for line in lines] == [f"line {n} [bold]" for n in range(5)]


def test_following_a_call_shows_logs_and_stages_beside_the_result(shell: Shell) -> None:
    found = shell("call", "shop.talk", "3", "--follow")
    assert (found.code, found.out) == (0, "talked\n")
    for text in ("line 2 [bold]", "chunk 2", "shop.talk succeeded", "Talking", "3/3"):
        assert text in found.err


def test_in_a_terminal_the_bars_move(shell: Shell) -> None:
    seen, code = shell.in_a_terminal("call", "shop.talk", "4", "pause=0.3", "--follow")
    counts = [f"{done}/4" for done in range(1, 5) if f"{done}/4" in seen]
    assert len(counts) > 1, "on a busy machine the screen may miss some, but not all"
    assert counts[-1] == "4/4"
    assert "Breathing 3" in seen
    assert code == 0


def test_cancel_and_retry_answer_with_the_new_state(shell: Shell, app: Taskbahn, tmp_path: Path) -> None:
    jobs = [app.get("shop.nap").options(delay=60).start(1).id for _ in range(2)]
    assert shell("cancel", *jobs) == (0, "".join(f"{job} cancelled\n" for job in jobs), "")
    failed = app.get("shop.fail").start("not yet", once=str(tmp_path / "flag"))
    failed.error(SECONDS)
    found = shell("retry", failed.id, "--json")
    assert (found.code, found.json["id"]) == (0, failed.id)
    assert app.job(failed.id).result(SECONDS) == "went well"
    again = shell("retry", failed.id)
    assert again.code == 2
    assert "only a job that failed, expired or was cancelled can be retried" in again.err


def test_lists_are_tables_for_people_and_json_for_scripts(shell: Shell, app: Taskbahn) -> None:
    tag = f"list-{os.getpid()}"
    ids = [app.get("shop.add").options(tags=[tag]).start(n).id for n in range(3)]
    for id in ids:
        app.job(id).result(SECONDS)
    assert [view["id"] for view in shell("jobs", "--tag", tag, "--json").json] == ids[::-1]
    assert [view["id"] for view in shell("jobs", "--tag", tag, "-n", "2", "--json").json] == ids[:0:-1]
    table = shell("jobs", "--task", "shop.add", "--state", "succeeded", "--queue", "default").out
    assert ids[0] in table
    assert "no such jobs" in shell("jobs", "--tag", "no job has this").out
    assert "a: integer, b: integer = 1" in shell("tasks").out
    tasks = {view["name"]: view for view in shell("tasks", "--json").json}
    assert tasks["shop.add"]["signature"]["parameters"]["properties"]["a"]["description"] == "the first"
    assert "default" in shell("queues").out
    assert "of 8" in shell("workers").out
    (worker,) = [view for view in shell("workers", "--json").json if "shop.add" in view["tasks"]]
    assert worker["slots"] == 8
    assert re.search(r"succeeded\s+[\d,]+", shell("status").out)
    assert shell("status", "--json").json["jobs"]["succeeded"] >= 3


def test_help_needs_no_router_and_little_time() -> None:
    shell = Shell("ws://127.0.0.1:1/ws")
    found = shell("--help")
    assert found.code == 0
    assert "Start a job and wait for its result." in found.out
    code = "import sys, taskbahn.cli; taskbahn.cli.cli(['--help'], standalone_mode=False); print([m for m in sys.modules if m in %r])"
    heavy = ("twisted", "autobahn", "rich", "asyncio")
    done = subprocess.run([COMMAND[0], "-c", code % (heavy,)], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_shells_are_taught_our_words(shell: Shell) -> None:
    for name in ("bash", "zsh", "fish"):
        assert "_TASKBAHN_COMPLETE" in shell("completion", name).out
    offered = shell(_TASKBAHN_COMPLETE="bash_complete", COMP_WORDS="taskbahn call shop.", COMP_CWORD="2").out.split()
    assert "plain,shop.add" in offered
    assert "plain,cancel" in shell(_TASKBAHN_COMPLETE="bash_complete", COMP_WORDS="taskbahn ca", COMP_CWORD="1").out.split()
    nowhere = Shell(f"ws://127.0.0.1:{free_port()}/ws")
    assert nowhere(_TASKBAHN_COMPLETE="bash_complete", COMP_WORDS="taskbahn call shop.", COMP_CWORD="2").out.strip() == ""


def test_a_pipe_that_closes_early_does_no_harm(shell: Shell) -> None:
    script = f"{' '.join(map(_quoted, COMMAND))} tasks --json | true"
    done = subprocess.run(
        ["bash", "-c", script], env=shell.environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.stderr == ""


def _quoted(word: str) -> str:
    return f"'{word}'"
