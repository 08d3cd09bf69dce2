"""What tasks hand over, on a real worker of all three pools: it arrives, or costs its own attempt, and plain jobs follow on all slots."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.programs import Node, Program, worker_of

from taskbahn import Taskbahn
from taskbahn.errors import JobCancelled, JobFailed

POOLS = ("process", "thread", "loop")
SLOTS = 2
MODULE = r"""
    import asyncio, datetime, json, logging, math, os, pathlib, sys, time
    from decimal import Decimal
    from fractions import Fraction
    from taskbahn import Retry, Taskbahn, current

    app = Taskbahn()
    SURROGATE = json.loads('"\\ud83d"')

    class Markup(str):
        pass

    class WriteOnly:
        def write(self, text):
            return len(text)

    class Index:
        def __index__(self):
            return 4

    class Unspeakable(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def surrogates():
        logging.warning(SURROGATE)
        print(os.fsdecode(b"\xff"))
        with current.stage(SURROGATE) as stage:
            stage.advance(1)
        current.progress(1, 2, message=SURROGATE)

    def surrogate_in_error():
        raise ValueError(SURROGATE)

    def unspeakable():
        raise Unspeakable

    def again(delay):
        if current.attempt == 1:
            raise Retry(delay=delay)

    def retry_decimal():
        again(Decimal("0.01"))

    def retry_bool():
        again(True)

    def retry_timedelta():
        again(datetime.timedelta(milliseconds=10))

    def numbers():
        with current.stage("s", total=Index()) as stage:
            stage.advance(Fraction(1, 2))
            stage.advance(Decimal("0.5"))
        current.extend(Fraction(11, 2))

    def total_text():
        with current.stage("s", total="10"):
            pass

    def stdout():
        sys.stdout = WriteOnly()
        print(SURROGATE)

    def nan() -> float:
        return math.nan

    def infinities() -> list[float]:
        return [math.inf, -math.inf]

    def nan_unsaid():
        return math.nan

    def large() -> int:
        return 2 ** 70

    def markup() -> str:
        return Markup("<b>")

    def talk_at_the_end(place: str) -> None:
        pathlib.Path(place).touch()
        try:
            while True:
                time.sleep(0.01)
        finally:
            for number in range(4):
                logging.warning("the end, %d", number)
                time.sleep(0.2)

    async def talk_at_the_end_in_loop(place: str) -> None:
        pathlib.Path(place).touch()
        try:
            await asyncio.sleep(60)
        finally:
            for number in range(4):
                logging.warning("the end, %d", number)
                await asyncio.sleep(0.2)

    def plain() -> int:
        return 7

    FUNCTIONS = (surrogates, surrogate_in_error, unspeakable, retry_decimal, retry_bool, retry_timedelta, numbers, total_text, stdout,
                 nan, infinities, nan_unsaid, large, markup, plain)

    def on_loop(function):
        async def run():
            return function()
        run.__annotations__ = dict(function.__annotations__)
        return run

    for function in FUNCTIONS:
        words = {"retries": [0.01] if function.__name__.startswith("retry") else 0, "run_within": 20}
        for pool in ("process", "thread"):
            app.task(name=f"{function.__name__}.{pool}", pool=pool, **words)(function)
        app.task(name=f"{function.__name__}.loop", **words)(on_loop(function))
    for pool in ("process", "thread"):
        app.task(name=f"talk_at_the_end.{pool}", pool=pool)(talk_at_the_end)
    app.task(name="talk_at_the_end.loop")(talk_at_the_end_in_loop)
"""
GIVEN = {
    "surrogates": None,
    "retry_decimal": None,
    "retry_bool": None,  # the first attempt fails, with a sentence about the delay
    "retry_timedelta": None,
    "numbers": None,
    "stdout": None,
    "nan": "NaN",  # by its name alone a task is not known to give a float
    "infinities": ["Infinity", "-Infinity"],
    "large": 2**70,
    "markup": "<b>",
}
REFUSED = {
    "surrogate_in_error": r"ValueError: \\ud83d",
    "unspeakable": "Unspeakable",
    "total_text": "total",
    "nan_unsaid": "nan",
}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Iterator[Program]:
    with worker_of(MODULE, tmp_path_factory.mktemp("values"), node, SLOTS) as program:
        yield program


@pytest.fixture(scope="module")
def app(worker: Program, node: Node) -> Iterator[Taskbahn]:
    assert worker.process.poll() is None
    with Taskbahn(node.websocket) as made:
        yield made


def works(app: Taskbahn, pool: str) -> bool:
    """Return whether all slots still do a plain job."""
    jobs = [app.get(f"plain.{pool}").start() for _ in range(2 * SLOTS)]
    return [job.result(timeout=40) for job in jobs] == [7] * (2 * SLOTS)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("task", GIVEN)
def test_what_a_task_hands_over_arrives_and_plain_jobs_follow(app: Taskbahn, task: str, pool: str) -> None:
    assert app.get(f"{task}.{pool}").start().result(timeout=40) == GIVEN[task]
    assert works(app, pool)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("task", REFUSED)
def test_what_cannot_travel_costs_its_attempt_and_plain_jobs_follow(app: Taskbahn, task: str, pool: str) -> None:
    with pytest.raises(JobFailed, match=REFUSED[task]):
        app.get(f"{task}.{pool}").start().result(timeout=40)
    assert works(app, pool)


@pytest.mark.parametrize("pool", POOLS)
def test_output_after_a_cancel_does_not_cost_the_slot(app: Taskbahn, pool: str, tmp_path: Path) -> None:
    places = [tmp_path / str(number) for number in range(SLOTS)]
    jobs = [app.get(f"talk_at_the_end.{pool}").start(str(place)) for place in places]
    deadline = time.monotonic() + 40
    while not all(place.exists() for place in places):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for job in jobs:
        job.cancel()
    for job in jobs:
        with pytest.raises(JobCancelled):
            job.result(timeout=40)
    assert works(app, pool)


def test_nan_arrives_as_a_float_where_the_function_is_known(node: Node, app: Taskbahn) -> None:
    with Taskbahn(node.websocket) as knowing:

        @knowing.task(name="nan.thread")
        def nan() -> float:
            raise AssertionError

        @knowing.task(name="infinities.loop")
        async def infinities() -> list[float]:
            raise AssertionError

        assert math.isnan(nan.start().result(timeout=40))
        assert infinities.start().result(timeout=40) == [math.inf, -math.inf]


def test_after_all_this_the_worker_keeps_nothing_and_ends_at_once(app: Taskbahn, worker: Program) -> None:
    def row() -> Any:
        [found] = [one for one in app.view.workers() if one.pid == worker.process.pid]
        return found

    deadline = time.monotonic() + 20
    while row().running:
        assert time.monotonic() < deadline, row()
        time.sleep(0.05)
    began = time.monotonic()
    worker.process.terminate()
    assert worker.process.wait(20) == 0
    assert time.monotonic() - began < 10
