"""The parts that talk: what cannot be sent costs that message, and one that is dead, stuck or garbled is seen and replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.attempt.context import DONE, FAILED, NOTICE
from taskbahn.protocol import messages
from taskbahn.worker.loading import load_app
from taskbahn.worker.pools import childprocess
from taskbahn.worker.sendable import Sendable

SOURCE = """
    import ctypes, os, stat, sys, threading
    from taskbahn import Taskbahn, current
    app = Taskbahn()

    @app.task(name="say", pool="thread")
    def say(text: str, result: str) -> str:
        current.log(text)
        return result

    @app.task(name="fail", pool="thread")
    def fail(text: str) -> str:
        raise ValueError(text)

    @app.task(name="add")
    def add(a: int) -> int:
        return a + 1

    @app.task(name="where")
    def where() -> int:
        return os.getpid()

    @app.task(name="kill_talker", crash_attempts=1)
    def kill_talker() -> None:
        talker = next(thread for thread in threading.enumerate() if thread.name == "taskbahn-child")
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(talker.ident), ctypes.py_object(MemoryError))
        threading.Event().wait(30)

    @app.task(name="deafen")
    def deafen() -> int:
        sys.modules["__main__"].Child._obey = lambda *_: threading.Event().wait()
        return os.getpid()

    @app.task(name="garble")
    def garble() -> None:
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            try:
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.write(descriptor, b"\\x03\\0\\0\\0???")
            except OSError:
                pass
        threading.Event().wait(30)
"""


@pytest.fixture
def scenario(make_module: Callable[[str], str]) -> Callable[..., None]:
    target = f"{make_module(SOURCE)}:app"
    return lambda action, slots=1: run_worker(load_app(target), action, slots=slots, target=target)


def refuse_poison(value: Any) -> bytes:
    text = messages.JSON_ENCODE(value)
    if b"poison" in text:
        raise ValueError("this cannot travel")
    return text


def test_a_record_that_cannot_be_packed_is_replaced_by_an_error() -> None:
    records: list[Any] = [
        (DONE, ["a", 1, "1", 1.0, 2.0]),
        (DONE, ["b", 1, "poison", 1.0, 2.0]),
        (FAILED, {"id": "c", "attempt": 2, "kind": "error", "error": {"message": "poison"}, "retry": False, "started_at": 1.0}),
        (NOTICE, ["d", 1, "chunk", 1.0, "poison", 7]),
        (NOTICE, ["d", 1, "progress", 1.0, "poison"]),
    ]
    kept, result, failure, chunk, progress = Sendable(refuse_poison).sound(records)
    assert kept == records[0]
    assert (result[0], result[1]["id"], result[1]["kind"], result[1]["error"]["type"]) == (FAILED, "b", "error", "OutcomeLost")
    assert "this cannot travel" in result[1]["error"]["message"]
    assert (failure[1]["id"], failure[1]["attempt"], failure[1]["retry"]) == ("c", 2, False)
    assert (chunk[1][:3], chunk[1][5]) == (["d", 1, "log"], 7)
    assert chunk[1][4]["message"] == "a chunk could not be sent: ValueError: this cannot travel"
    assert progress[1][4]["message"].startswith("a progress report could not be sent")
    assert refuse_poison([kept, result, failure, chunk, progress])


def test_only_the_unsendable_record_is_left_out_of_a_report(scenario: Callable[..., None]) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        report = dispatcher.report

        def send(whole: dict[str, Any]) -> None:
            refuse_poison(whole)
            report(whole)

        dispatcher.report = send
        jobs = [(f"good{number}", "say", ["line", "fine"]) for number in range(20)]
        jobs += [("result", "say", ["line", "poison"]), ("line", "say", ["poison", "fine"]), ("error", "fail", ["poison"])]
        worker.reporter.disconnected()  # all of it in one report
        dispatcher.run(*jobs)
        await dispatcher.until(lambda: not worker.reporter.held)
        worker.reporter.connected(dispatcher.report, 10.0)
        await dispatcher.until(lambda: worker.is_clear)
        assert {job for job in dispatcher.done if job.startswith("good")} == {f"good{number}" for number in range(20)}
        assert dispatcher.done["line"] == "fine"
        assert {job: dispatcher.failed[job]["error"]["type"] for job in ("result", "error")} == dict.fromkeys(
            ("result", "error"), "OutcomeLost"
        )
        told = [one for one in dispatcher.all("notices") if one[0] == "line"]
        assert [one[4]["message"] for one in told] == ["a log line could not be sent: ValueError: this cannot travel"]

    scenario(action, slots=4)


def test_a_process_whose_talking_thread_has_died_is_replaced(scenario: Callable[..., None]) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("dead", "kill_talker"))
        pool = worker._pools["process"]
        await dispatcher.until(lambda: pool.running() or worker.is_clear)  # the thread may wake by itself, and end the attempt
        pool.take_back()  # an order wakes the talking thread
        await dispatcher.until(lambda: worker.is_clear)
        assert (dispatcher.failed["dead"]["kind"], dispatcher.failed["dead"]["error"]["exit_code"]) == ("crash", 70)
        dispatcher.run(("next", "add", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"next": 2}

    scenario(action)


def test_a_process_that_no_longer_reads_is_replaced_with_its_jobs(
    scenario: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(childprocess, "DEAF_AFTER", 0.3)

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("deaf", "deafen"))
        await dispatcher.until(lambda: worker.is_clear)
        dispatcher.run(("where", "where"))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed == {}
        assert dispatcher.done["where"] != dispatcher.done["deaf"]

    scenario(action)


def test_a_process_that_sends_unreadable_data_is_ended_with_the_reason(scenario: Callable[..., None]) -> None:
    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("garbled", "garble"))
        await dispatcher.until(lambda: worker.is_clear)
        failure = dispatcher.failed["garbled"]
        assert (failure["kind"], failure["error"]["type"]) == ("crash", "ProcessDied")
        assert "it sent what cannot be read" in failure["error"]["message"]
        dispatcher.run(("next", "add", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"next": 2}

    scenario(action)
