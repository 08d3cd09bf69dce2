"""Whatever a task hands over costs that message or that attempt alone: the worker answers afterwards, with all its slots."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worker_harness import leave_pytest_out, run_worker

from taskbahn.attempt.plain_data import number_of as plain_number
from taskbahn.attempt.plain_data import text_of as plain_text
from taskbahn.protocol import messages
from taskbahn.worker.loading import load_app

SOURCE = r"""
import datetime, decimal, fractions, json, logging, os, sys
from taskbahn import Taskbahn
from taskbahn.attempt.current import current
from taskbahn.signals import GiveUp, Retry

app = Taskbahn()
SURROGATE = json.loads('"\\ud83d"')

class BadText(Exception):
    def __str__(self): raise SystemExit(4)
    __repr__ = __str__

class BadClass(Exception):
    @property
    def __class__(self): raise RuntimeError("no class")
    @property
    def __cause__(self): raise KeyboardInterrupt
    @property
    def __notes__(self): raise SystemExit(5)

class BadMeta(type):
    def __getattribute__(cls, name):
        if name == "__qualname__": raise RuntimeError("no name")
        return 7 if name == "__module__" else super().__getattribute__(name)

class BadName(Exception, metaclass=BadMeta):
    pass

class Unfinished(Retry):
    def __init__(self): pass

class WriteOnly:
    def write(self, text): return len(text)

class Raising:
    def write(self, text): raise SystemExit(6)
    def flush(self): raise KeyboardInterrupt
    encoding = property(lambda self: 1 / 0)

class Refusing:
    def __index__(self): raise SystemExit(8)
    def __float__(self): raise KeyboardInterrupt
    __str__ = __repr__ = __float__
    def __eq__(self, other): raise SystemExit(9)
    __hash__ = None

class Model(str):
    def __str__(self): return self
    def __getitem__(self, index): raise RuntimeError("no item")
    def split(self, *_): return None

def cyclic():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first

def chained():
    error = None
    for number in range(3000):
        new = ValueError(number)
        new.__cause__ = error
        error = new
    raise error

def noted():
    error = ValueError(SURROGATE)
    error.__notes__ = [SURROGATE, Refusing(), "x" * 100_000, 5]
    raise error

def late_delay(value):
    error = Retry(1)
    error.delay = value
    raise error

def replaced(stream):
    sys.stdout = stream
    print("said")

def thrown(error): raise error
def staged(*words, **more):
    with current.stage(*words, **more) as stage:
        stage.advance(more.get("total"))

VALUES = {
    "surrogate": SURROGATE, "bytes": os.fsdecode(b"a\xff"), "nul": "a\0b", "text": "10", "none": None, "true": True, "nan": float("nan"),
    "inf": float("inf"), "huge": 10**400, "decimal": decimal.Decimal("1.5"), "snan": decimal.Decimal("sNaN"),
    "fraction": fractions.Fraction(1, 3), "time": datetime.timedelta(seconds=3), "longest": datetime.timedelta.max, "complex": 1j,
    "negative": -1, "object": object(), "refusing": Refusing(), "model": Model("m\nn"), "list": [[]], "class": Refusing, "raw": b"\xff",
    "big": 2**70, "long": "x" * 100_000, "deep": json.loads("[" * 500 + "]" * 500), "set": {1}, "module": sys,
}
USES = {
    "log": lambda value: current.log(value), "level": lambda value: current.log("x", value),
    "logger": lambda value: logging.getLogger("shop").handle(logging.LogRecord(value, 40, "", 1, value, (), None)),
    "warn": lambda value: logging.getLogger("shop").warning("%s", value), "message": lambda value: logging.warning(value),
    "print": lambda value: print(value), "error_print": lambda value: print(value, file=sys.stderr),
    "stage": lambda value: staged(value), "total": lambda value: staged("s", total=value),
    "progress": lambda value: current.progress(value), "whole": lambda value: current.progress(1, value),
    "said": lambda value: current.progress(0.5, message=value), "data": lambda value: current.progress(0.5, data=value),
    "chunk": lambda value: current.chunk(value), "extend": lambda value: current.extend(value), "result": lambda value: value,
    "retry": lambda value: thrown(Retry(value)), "reason": lambda value: thrown(Retry(1, value)), "late": late_delay,
    "raised": lambda value: thrown(ValueError(value)), "given_up": lambda value: thrown(GiveUp(value)),
    "exit": lambda value: sys.exit(value), "not_an_error": thrown, "grouped": lambda value: thrown(
        BaseExceptionGroup("g", [ValueError(value), KeyboardInterrupt(value), BadText(), ExceptionGroup("h", [BadName(value)])])),
    "typed": lambda value: thrown(type("T\udcff", (Exception,), {"__module__": value})(value)),
}
MISCHIEF = {
    "bad_text": lambda: thrown(BadText()), "bad_class": lambda: thrown(BadClass("b")), "bad_name": lambda: thrown(BadName("n")),
    "unfinished": lambda: thrown(Unfinished()), "cyclic": cyclic, "chained": chained, "noted": noted,
    "interrupt": lambda: thrown(KeyboardInterrupt()), "generator_exit": lambda: thrown(GeneratorExit()),
    "write_only": lambda: replaced(WriteOnly()), "raising": lambda: replaced(Raising()), "no_stream": lambda: replaced(None),
    "object_stream": lambda: replaced(object()), "closed": lambda: sys.stdout.close(), "closed_error": lambda: sys.stderr.close(),
}

