"""What stops an attempt may arrive where Python swallows it: the attempt stops all the same, and nothing is ended by force."""

from collections.abc import Callable
from typing import Any

import pytest
from support.stage import play

from taskbahn.worker.loading import load_app

SOURCE = """
    import gc, threading, time, weakref
    from taskbahn import Taskbahn

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

    for function in (in_finalizers, in_weak_references, in_collections):
        for pool in ("thread", "process"):
            app.task(name=f"{function.__name__}.{pool}", pool=pool)(function)
"""
MANY = 4


@pytest.mark.parametrize("pool", ["thread", "process"])
@pytest.mark.parametrize("place", ["in_finalizers", "in_weak_references", "in_collections"])
def test_what_stops_an_attempt_reaches_it_though_it_is_swallowed(
    make_module: Callable[[str], str], place: str, pool: str
) -> None:
    async def scene(worker: Any, dispatcher: Any) -> None:
        for number in range(MANY):  # each meets such a place with one half
            dispatcher.run((f"j{number}", f"{place}.{pool}", [], 0.1))
            await dispatcher.until(lambda: worker.is_clear)
        errors = [failed["error"] for failed in dispatcher.failed.values()]
        assert [error["message"] for error in errors] == [f"{place}.{pool} ran longer than its time limit of 0.1 s"] * MANY

    target = f"{make_module(SOURCE)}:app"
    play(load_app(target), scene, slots=1, target=target)
