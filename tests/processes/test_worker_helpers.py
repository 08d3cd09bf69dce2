"""Helper threads of an attempt speak for it, in each pool; those that outlive it speak for no other."""

import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.attempt.ownership import PROCESS
from taskbahn.worker.loading import load_app

MakeModule = Callable[[str], str]
Lines = set[tuple[str, str]]

SOURCE = """
    import asyncio, logging, sys, threading, time
    from concurrent.futures import ThreadPoolExecutor
    from queue import Queue
    from taskbahn import Taskbahn, current

    app = Taskbahn()
    shared = ThreadPoolExecutor(1)  # its thread outlives the attempt that made it start
    inbox = Queue()
    done = Queue()

    def serve():
        while True:
            inbox.get()()
            done.put(None)

    threading.Thread(target=serve, name="early", daemon=True).start()

    def speak(word):
        print("printed", word)
        print("partial", word, end="")
        logging.getLogger("shop").warning("logged %s", word)
        current.log("said " + word)
        current.progress(1, 4)
        with current.stage("helper", total=2) as stage:
            stage.advance()
        current.chunk(word)
        return [current.job, current.task]

    class Own(threading.Thread):
        def run(self):
            self.answer = speak("own")

    @app.task(name="shared", pool="{POOL}")
    {DEF} in_shared() -> list:
        return shared.submit(speak, "shared").result()

    @app.task(name="mapped", pool="{POOL}")
    {DEF} mapped() -> list:
        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(speak, ["mapped"]))[0]

    @app.task(name="thread", pool="{POOL}")
    {DEF} thread() -> list:
        answers = []
        one = threading.Thread(target=lambda: answers.append(speak("thread")))
        one.start()
        one.join()
        return answers[0]

    @app.task(name="own", pool="{POOL}")
    {DEF} own() -> list:
        one = Own()
        one.start()
        one.join()
        return one.answer

    @app.task(name="timer", pool="{POOL}")
    {DEF} timer() -> list:
        answers = []
        one = threading.Timer(0, lambda: answers.append(speak("timer")))
        one.start()
        one.join()
        return answers[0]

    @app.task(name="nested", pool="{POOL}")
    {DEF} nested() -> list:
        with ThreadPoolExecutor(1) as outer, ThreadPoolExecutor(1) as inner:
            return outer.submit(lambda: inner.submit(speak, "nested").result()).result()

    @app.task(name="carried", pool="{POOL}")
    {DEF} carried() -> list:
        answers = []
        inbox.put(current.carry(lambda: answers.append(speak("carried"))))
        done.get()
        return answers[0]

    @app.task(name="early", pool="{POOL}")
    {DEF} early() -> list:
        answers = []
        inbox.put(lambda: answers.append(speak("early")))
        done.get()
        return answers[0]

    @app.task(name="check", pool="{POOL}", run_within=0.3)
    {DEF} check() -> list:
        ended = []
        def work():
            try:
                while True:
                    current.check()
                    time.sleep(0.005)
            finally:
                ended.append(current.is_cancelled)
        one = threading.Thread(target=work)
        one.start()
        try:
            while one.is_alive():
                {PAUSE}
        finally:
            one.join()
            print("helper ended", ended)

    @app.task(name="stage", pool="{POOL}")
    {DEF} stage() -> str:
        def late(open_stage):
            going.wait()
            open_stage.advance()
            gone.set()
        with current.stage("open") as open_stage:
            threading.Thread(target=late, name="late", args=(open_stage,)).start()
        return "left"

    going = threading.Event()
    gone = threading.Event()

    @app.task(name="leave", pool="{POOL}")
    {DEF} leave() -> str:
        def late():
            going.wait()
            speak("late")
            current.check()
            gone.set()
        threading.Thread(target=late, name="late").start()
        return "left"

    @app.task(name="after", pool="{POOL}")
    {DEF} after() -> str:
        going.set()
        gone.wait()
        return "after"
"""
POOLS = ["loop", "thread", "process"]
OWN = ["shared", "mapped", "thread", "own", "timer", "nested", "carried"]


def target_of(pool: str, make_module: MakeModule) -> str:
    words = {
        "DEF": "async def" if pool == "loop" else "def",
        "PAUSE": f"{'await asyncio' if pool == 'loop' else 'time'}.sleep(0.005)",
    }
    return f"{make_module(textwrap.dedent(SOURCE).format(POOL=pool, **words))}:app"


