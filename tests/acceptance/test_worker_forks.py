"""Tasks that fork, on a real worker of all three pools: a copy is a plain program, and the worker goes on with all its slots."""

import os
import signal
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.processes import children, only_child, wait_until_gone
from support.programs import Node, Program, worker_of

from taskbahn import Taskbahn
from taskbahn.errors import JobCancelled, TaskbahnError

POOLS = ("process", "thread", "loop")
MODULE = """
    import asyncio, multiprocessing, os, signal, subprocess, sys, threading, time
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path
    from taskbahn import Taskbahn

    app = Taskbahn()

    def declare(function, **words):
        for pool in ("process", "thread"):
            app.task(name=f"{function.__name__}.{pool}", pool=pool, **words)(function)
        async def in_loop(*args):
            return function(*args)
        in_loop.__annotations__ = dict(function.__annotations__)
        app.task(name=f"{function.__name__}.loop", **words)(in_loop)

    def helpers(method: str) -> list[int]:
        with multiprocessing.get_context(method).Pool(2) as pool:
            return pool.map(abs, range(-4, 0))

    def executor() -> list[int]:
        with ProcessPoolExecutor(2) as pool:
            return list(pool.map(abs, range(-4, 0)))

    forking = threading.local()

    def terminate_early():
        if getattr(forking, "is_early", False):
            os.kill(os.getpid(), signal.SIGTERM)  # as a pool does that ends before its processes have begun

    os.register_at_fork(after_in_child=terminate_early)  # before the worker's own

    def fork(how: str) -> int:
        forking.is_early = how == "terminated early"
        copy = os.fork()
        forking.is_early = False
        if copy == 0:
            if how == "exit":
                sys.exit(3)
            if how == "_exit":
                os._exit(3)
            if how == "raise":
                raise ValueError("in the copy")
            if how == "exec":
                os.execv("/bin/sh", ["sh", "-c", "exit 3"])
            if how == "terminate":
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(60)
            return -1
        return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])

    def whoami() -> int:
        return os.getpid()

    def leave_behind(place: str) -> None:
        left = [subprocess.Popen(["sleep", "47"]), subprocess.Popen(["sh", "-c", "sleep 47 & sleep 47"])]
        daemon = subprocess.Popen(["sleep", "47"], start_new_session=True)
        Path(place).write_text(" ".join(str(one.pid) for one in (*left, daemon)))

    def leave_what_goes_on(place: str) -> None:
        Path(place).touch()
        for number in range(2, 6):
            subprocess.Popen(["sh", "-c", f"trap '' TERM; while true; do tail -f {place} & sleep 0.0{number}; done"])

    def wait_for_program(place: str) -> None:
        os.system(f"echo $$ > {place}; sleep 47; sleep 47")

    def wait_for_helper(place: str) -> None:
        with ProcessPoolExecutor(1) as pool:
            Path(place).write_text(str(pool.submit(os.getpid).result()))
            pool.submit(time.sleep, 47).result()

    for function in (helpers, executor, fork, whoami, leave_behind, leave_what_goes_on):
        declare(function, run_within=30)
    for function in (wait_for_program, wait_for_helper):
        declare(function, run_within=1)

    @app.task(name="wait_in_asyncio", run_within=1)
    async def wait_in_asyncio(place: str) -> None:
        process = await asyncio.create_subprocess_exec("sleep", "47")
        Path(place).write_text(str(process.pid))
        await process.wait()

    @app.task(name="die")
    def die() -> None:
        subprocess.Popen(["sleep", "47"])
        if os.fork() == 0:
            time.sleep(47)
        os.kill(os.getpid(), signal.SIGKILL)

    @app.task(name="stuck", run_within=1)
    def stuck(pid: str) -> None:
        os.system(f"echo $$ > {pid}; trap '' INT TERM; sleep 47; sleep 47")
"""


