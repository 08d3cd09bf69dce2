"""What forked copies of a worker or child process say reaches the job that forked them, in each pool."""

import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.attempt.context import AttemptContext, Record
from taskbahn.attempt.ownership import PROCESS
from taskbahn.errors import TooLarge
from taskbahn.worker.loading import load_app
from taskbahn.worker.relay import CopySink, Relay

MakeModule = Callable[[str], str]

SOURCE = """
    import logging, multiprocessing, os, sys, threading
    from concurrent.futures import ProcessPoolExecutor
    from taskbahn import Taskbahn, current

    app = Taskbahn()
    fork = multiprocessing.get_context("fork")

    def speak(word):
        print("printed", word)
        print("partial", word, end="")
        logging.getLogger("shop").warning("logged %s", word)
        current.log("said " + word)
        current.chunk(word)
        with current.stage("inner " + word, total=2) as stage:
            stage.advance()
        current.progress(1, 4)

    def threaded(word):
        one = threading.Thread(target=speak, args=(word,))
        one.start()
        one.join()

    def nested(word):
        print("above", end="")
        run(speak, word)

    def run(target, word):
        one = fork.Process(target=target, args=(word,))
        one.start()
        one.join()

    @app.task(name="process", pool="{POOL}")
    {DEF} process() -> None:
        print("begun", end=" ")
        with current.stage("outer"):
            run(speak, "process")
        print("and ended")

    @app.task(name="threaded", pool="{POOL}")
    {DEF} in_thread() -> None:
        with current.stage("outer"):
            run(threaded, "threaded")

    @app.task(name="nested", pool="{POOL}")
    {DEF} in_copy_of_copy() -> None:
        with current.stage("outer"):
            run(nested, "nested")

    @app.task(name="large", pool="{POOL}")
    {DEF} large() -> None:
        run(current.chunk, "x" * 130_000)

    @app.task(name="executor", pool="{POOL}")
    {DEF} executor() -> None:
        with current.stage("outer"), ProcessPoolExecutor(1, mp_context=fork) as processes:
            processes.submit(speak, "executor").result()

    @app.task(name="fork", pool="{POOL}")
    {DEF} forked() -> None:
        with current.stage("outer"):
            pid = os.fork()
            if not pid:
                speak("fork")
                print()
                os._exit(0)
            os.waitpid(pid, 0)

    @app.task(name="many", pool="{POOL}")
    {DEF} many() -> None:
        run(lambda _: [print(number) for number in range(3000)], "")
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
FORKING = ["process", "threaded", "executor", "fork", "nested"]


@pytest.mark.parametrize("pool", ["loop", "thread", "process"])
def test_forked_helpers_speak_for_the_attempt_that_forked_them(pool: str, make_module: MakeModule) -> None:
    text = textwrap.dedent(SOURCE).format(POOL=pool, DEF="async def" if pool == "loop" else "def")
    target = f"{make_module(text)}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        for task in [*FORKING, "many", "large"]:
            dispatcher.run((task, task))
            await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed == {}
        for task in FORKING:
            notices = [(kind, data) for job, _, kind, _, data, *_ in dispatcher.all("notices") if job == task]
            lines = [
                (data["logger"], data["message"]) for kind, data in notices if kind == "log" and data["logger"] != "taskbahn"
            ]
            assert sorted(lines) == sorted(
                [
                    ("stdout", f"printed {task}"),
                    ("stdout", f"partial {task}"),
                    ("shop", f"logged {task}"),
                    ("", f"said {task}"),
                    *([("stdout", "begun and ended")] if task == "process" else []),
                    *([("stdout", "above")] if task == "nested" else []),
                ]
            )
            assert [data for kind, data in notices if kind == "chunk"] == [task]
            progress = [data for kind, data in notices if kind == "progress"][-1]
            assert progress["fraction"] == 0.25
            outer, inner = progress["stages"]
            assert (outer["name"], inner["name"], inner["parent"], inner["done"]) == ("outer", f"inner {task}", outer["id"], 1)
            assert inner["ended_at"] is not None
        assert [data for job, _, kind, _, data, *_ in dispatcher.all("notices") if job == "large"] == ["x" * 130_000]
        many = [
            data["message"]
            for job, _, kind, _, data, *_ in dispatcher.all("notices")
            if (job, kind) == ("many", "log") and data["logger"] != "taskbahn"  # a busy machine blocks the loop for long
        ]
        assert many == [str(number) for number in range(3000)]

    run_worker(load_app(target), action, slots=1, target=target)


class Kept:
    """A sink, and a socket, that keep what they are given."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.sent: list[bytes] = []

    def put(self, record: Record) -> None:
        self.records.append(record)

    def touch(self, context: AttemptContext) -> None:
        """Progress is not looked at here."""

    def send(self, data: bytes) -> int:
        self.sent.append(data)
        return len(data)


def test_output_of_a_copy_after_the_end_reaches_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, told = Kept(), list[str]()
    relay = Relay()
    context = AttemptContext("job", 1, "task", "[[],{}]", None, kept)
    monkeypatch.setattr(PROCESS, "tell", told.append)
    line = {"level": "INFO", "logger": "", "message": "x"}
    try:
        relay.expect(context)
        relay._take(7, "job", 1, "log", line)
        relay.drain(context)
        context.finish()
        for _ in range(2):
            relay._take(7, "job", 1, "log", line)
    finally:
        relay.stop()
    assert len(kept.records) == 1
    assert len(told) == 1
    assert "attempt 1 of job job has ended" in told[0]


def test_a_copy_is_refused_what_does_not_fit_where_it_says_it() -> None:
    kept: Any = Kept()
    context = AttemptContext("job", 1, "task", "[[],{}]", None, CopySink(kept))
    context.open_output().chunk("x" * 120_000)
    with pytest.raises(TooLarge, match="return it to the task"):
        context.open_output().chunk("x" * 140_000)
    assert len(kept.sent) == 1
