"""What stops an attempt may arrive where Python swallows it: the attempt stops all the same, and nothing is ended by force."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.worker_harness import run_worker

from taskbahn.worker.loading import load_app

SOURCE = """
    import gc, threading, time, weakref
    from pathlib import Path
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    def burn() -> None:
        until = time.monotonic() + 0.01
        while time.monotonic() < until:
            pass

    class Finalized:
        def __del__(self) -> None:
            burn()

    class Plain:
        pass

    def in_finalizers() -> None:
        while True:
            Finalized()
            burn()

    def in_weak_references() -> None:
        while True:
            made = Plain()
            reference = weakref.ref(made, lambda _: burn())
            del made
            burn()

    def in_collections() -> None:
        home = threading.get_ident()

        def collecting(*_) -> None:
            if threading.get_ident() == home:
                burn()

        gc.callbacks.append(collecting)
        try:
            while True:
                gc.collect(0)
                burn()
        finally:
            gc.callbacks.remove(collecting)

    class Checking:
        def __del__(self) -> None:
            current.check()

    def clean_up(place: str) -> None:
        try:
            while True:
                burn()
        finally:
            for _ in range(20):  # as long as a second hit would take to come
                Checking()
                burn()
            Path(place).touch()

    for function in (clean_up, in_finalizers, in_weak_references, in_collections):
        for pool in ("thread", "process"):
            app.task(name=f"{function.__name__}.{pool}", pool=pool)(function)
"""
MANY = 4


@pytest.mark.parametrize("pool", ["thread", "process"])
@pytest.mark.parametrize("place", ["in_finalizers", "in_weak_references", "in_collections"])
def test_what_stops_an_attempt_reaches_it_though_it_is_swallowed(
    make_module: Callable[[str], str], place: str, pool: str
) -> None:
    async def scenario(worker: Any, dispatcher: Any) -> None:
        for number in range(MANY):  # each meets such a place with one half
            dispatcher.run((f"j{number}", f"{place}.{pool}", [], 0.1))
            await dispatcher.until(lambda: worker.is_clear)
        errors = [failed["error"] for failed in dispatcher.failed.values()]
        assert [error["message"] for error in errors] == [f"{place}.{pool} ran longer than its time limit of 0.1 s"] * MANY

    target = f"{make_module(SOURCE)}:app"
    run_worker(load_app(target), scenario, slots=1, target=target)


@pytest.mark.parametrize("pool", ["thread", "process"])
def test_an_attempt_that_cleans_up_is_hit_once_despite_swallowed_checks(
    make_module: Callable[[str], str], tmp_path: Path, pool: str
) -> None:
    async def scenario(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("a", f"clean_up.{pool}", [str(tmp_path / "clean")], 0.1))
        await dispatcher.until(lambda: worker.is_clear)
        assert list(dispatcher.failed) == ["a"]
        assert (tmp_path / "clean").exists()

    target = f"{make_module(SOURCE)}:app"
    run_worker(load_app(target), scenario, slots=1, target=target)
