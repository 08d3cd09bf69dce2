"""What a worker process does with the answers of a dispatcher that does not want it."""

import asyncio
import contextlib
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from autobahn.wamp.exception import ApplicationError
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import Taskbahn
from taskbahn.errors import UnsupportedProtocol, WorkerIdTaken
from taskbahn.protocol.plain_text import UNSAFE
from taskbahn.worker.run import PlainStream, Run, _write
from taskbahn.worker.service import LOOP_SLOTS, Settings


def refuse(error: Exception) -> Run:
    async def main() -> Run:
        run = Run(Taskbahn(), Settings(target="shop:app", url="ws://here/ws"), grace=1, burst=False)
        run._refused(error)
        run._refused(error)
        return run

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(main())).result()


@pytest.mark.parametrize(
    "error, sentence",
    [
        (UnsupportedProtocol(2, 1, 1), "upgrade the router"),
        (UnsupportedProtocol(0, 1, 1), "upgrade the worker"),
        (WorkerIdTaken("another session came"), "give each worker its own --name"),
    ],
)
def test_what_will_never_work_ends_the_worker_with_code_1(error: Any, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = refuse(ApplicationError(error.uri, error.message))
    assert (run.code, run.finished.is_set()) == (1, True)
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "uri, sentence",
    [
        ("wamp.error.no_such_procedure", "has no Taskbahn dispatcher (yet)"),
        ("taskbahn.error.not_ready", "starting; still trying"),
    ],
)
def test_what_may_work_later_is_said_once(uri: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = refuse(ApplicationError(uri, "starting"))
    assert (run.code, run.finished.is_set()) == (0, False)
    assert capsys.readouterr().err.count(sentence) == 1


def test_slots_are_one_a_cpu_unless_all_tasks_are_async(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    app = Taskbahn()

    @app.task(name="a")
    async def a() -> None: ...

    settings = Settings(target="shop:app", url="ws://here/ws")
    assert settings.slots_for(app) == LOOP_SLOTS

    @app.task(name="b")
    def b() -> None: ...

    assert settings.slots_for(app) == 3
    assert Settings(target="shop:app", url="ws://here/ws", slots=7).slots_for(app) == 7


@given(text=st.text(st.one_of(st.sampled_from("\x1b[31m]0;\x07\u202e\x08\r\n\t\x9b\x7f"), st.characters())))
def test_what_a_worker_writes_does_nothing_to_a_terminal(text: str) -> None:
    stderr, log = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(stderr):
        _write(text)
    PlainStream(log).write(text)
    for written in (stderr.getvalue(), log.getvalue()):
        assert not UNSAFE.search(written.replace("\r\n", "\n"))