ALONE = """
    import os, time
    from taskbahn import Taskbahn

    app = Taskbahn()

    @app.task(name="alone", delivery="at_most_once")
    def alone(place: str) -> None:
        if os.fork() == 0:
            time.sleep(47)
        os.system(f"trap '' TERM; sleep 47 & echo $$ $! > {place}.new; mv {place}.new {place}; sleep 47")
"""

STUBBORN = """
    import os, signal, subprocess, time
    from pathlib import Path
    from taskbahn import Taskbahn

    app = Taskbahn()

    def leave(place: str) -> None:
        for number in range(2):
            ready = f"{place}.{number}"
            tell = f"echo $$ $! > {ready}.new; mv {ready}.new {ready}"
            subprocess.Popen(["sh", "-c", f"trap '' TERM; sleep 47 & {tell}; sleep 47; sleep 47"])
            while not os.path.exists(ready):
                time.sleep(0.01)

    def hang(place: str) -> None:
        leave(place)
        while True:
            try:
                time.sleep(47)
            except BaseException:
                pass

    for pool in ("process", "thread"):
        app.task(name=f"leave.{pool}", pool=pool)(leave)
        app.task(name=f"hang.{pool}", pool=pool)(hang)

    @app.task(name="leave.loop")
    async def leave_in_loop(place: str) -> None:
        leave(place)

    @app.task(name="hang.loop")
    async def hang_in_loop(place: str) -> None:
        hang(place)
"""


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Iterator[Program]:
    with worker_of(MODULE, tmp_path_factory.mktemp("forks"), node, 2) as program:
        yield program


@pytest.fixture(scope="module")
def app(worker: Program, node: Node) -> Iterator[Taskbahn]:
    assert worker.process.poll() is None
    with Taskbahn(node.websocket) as made:
        yield made


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_task_may_have_a_pool_of_its_own(app: Taskbahn, pool: str, method: str) -> None:
    assert app.get(f"helpers.{pool}").start(method).result(timeout=40) == [4, 3, 2, 1]


@pytest.mark.parametrize("pool", POOLS)
def test_a_task_may_have_an_executor_of_processes(app: Taskbahn, pool: str) -> None:
    assert app.get(f"executor.{pool}").start().result(timeout=40) == [4, 3, 2, 1]


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    "how, code",
    [("exit", 3), ("_exit", 3), ("return", 0), ("raise", 1), ("exec", 3), ("terminate", -15), ("terminated early", -15)],
)
def test_a_forked_copy_exits_with_its_code_and_never_answers(app: Taskbahn, pool: str, how: str, code: int) -> None:
    task = app.get(f"fork.{pool}")
    jobs = [task.start(how) for _ in range(3)]
    assert [job.result(timeout=40) for job in jobs] == [code] * 3


def test_a_killed_process_is_seen_at_once_though_its_helpers_live(app: Taskbahn) -> None:
    began = time.monotonic()
    with pytest.raises(TaskbahnError, match="SIGKILL"):
        app.get("die").start().result(timeout=40)
    assert time.monotonic() - began < 30  # the helpers would hold it for 47 s


def test_a_time_limit_ends_the_programs_of_a_process_too(app: Taskbahn, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(TaskbahnError):
        app.get("stuck").start(str(tmp_path / "pid")).result(timeout=40)
    assert time.monotonic() - began < 40
    wait_until_gone([int((tmp_path / "pid").read_text())], 20)


def test_what_a_process_has_started_ends_with_a_worker_that_is_killed(node: Node, tmp_path: Path) -> None:
    (tmp_path / "single.py").write_text(textwrap.dedent(ALONE))
    program = Program("worker", "single:app", "--url", node.websocket, "--slots", "1", cwd=tmp_path)
    try:
        program.wait_for("ready")
        with Taskbahn(node.websocket) as app:
            app.get("alone").start(str(tmp_path / "pids"))
            deadline = time.monotonic() + 40
            while not (tmp_path / "pids").exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)
        started = [int(word) for word in (tmp_path / "pids").read_text().split()]
        process = only_child(program.process.pid)
        started += children(process)  # the copy is one of them
        program.process.send_signal(signal.SIGKILL)
        wait_until_gone([process, *started], 20)
    finally:
        program.close()


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("task", ["leave", "hang"])
def test_what_ignores_sigterm_ends_with_a_worker_that_is_stopped(node: Node, tmp_path: Path, task: str, pool: str) -> None:
    (tmp_path / "stubborn.py").write_text(textwrap.dedent(STUBBORN))
    places = [tmp_path / f"pids.{number}" for number in range(2)]
    words = ("--url", node.websocket, "--slots", "1", "--grace", "0", "--queues", f"{task}-{pool}")
    program = Program("worker", "stubborn:app", *words, cwd=tmp_path)
    try:
        program.wait_for("ready")
        with Taskbahn(node.websocket) as app:
            job = app.get(f"{task}.{pool}").options(queue=f"{task}-{pool}").start(str(tmp_path / "pids"))
            if task == "leave":
                job.result(timeout=40)
            deadline = time.monotonic() + 40
            while not all(place.exists() for place in places):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(40) == 0
            if task == "hang":
                job.cancel()
        wait_until_gone([int(word) for place in places for word in place.read_text().split()], 10)
    finally:
        program.close()