def declare(pool):
    @app.task(name="use", pool=pool, run_within=60)
    {DEF} use(way: str, value: str) -> object:
        stream = sys.stdout
        try:
            return USES[way](VALUES[value]) if value else MISCHIEF[way]()
        finally:
            sys.stdout = sys.stdout if pool == "process" else stream  # shared by all attempts of the other pools

    @app.task(name="plain", pool=pool)
    {DEF} plain(value: int) -> int:
        print("still here")
        return value

    @app.task(name="names", pool=pool)
    {DEF} names() -> list:
        return [list(USES), list(VALUES), list(MISCHIEF)]

declare("{POOL}")
"""


@pytest.fixture(params=["loop", "thread", "process"])
def pool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scenario(pool: str, make_module: Callable[[str], str]) -> Callable[..., None]:
    """Return a function that plays a scene with the tasks above in one pool of two slots."""
    source = SOURCE.replace("{DEF}", "async def" if pool == "loop" else "def").replace("{POOL}", pool)
    target = f"{make_module(source)}:app"
    app = load_app(target)
    return lambda action: run_worker(app, action, slots=2, target=target)


def test_odd_values_in_any_place_leave_the_worker_all_its_slots(
    scenario: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_pytest_out(monkeypatch)

    async def action(worker: Any, dispatcher: Any) -> None:
        dispatcher.run(("names", "names"))
        await dispatcher.until(lambda: worker.is_clear)
        ways, values, mischief = dispatcher.done["names"]
        cases = [(way, value) for way in ways for value in values] + [(way, "") for way in mischief]
        for start in range(0, len(cases), 50):
            part = cases[start : start + 50]
            dispatcher.run(*((f"{way} {value}", "use", [way, value]) for way, value in part))
            await dispatcher.until(lambda: worker.is_clear)
        answered = dispatcher.done.keys() | dispatcher.failed.keys() | {job for job, _ in dispatcher.all("back")}
        assert answered >= {f"{way} {value}" for way, value in cases}
        assert [job for job, one in dispatcher.failed.items() if one["kind"] != "error"] == []
        assert dispatcher.failed["retry decimal"]["delay"] == 1.5
        assert dispatcher.failed["retry time"]["delay"] == 3
        assert dispatcher.failed["retry text"]["error"]["type"] == "TypeError"
        assert "is not used" in dispatcher.failed["late text"]["error"]["notes"][0]
        logged = [data for _, _, kind, _, data, *_ in dispatcher.all("notices") if kind == "log"]
        for said in (*logged, *(one["error"] for one in dispatcher.failed.values())):
            assert "\\u0000" not in messages.to_json(said)
        dispatcher.run(*((f"plain {number}", "plain", [number]) for number in range(4)))
        await dispatcher.until(lambda: worker.is_clear)
        assert [dispatcher.done[f"plain {number}"] for number in range(4)] == list(range(4))
        assert worker.reporter.held == {}

    scenario(action)


@settings(max_examples=200)
@given(
    st.text(alphabet=st.characters(), max_size=50)
    | st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)
def test_plain_text_can_be_stored_and_changes_only_if_it_must(text: str) -> None:
    made = plain_text(text, 1000)
    made.encode()
    assert "\0" not in made
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert made == text.replace("\0", "\\x00")


@given(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-1000, 1000) | st.fractions() | st.booleans()
)
def test_numbers_of_all_kinds_are_taken_as_plain_ones(value: Any) -> None:
    try:
        number = plain_number(value, "it")
    except ValueError:  # beyond what a float holds
        assert abs(value) > 1e308
        return
    assert type(number) in (int, float)
    assert number == float(value)


@pytest.mark.parametrize("value", ["10", None, b"1", [], 1j, object(), float("nan"), float("inf"), 10**400])
def test_other_values_are_refused_with_a_sentence(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^the total .*number"):
        plain_number(value, "the total")
