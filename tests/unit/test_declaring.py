"""Declarations that cannot work are refused where they are written, and those that work stay so."""

import datetime as dt
import functools
import importlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from taskbahn import Taskbahn
from taskbahn.errors import InvalidName, InvalidOption
from taskbahn.protocol.options import Where
from taskbahn.signatures.signature import UnsupportedAnnotation
from taskbahn.tasks.options import as_dict, make_options


def add(a: int, b: int = 1) -> int:
    return a + b


async def later(a: int) -> int:
    return a


def yielding(a: int) -> Iterator[int]:
    yield a


class Shop:
    """What has methods."""

    def method(self, a: int) -> int:
        return a

    @classmethod
    def of_class(cls, a: int) -> int:
        return a

    @staticmethod
    def of_none(a: int) -> int:
        return a

    def __call__(self, a: int) -> int:
        return a


class Odd:
    """An object that cannot be shown."""

    def __call__(self) -> None: ...

    def __repr__(self) -> str:
        raise ValueError("no")


class Index:
    """A whole number of another library."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


@pytest.mark.parametrize("name", [None, "t.task"])
@pytest.mark.parametrize(
    "given, said",
    [
        (functools.partial(add, 1), "it is a partial"),
        (functools.update_wrapper(functools.partial(add, 1), add), "it is a partial"),
        (Shop, "it is a class"),
        (int, "it is a class"),
        (Shop(), "it is an object of class Shop; write a function"),
        (Odd(), "it is an object of class Odd"),
        (Shop.method, "it is a method of Shop, and a job has no self"),
        (vars(Shop)["of_class"], "it is a class method"),
        (max, "Python does not know its parameters"),
        (property(add), "it is a property"),
        (functools.cache(later), "it caches a coroutine or a generator"),
        (functools.lru_cache(yielding), "it caches a coroutine or a generator"),
    ],
)
def test_what_cannot_be_a_task_is_refused(given: Any, said: str, name: str | None) -> None:
    app = Taskbahn()
    with pytest.raises(InvalidOption, match=said):
        app.task(name=name)(given)  # type: ignore[arg-type]
    assert not app.tasks


@pytest.mark.parametrize(
    "given",
    [
        add,
        lambda a: a,
        Shop().method,
        Shop.of_class,
        Shop.of_none,
        vars(Shop)["of_none"],
        functools.cache(add),
        math.sqrt,
        Taskbahn().task(add),
    ],
)
@pytest.mark.parametrize("pool", ["process", "thread"])
def test_what_works_stays_so(given: Callable[..., Any], pool: Any) -> None:
    task = Taskbahn().task(name="t.task", pool=pool)(given)
    assert task.signature.wire.parameters["type"] == "object"
    assert task(4) in (4, 5, 2.0)


def test_a_task_of_an_async_function_stays_async_under_another_name() -> None:
    async def later() -> int:
        return 1

    app = Taskbahn()
    assert app.task(name="t.again")(app.task(name="t.later")(later)).pool == "loop"


# one name


def test_two_functions_in_one_source_cannot_have_one_name_and_module_place() -> None:
    app = Taskbahn()

    def first() -> Any:
        @app.task(name="t.same")
        def same() -> int:
            return 1

    def second(number: int) -> Any:
        @app.task(name="t.other")
        def same() -> int:
            return number

    first()
    first()  # the same code
    second(1)
    second(1)
    with pytest.raises(InvalidName, match=r"two tasks are named 't.other'.*line \d+"):
        second(2)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> Any:
        path = tmp_path / "declared_anew.py"
        path.write_text(source)
        os.utime(path, (time.time(), time.time() + len(source)))  # as if time had passed
        importlib.invalidate_caches()
        if "declared_anew" in sys.modules:
            return importlib.reload(sys.modules["declared_anew"])
        return importlib.import_module("declared_anew")

    yield write
    sys.modules.pop("declared_anew", None)


def test_a_module_may_be_loaded_again_after_a_change(module: Any) -> None:
    app = sys.modules[__name__].__dict__.setdefault("shared_app", Taskbahn())
    head = f"from {__name__} import shared_app as app\n"
    module(head + "@app.task(name='t.x')\ndef x(): return 1\n")
    module(head + "\n\n@app.task(name='t.x')\ndef x(): return 22222\n")
    assert app.tasks["t.x"]() == 22222
    with pytest.raises(InvalidName):
        module(head + "@app.task(name='t.y')\ndef y(): return 1\n@app.task(name='t.y')\ndef y(): return 2\n")


# annotations


def test_an_annotation_that_cannot_be_resolved_is_named_with_its_parameter() -> None:
    def early(x: int, y: "list[Nowhere]") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    task = Taskbahn().task(name="t.early")(early)
    for ask in (lambda: task.signature, task.declaration, lambda: task.start(1, [])):
        with pytest.raises(UnsupportedAnnotation, match=r"t\.early: the annotation 'list\[Nowhere\]' of parameter 'y' cannot be"):
            ask()


@pytest.mark.parametrize("annotation", ["int[", "1 + 'a'", "int[str]", "1 / 0"])
def test_an_annotation_that_is_no_type_is_refused_at_once(annotation: str) -> None:
    def function(x: Any) -> None: ...

    function.__annotations__["x"] = annotation
    with pytest.raises(UnsupportedAnnotation, match="parameter 'x'"):
        Taskbahn().task(function)


def test_a_module_that_is_not_complete_yet_may_be_named() -> None:
    def function(x: "sys.not_there_yet") -> None: ...  # type: ignore[name-defined]

    task = Taskbahn().task(function)
    with pytest.raises(UnsupportedAnnotation, match=r"'sys\.not_there_yet' of parameter 'x'"):
        task.declaration()


# addresses

WRONG: list[Any] = [
    "redis://x", "localhost:8080", "localhost", "", " ", "http://", "http://h/ws", "ws://", "ws:///ws", "ws://:8080/ws", "ws://h:99999/ws",
    "ws://h:0/ws", "ws://h:-1/ws", "ws://h:x/ws", "ws:/h/ws", "ws:h", "//h/ws", "ws://[::1/ws", "ws://[x]/ws", "ws://h h/ws", " ws://h/ws", "ws://h/ws\n",
    "ws://h/ws#x", "ws://u@p@h:x/ws", "ws://a..b/ws", "ws://" + "a" * 64 + "/ws", "ws://h!/ws", "tcp://h:1",
    "unix:", "unix://", "unix:///", "unix://h/x.sock", "unix:/x.sock", "UNIX:///x.sock", "unix:///x/", "unix:///" + "x" * 103,
    8080, b"ws://h/ws", Path("x"), False,
]  # fmt: skip


@pytest.mark.parametrize("url", WRONG)
def test_an_address_that_is_none_is_refused_at_once(url: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidOption, match=r"is no address of a router: write ws://host:port/ws or rs://host:port"):
        Taskbahn(url)
    if url and isinstance(url, str):
        monkeypatch.setenv("TASKBAHN_URL", url)
        with pytest.raises(InvalidOption, match=r"TASKBAHN_URL = .* is no address"):
            Taskbahn()
        assert Taskbahn("ws://h/ws").url == "ws://h/ws"


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:8080/ws", "wss://tasks.example.org/ws", "rs://node_1:8080", "rss://h", "WS://H/ws", "ws://[::1]:8080/ws",
        "ws://münchen.example/ws", "ws://h:65535/a/b?c=d", "ws://localhost.:1/ws", "unix:///run/taskbahn/node.sock",
    ],
)  # fmt: skip
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert Taskbahn(url).url == url


def test_a_wrong_address_names_what_may_have_been_meant() -> None:
    for url, meant in [
        ("localhost:8080", "ws://localhost:8080/ws"), ("http://h:1/x", "ws://h:1/ws"), ("https://h", "wss://h/ws"), ("h/ws", "ws://h/ws"),
    ]:  # fmt: skip
        with pytest.raises(InvalidOption) as refused:
            Taskbahn(url)
        assert f"did you mean {meant}?" in str(refused.value)
    with pytest.raises(InvalidOption) as refused:
        Taskbahn("ws://me:secret@h:0/ws")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        {"priority": True}, {"retries": True}, {"run_within": True}, {"retry_jitter": False}, {"crash_attempts": True}, {"delay": float("nan")},
        {"run_within": Decimal("NaN")}, {"retries": [float("nan")]}, {"retries": [True]}, {"retries": 1.5}, {"priority": "1"},
        {"delay": "1"},         {"run_within": dt.timedelta(-1)}, {"run_within": dt.timedelta(0)}, {"keep": 1j}, {"delay": [1]},
        {"queue": "\ud83d"},
        {"tags": ["\ud83d"]},
        {"tags": [1]}, {"queue": 5}, {"eta": True}, {"delay": 10**400}, {"keep": Decimal("1e999")},
    ],
)  # fmt: skip
def test_an_option_out_of_range_is_refused_at_once(given: dict[str, Any]) -> None:
    for use in (lambda: Taskbahn().task(**given)(add), lambda: Taskbahn().get("t.x").options(**given)):
        with pytest.raises(InvalidOption):
            use()


@pytest.mark.parametrize(
    "given, plain",
    [
        ({"run_within": dt.timedelta(minutes=1)}, {"run_within": 60.0}),
        ({"retries": [dt.timedelta(seconds=2), Decimal("0.5"), 3]}, {"retries": 3, "retry_delays": [2.0, 0.5, 3]}),
        ({"priority": Index(3), "delay": Fraction(1, 4)}, {"priority": 3, "delay": 0.25}),
        ({"retries": Index(2), "keep": Decimal(10)}, {"retries": 2, "keep": 10.0}),
    ],
)
def test_numbers_that_are_numbers_are_taken(given: dict[str, Any], plain: dict[str, Any]) -> None:
    assert as_dict(make_options(given, Where.CALL)) == plain


def test_an_empty_name_is_no_name() -> None:
    with pytest.raises(InvalidName):
        Taskbahn().task(name="")(add)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "3", True, None])
def test_a_timeout_is_seconds(timeout: Any) -> None:
    with pytest.raises(InvalidOption, match="timeout"):
        Taskbahn(timeout=timeout)