@pytest.mark.parametrize("pool", POOLS)
def test_what_a_task_leaves_running_ends_and_is_named_in_its_log(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    job = app.get(f"leave_behind.{pool}").start(str(tmp_path / "pids"))
    job.result(timeout=40)
    *left, daemon = map(int, (tmp_path / "pids").read_text().split())
    try:
        wait_until_gone([*left, *(child for pid in left for child in children(pid))], 20)
        os.kill(daemon, 0)  # it has a session of its own
        [line] = [line.message for line in job.logs()]
        assert line.startswith("the task left processes running, which are ended with it: ")
        assert f"sleep 47 (pid {left[0]})" in line
        assert str(daemon) not in line
    finally:
        os.kill(daemon, signal.SIGKILL)


@pytest.mark.parametrize("pool", POOLS)
def test_a_program_that_goes_on_starting_others_ends_with_all_of_them(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    place = str(tmp_path / "empty")
    app.get(f"leave_what_goes_on.{pool}").start(place).result(timeout=40)
    deadline = time.monotonic() + 20
    while left := [one.pid for one in psutil.process_iter(["cmdline"]) if place in " ".join(one.info["cmdline"] or ())]:
        assert time.monotonic() < deadline, f"these still live: {left}"
        time.sleep(0.02)


WAITING = [*(f"{task}.{pool}" for task in ("wait_for_program", "wait_for_helper") for pool in POOLS), "wait_in_asyncio"]


@pytest.mark.parametrize("task", WAITING)
def test_a_time_limit_ends_an_awaited_process_and_frees_the_slot(app: Taskbahn, task: str, tmp_path: Path) -> None:
    place = tmp_path / "pid"
    with pytest.raises(TaskbahnError, match="time limit"):
        app.get(task).start(str(place)).result(timeout=60)
    wait_until_gone([int(place.read_text())], 20)
    pool = "loop" if task == "wait_in_asyncio" else task.rpartition(".")[2]
    for job in [app.get(f"whoami.{pool}").start() for _ in range(4)]:
        assert job.result(timeout=60) > 0


@pytest.mark.parametrize("pool", POOLS)
def test_a_cancel_ends_what_the_task_waits_for(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    place = tmp_path / "pid"
    job = app.get(f"wait_for_program.{pool}").options(run_within=60).start(str(place))
    deadline = time.monotonic() + 40
    while not (place.exists() and place.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    job.cancel()
    with pytest.raises(JobCancelled):
        job.result(timeout=60)
    wait_until_gone([int(place.read_text())], 20)


@pytest.mark.parametrize("pool", POOLS)
def test_after_all_this_the_worker_works(app: Taskbahn, worker: Program, pool: str) -> None:
    assert app.get(f"whoami.{pool}").start().result(timeout=40) > 0
    assert "stopping" not in worker.output
    for trouble in ("was left behind", "given up"):  # what waited for a program ends with it
        assert trouble not in worker.output