def lines_of(dispatcher: Any, job: str) -> Lines:
    return {
        (data["logger"], data["message"]) for id, _, kind, _, data, *_ in dispatcher.all("notices") if (id, kind) == (job, "log")
    }


def spoken(word: str) -> Lines:
    return {("stdout", f"printed {word}"), ("stdout", f"partial {word}"), ("shop", f"logged {word}"), ("", f"said {word}")}


@pytest.mark.parametrize("pool", POOLS)
def test_threads_that_an_attempt_starts_speak_for_it(pool: str, make_module: MakeModule) -> None:
    target = target_of(pool, make_module)

    async def action(worker: Any, dispatcher: Any) -> None:
        for number in (1, 2):  # the second time an executor's thread is another attempt's
            for task in OWN:
                dispatcher.run((f"{task}{number}", task))
                await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed == {}
        for number in (1, 2):
            for task in OWN:
                job = f"{task}{number}"
                assert dispatcher.done[job] == [job, task]
                assert lines_of(dispatcher, job) == spoken(task)
                notices = [one for one in dispatcher.all("notices") if one[0] == job]
                assert [one[4] for one in notices if one[2] == "chunk"] == [task]
                progress = [one[4] for one in notices if one[2] == "progress"][-1]
                assert (progress["fraction"], [stage["name"] for stage in progress["stages"]]) == (0.25, ["helper"])

    run_worker(load_app(target), action, slots=1, target=target)


@pytest.mark.parametrize("pool", POOLS)
def test_a_thread_of_the_import_speaks_for_attempts_only_in_processes(
    pool: str, make_module: MakeModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_of(pool, make_module)

    async def action(worker: Any, dispatcher: Any) -> None:
        warnings: list[str] = []
        monkeypatch.setattr(PROCESS, "tell", warnings.append)
        for job in "ab":
            dispatcher.run((job, "early"))
            await dispatcher.until(lambda: worker.is_clear)
        if pool == "process":
            assert dispatcher.done == {"a": ["a", "early"], "b": ["b", "early"]}
            assert [lines_of(dispatcher, job) for job in "ab"] == [spoken("early"), spoken("early")]
            return
        assert dispatcher.done == {"a": [None, None], "b": [None, None]}
        assert dispatcher.notices("log") == []
        (warning,) = warnings
        assert "'early' belongs to no attempt" in warning
        assert "current.carry" in warning

    run_worker(load_app(target), action, slots=1, target=target)


@pytest.mark.parametrize("pool", POOLS)
def test_check_ends_a_helper_with_its_attempt(pool: str, make_module: MakeModule, capfd: pytest.CaptureFixture[str]) -> None:
    target = target_of(pool, make_module)

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", "check", [], 0.3))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.failed["a"]["kind"] == "time_limit"
        assert lines_of(dispatcher, "a") == {("stdout", "helper ended [True]")}

    run_worker(load_app(target), action, slots=1, target=target)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("leaving", ["leave", "stage"])
@pytest.mark.parametrize("pool", ["thread", "process"])
def test_a_thread_that_outlives_its_attempt_speaks_for_no_other(
    pool: str, leaving: str, make_module: MakeModule, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    target = target_of(pool, make_module)
    warnings: list[str] = []

    async def action(worker: Any, dispatcher: Any) -> None:
        monkeypatch.setattr(PROCESS, "tell", warnings.append)
        for job, task in (("a", leaving), ("b", "after")):
            dispatcher.run((job, task))
            await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"a": "left", "b": "after"}
        assert [one for one in dispatcher.all("notices") if one[0] == "b"] == []
        assert dispatcher.notices("log") == dispatcher.notices("chunk") == []
        assert [stage["done"] for shown in dispatcher.notices("progress") for stage in shown["stages"] if "done" in stage] == []

    run_worker(load_app(target), action, slots=1, target=target)
    written = capfd.readouterr()
    assert ("printed late" in written.out) == (leaving == "leave")
    told = written.err if pool == "process" else "\n".join(warnings)
    assert told.count(f"'late' reaches no job: attempt 1 of job a ({leaving}), to which it belongs, has ended") == 1
