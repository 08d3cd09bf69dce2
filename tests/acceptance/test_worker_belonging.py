"""On real workers: what a task inherits from its application's import, and who of its helpers speaks for it."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from autobahn.wamp.types import CallOptions
from support.plain import session_to
from support.programs import Node, Program
from twisted.internet.threads import deferToThread

from taskbahn.protocol import messages
from taskbahn.protocol.calls import Call
from taskbahn.protocol.ids import new_id

MODULE = """
    import decimal, logging, multiprocessing, os, sys
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import ContextVar
    from sys import stdout
    from taskbahn import Taskbahn, current

    app = Taskbahn()
    pushed = ContextVar("pushed")
    pushed.set("at import")
    decimal.getcontext().prec = 50
    logging.basicConfig(level="INFO", stream=sys.stderr)
    shared = ThreadPoolExecutor(1)
    fork = multiprocessing.get_context("fork")

    def speak(word):
        print(word, "printed")
        logging.info("%s logged", word)
        return current.job

    def work() -> list:
        found = [pushed.get("lost"), decimal.getcontext().prec]
        pushed.set("by a task")
        decimal.getcontext().prec = 7
        stdout.write("early\\n")
        for percent in (0, 50, 100):
            sys.stderr.write(f"\\r{percent}%")
        sys.stderr.write("\\n")
        belongs = shared.submit(speak, "thread").result() == current.job
        helper = fork.Process(target=speak, args=("fork",))
        helper.start()
        helper.join()
        return [*found, belongs]

    @app.task(name="belong.process")
    def in_process() -> list:
        return work()

    @app.task(name="belong.thread", pool="thread")
    def in_thread() -> list:
        return work()

    @app.task(name="belong.loop")
    async def on_loop() -> list:
        return work()
"""


@pytest.fixture
def worker(tmp_path: Path, node: Node, request: pytest.FixtureRequest) -> Iterator[Program]:
    (tmp_path / "belong.py").write_text(textwrap.dedent(MODULE))
    program = Program("worker", "belong:app", "--url", node.websocket, "--slots", "1", *request.param, cwd=tmp_path)
    try:
        program.wait_for("ready")
        yield program
    finally:
        program.close()


@pytest.mark.parametrize("worker", [[], ["--watch"]], indirect=True, ids=["plain", "watch"])
@pytest_twisted.ensureDeferred
async def test_each_job_finds_the_imports_context_and_its_helpers_speak_for_it(worker: Program, node: Node) -> None:
    async with session_to(node.websocket) as session:
        for pool in ("process", "thread", "loop") * 2:
            job = new_id()
            await session.call(messages.SUBMIT, [messages.plain(Call(task=f"belong.{pool}", id=job))])
            await session.call(messages.JOB_WAIT, [job], options=CallOptions(on_progress=lambda _: None))
            shown: dict[str, Any] = await session.call(messages.JOB_GET, job)
            assert (shown["state"], shown["result"]) == ("succeeded", ["at import", 50, True])
            events = (await session.call(messages.JOB_EVENTS, job))["events"]
            said = [(event["data"]["logger"], event["data"]["message"]) for event in events if event["kind"] == "log"]
            assert said == [
                ("stdout", "early"),
                ("stderr", "100%"),
                ("stdout", "thread printed"),
                ("root", "thread logged"),
                ("stdout", "fork printed"),
                ("root", "fork logged"),
            ]
    assert await deferToThread(worker.end) == 0
