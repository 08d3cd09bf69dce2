"""Tasks that hand over whatever Python has: afterwards the worker still does plain jobs, with all its slots, and its books are empty."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.worker_harness import leave_pytest_out, run_worker

from taskbahn.worker.loading import load_app

SLOTS = 3
ROUNDS = 120  # jobs of mischief in each pool

SOURCE = """
    import asyncio, datetime, decimal, fractions, io, logging, math, os, pathlib, random, sys, time
    from taskbahn import Taskbahn, current
    from taskbahn.signals import GiveUp, Retry

    app = Taskbahn()

    class Impossible(BaseException):
        pass

    class Raises:
        def __str__(self): raise Impossible("no text")
        __repr__ = __bytes__ = __float__ = __index__ = __hash__ = __bool__ = __len__ = __iter__ = __str__

    class Lies(str):
        def __str__(self): return 5
        def __len__(self): return -1
        def upper(self): return None

    class WriteOnly:
        def write(self, text): return len(text)

    class Stubborn(Exception):
        def __str__(self): raise SystemExit(3)
        __notes__ = property(lambda self: 1 / 0)
        __cause__ = property(lambda self: Raises())

    def cyclic():
        error, other = ValueError("one"), KeyError("two")
        error.__cause__, other.__cause__ = other, error
        return error

    deep = []
    for _ in range(5000):
        deep = [deep]
    itself = []
    itself.append(itself)

    OBJECTS = [
        None, True, 0, -1, 2**53 + 1, 2**70, -(10**400), 0.0, math.nan, math.inf, 1e308, 1j, "", "text", "\\ud83d", "\\udcff" * 9000,
        "a\\x00b", "\\r\\n\\r", b"bytes", bytearray(b"x"), [], [1, [2]], deep, itself, {}, {1: 2}, {(1, 2): 3}, {"\\ud83d": "\\ud83d"},
        {1, 2}, object(), object, Raises(), Raises, Lies("x"), WriteOnly(), decimal.Decimal("NaN"), decimal.Decimal("sNaN"),
        decimal.Decimal(10), fractions.Fraction(1, 3), datetime.timedelta(days=999999999), datetime.timedelta(-1), datetime.date.max,
        datetime.datetime.min, pathlib.Path("/\\udcff"), range(3), iter([1]), (x for x in "ab"), len, lambda: None, type, NotImplemented,
        ..., Stubborn(), cyclic(), ExceptionGroup("many", [ValueError("\\ud83d"), Stubborn()]), memoryview(b"x"), io.StringIO("x"),
        os.stat_result(range(10)), sys, logging, current, app,
    ]

    def set_stdout(value):
        sys.stdout = value

    def raises(error):
        raise error if isinstance(error, BaseException) else error()

    def stage(name, total=None, n=1):
        with current.stage(name, total=total) as stage:
            stage.advance(n)
            stage.total = n

    ACTIONS = [
        lambda a, b, c: current.progress(a, b, c, a),
        lambda a, b, c: current.progress(0.5, None, a, b),
        lambda a, b, c: stage(a, b, c),
        lambda a, b, c: stage("s", 1, a),
        lambda a, b, c: current.log(a, b),
        lambda a, b, c: current.chunk(a),
        lambda a, b, c: current.extend(a),
        lambda a, b, c: raises(Retry(a, b)),
        lambda a, b, c: raises(Retry(reason=a)),
        lambda a, b, c: raises(GiveUp(a)),
        lambda a, b, c: raises(ValueError(a, b)),
        lambda a, b, c: raises(a),
        lambda a, b, c: logging.warning(a, b, c),
        lambda a, b, c: logging.warning("%s", a),
        lambda a, b, c: logging.getLogger("odd").log(30, a, extra={"x": b}),
        lambda a, b, c: logging.Logger(a).error(b),
        lambda a, b, c: print(a, b, sep="\\ud83d"),
        lambda a, b, c: sys.stdout.write(a),
        lambda a, b, c: set_stdout(a),
        lambda a, b, c: set_stdout(WriteOnly()),
        lambda a, b, c: sys.stderr.writelines([a]),
        lambda a, b, c: a,
        lambda a, b, c: [a, {"x": b}],
        lambda a, b, c: raises(SystemExit(a)),
        lambda a, b, c: raises(KeyboardInterrupt(a)),
        lambda a, b, c: raises(asyncio.CancelledError(a)),
    ]

    def do(number):
        chance = random.Random(number)
        return ACTIONS[number % len(ACTIONS)](*(chance.choice(OBJECTS) for _ in range(3)))

    @app.task(name="mischief", pool="{POOL}", run_within=20)
    {DEF} mischief(number: int):
        return do(number)

    @app.task(name="meet", pool="{POOL}", run_within=20)
    {DEF} meet(folder: str, name: str, count: int) -> str:
        pathlib.Path(folder, name).touch()
        while len(os.listdir(folder)) < count:
            {AWAIT}{SLEEP}(0.005)
        return name
"""


@pytest.mark.parametrize("pool", ["loop", "thread", "process"])
def test_a_worker_keeps_all_slots_whatever_a_task_hands_over(
    pool: str, make_module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_pytest_out(monkeypatch)
    words = ("async def", "await ", "asyncio.sleep") if pool == "loop" else ("def", "", "time.sleep")
    source = SOURCE
    for name, word in zip(("{POOL}", "{DEF}", "{AWAIT}", "{SLEEP}"), (pool, *words), strict=True):
        source = source.replace(name, word)
    target = f"{make_module(source)}:app"
    place = tmp_path / "met"
    place.mkdir()

    async def scenario(worker: Any, dispatcher: Any) -> None:
        for number in range(ROUNDS):
            dispatcher.run((f"m{number}", "mischief", [number]))
        await dispatcher.until(lambda: worker.is_clear, 60)
        answered = dispatcher.done.keys() | dispatcher.failed.keys() | {job for job, _ in dispatcher.all("back")}
        assert answered == {f"m{number}" for number in range(ROUNDS)}
        assert [job for job, failure in dispatcher.failed.items() if failure["kind"] == "crash"] == []
        for report in dispatcher.reports:
            msgspec.json.encode(report)
            msgspec.msgpack.encode(report)

        dispatcher.run(*((name, "meet", [str(place), name, SLOTS]) for name in "abc"))  # all at once, or never
        await dispatcher.until(lambda: worker.is_clear, 40)
        assert {name: dispatcher.done.get(name) for name in "abc"} == {"a": "a", "b": "b", "c": "c"}
        assert not worker.reporter.held
        assert all(not pool.running() for pool in worker._pools.values())

    run_worker(load_app(target), scenario, slots=SLOTS, target=target)
