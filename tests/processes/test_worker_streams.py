"""Streams that the application binds while it is imported are captured, in each pool, and no line comes twice."""

import io
import logging
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.worker.capture import Capture
from taskbahn.worker.loading import load_app

MakeModule = Callable[[str], str]

SOURCE = """
    import logging, logging.handlers, os, queue, sys, threading
    from sys import stdout
    from taskbahn import Taskbahn

    app = Taskbahn()
    bound = sys.stderr  # as loguru's first handler does
    log = logging.getLogger("shop.{POOL}")
    log.setLevel(logging.INFO)
    log.addHandler(logging.StreamHandler())
    queued = logging.getLogger("queued.{POOL}")
    queued.setLevel(logging.INFO)
    queued.propagate = False
    lines = queue.Queue()
    queued.addHandler(logging.handlers.QueueHandler(lines))
    class Listener(logging.handlers.QueueListener):
        def handle(self, record):
            super().handle(record)
            handled.set()
    handled = threading.Event()
    Listener(lines, logging.StreamHandler(stdout)).start()

    @app.task(name="write", pool="{POOL}")
    {DEF} write() -> None:
        stdout.write("early\\n")
        bound.write("bound\\n")
        sys.stdout.writelines(["of ", "lines\\n"])
        log.info("once")
        queued.info("also once")
        handled.wait()
        for percent in range(0, 101, 10):
            bound.write(f"\\r{{percent}}%")
        bound.write("\\n")
        sys.stdout.buffer.write("bytes \u00fc\\n".encode())
        sys.stdout.buffer.flush()

    @app.task(name="ask", pool="{POOL}")
    {DEF} ask() -> list:
        return [sys.stdout.isatty(), sys.stdout.encoding, os.fstat(sys.stdout.fileno()).st_ino == os.fstat(1).st_ino]
"""


@pytest.fixture
def capture() -> Iterator[Capture]:
    made = Capture()
    yield made
    made.stop()


@pytest.mark.parametrize("pool", ["loop", "thread", "process"])
def test_what_the_import_bound_reaches_the_log_of_the_job_once(
    pool: str, make_module: MakeModule, capture: Capture, capfd: pytest.CaptureFixture[str]
) -> None:
    text = textwrap.dedent(SOURCE).format(POOL=pool, DEF="async def" if pool == "loop" else "def")
    target = f"{make_module(text)}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "write"), ("b", "ask"))
        await dispatcher.until(lambda: worker.is_clear)
        assert [(line["logger"], line["message"]) for line in dispatcher.notices("log")] == [
            ("stdout", "early"),
            ("stderr", "bound"),
            ("stdout", "of lines"),
            (f"shop.{pool}", "once"),
            (f"queued.{pool}", "also once"),
            ("stderr", "100%"),
            ("stdout", "bytes ü"),
        ]
        is_terminal, encoding, is_own = dispatcher.done["b"]
        assert (is_terminal, encoding.lower(), is_own) == (False, "utf-8", pool == "process" or is_own)

    capture.start()  # as the command does, before the import
    run_worker(load_app(target), action, slots=1, target=target)
    written = capfd.readouterr()
    assert "early" in written.out
    assert written.out.count("bytes ü") == 1
    assert written.err.count("bound") == written.err.count("once\n") == 1


def test_one_capture_at_a_time_and_all_is_put_back() -> None:
    before = sys.stdout, sys.stderr, logging.Logger.callHandlers, logging.Handler.handle
    first, second = Capture(), Capture()
    first.start()
    during = sys.stdout, sys.stderr
    second.start()
    assert (sys.stdout, sys.stderr) == during
    second.stop()
    assert (sys.stdout, sys.stderr) == during
    first.stop()
    assert (sys.stdout, sys.stderr, logging.Logger.callHandlers, logging.Handler.handle) == before


def test_a_stream_is_as_the_one_below_and_may_be_wrapped(monkeypatch: pytest.MonkeyPatch, capture: Capture) -> None:
    below = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace")
    monkeypatch.setattr(sys, "stdout", below)
    capture.start()
    assert (sys.stdout.encoding, sys.stdout.errors, sys.stdout.isatty(), sys.stdout.closed) == (
        "latin-1",
        "replace",
        False,
        False,
    )
    wrapped = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=True)  # a habit of older programs
    wrapped.write("ü")
    assert below.buffer.getvalue() == "ü".encode()
    wrapped.detach()


def test_a_program_without_standard_streams_is_captured_all_the_same(monkeypatch: pytest.MonkeyPatch, capture: Capture) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    capture.start()
    print(f"no stream takes this line of {os.getpid()}")
    assert (sys.stdout, sys.stderr) == (None, None)


SPOILED = """
    import io, os, sys
    from taskbahn import Taskbahn

    app = Taskbahn()

    class Taker:
        def write(self, text):
            return len(text)

    def replace():
        sys.stdout = Taker()

    def remove():
        sys.stdout = None

    def delete():
        del sys.stdout

    def close():
        print("said")
        sys.stdout.close()

    def detach():
        with io.TextIOWrapper(sys.stdout.detach(), encoding="utf-8") as out:
            out.write("said\\n")

    def wrap():
        with io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8") as out:
            out.write("said\\n")

    def fill():
        out = sys.stdout.fileno()
        full = os.open("/dev/full", os.O_WRONLY)
        kept = os.dup(out)
        os.dup2(full, out)
        try:
            print("said", flush=True)
        finally:
            os.dup2(kept, out)

    @app.task(name="spoil", pool="{POOL}")
    {DEF} spoil(how: str) -> None:
        globals()[how]()

    @app.task(name="say", pool="{POOL}")
    {DEF} say() -> None:
        print("heard")
"""


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a stream around the common one is not closed with it
@pytest.mark.parametrize("pool", ["loop", "thread", "process"])
def test_whatever_a_task_does_to_the_streams_the_next_job_is_heard(
    pool: str, make_module: MakeModule, monkeypatch: pytest.MonkeyPatch, capture: Capture
) -> None:
    ways = ["replace", "remove", "delete", "close", "detach", "wrap", *(["fill"] if Path("/dev/full").exists() else [])]
    text = textwrap.dedent(SPOILED).format(POOL=pool, DEF="async def" if pool == "loop" else "def")
    target = f"{make_module(text)}:app"

    async def action(worker: Any, dispatcher: Any) -> None:
        for how in ways:
            for name, task, args in ((how, "spoil", [how]), (f"after {how}", "say", [])):
                dispatcher.run((name, task, args))
                await dispatcher.until(lambda: worker.is_clear)
        heard = [(one[0], one[4]["message"]) for one in dispatcher.all("notices") if one[2] == "log"]
        loud = [(how, "said") for how in ways if how not in ("replace", "remove", "delete")]
        assert sorted(heard) == sorted([(f"after {how}", "heard") for how in ways] + loud)
        assert not dispatcher.failed

    with Path(os.devnull).open("w", encoding="utf-8") as below:  # not pytest's own stream
        monkeypatch.setattr(sys, "stdout", below)
        capture.start()
        run_worker(load_app(target), action, target=target)
        capture.stop()
