"""`Rate` and `Concurrency` where they are made, on a task, in an application and on the wire."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib
import math
import os
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import Concurrency, InvalidOption, Rate, Taskbahn
from taskbahn.protocol import messages
from taskbahn.protocol.limits import MAX_LIMITS, check_limits
from taskbahn.protocol.messages import DeclaredLimit, TaskDeclaration
from taskbahn.protocol.options import Where
from taskbahn.protocol.rates import UNITS, Pace, WrongRate, parse_rate
from taskbahn.tasks.options import make_options
from taskbahn_router.core.limit_keys import LimitKeys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def send(customer: str, size: int = 1, *, region: str = "eu") -> None: ...


def other(customer: str) -> None: ...


any_rate: Any = Rate  # for what a type checker refuses
any_concurrency: Any = Concurrency


class Whole:
    """A whole number of another library."""

    def __index__(self) -> int:
        return 7


# values


def test_a_limit_keeps_what_it_was_made_of() -> None:
    rate = Rate("100/s", key="{customer}", burst=10, cost="{size}", name="stripe")
    assert (rate.rate, rate.key, rate.burst, rate.cost, rate.name) == ("100/s", "{customer}", 10, "{size}", "stripe")
    full = Concurrency(5, cost=2)
    assert (full.limit, full.key, full.cost, full.name, full.when_full) == (5, None, 2, "", "wait")


@pytest.mark.parametrize("one", [Rate("1/d", burst=2), Concurrency(3, key="{@queue}")])
def test_a_limit_is_a_frozen_value(one: Any) -> None:
    assert copy.deepcopy(one) == one
    assert len({one, copy.copy(one)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.key = "{x}"


def test_whole_numbers_of_other_kinds_are_taken() -> None:
    assert any_concurrency(Whole()).limit == 7
    assert any_rate("1/s", burst=7.0, cost=Whole()) == Rate("1/s", burst=7, cost=7)


@given(st.integers(1, 1_000_000), st.sampled_from("smhd"))
def test_a_rate_is_a_number_of_starts_in_a_unit(starts: int, unit: str) -> None:
    assert parse_rate(f"{starts}/{unit}") == Pace(starts, UNITS[unit])
    assert Rate(f"{starts}/{unit}").rate == f"{starts}/{unit}"


@pytest.mark.parametrize(
    "text, position, said",
    [
        ("", 1, "the end at position 1 is no digit"), ("/s", 1, "'/' at position 1 is no digit"), (" 1/s", 1, "' ' at position 1"),
        ("-1/s", 1, "'-' at position 1"), ("x", 1, "'x' at position 1"), ("²/s", 1, "'²' at position 1"), ("\u0661/s", 1, "is no digit"),
        ("100", 4, "the end at position 4 is no slash"), ("1.5/s", 2, "'.' at position 2 is no slash"), ("1 /s", 2, "' ' at position 2"),
        ("1_000/s", 2, "'_' at position 2"), ("10/", 4, "the end at position 4 is no unit"), ("100/x", 5, "'x' at position 5 is no unit"),
        ("100/S", 5, "'S' at position 5 is no unit"), ("100/5m", 5, "'5' at position 5"), ("100/sec", 6, "'e' at position 6 is too much"),
        ("1/s\n", 4, "'\\n' at position 4 is too much"),
        ("0/s", 1, "a rate of 0 would start nothing; it is 1 or more"), ("00/d", 1, "a rate of 0"),
        ("1000001/s", 1, "it is at most 1,000,000 a second"), ("9" * 5000 + "/d", 1, "at most 1,000,000 a second"),
    ],
)  # fmt: skip
def test_a_rate_that_does_not_parse_names_the_position(text: str, position: int, said: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        Rate(text)
    assert said in refused.value.message
    assert refused.value.message.startswith("Rate('") or text == ""
    assert refused.value.detail == {"option": "limits", "position": position}
    assert len(refused.value.message) < 250


@given(st.text(alphabet="0123456789/smhdx .", max_size=12))
def test_any_text_is_a_rate_or_refused_with_a_position(text: str) -> None:
    try:
        pace, position = parse_rate(text), None
    except WrongRate as error:
        pace, position = None, error.position
    assert pace is None or pace.starts > 0
    assert (position is None) is (pace is not None)
    assert position is None or 1 <= position <= len(text) + 1


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: any_rate(100), "Rate(100): it is text such as '100/s'"),
        (lambda: any_rate(None), "Rate(None): it is text"),
        (lambda: any_rate("1/s", burst=0), "Rate('1/s', burst=0): burst = 0: it is a whole number, 1 to 1,000,000,000"),
        (lambda: any_rate("1/s", burst=True), "Rate('1/s'): burst = True: it is a whole number, 1 or more"),
        (lambda: any_rate("1/s", burst=1.5), "burst = 1.5: it is a whole number"),
        (lambda: any_rate("1/s", burst=math.nan), "burst = nan: it is a whole number"),
        (lambda: any_rate("1/s", burst=math.inf), "burst = inf"),
        (lambda: any_rate("1/s", burst="5"), "burst = '5'"),
        (lambda: any_rate("1/s", burst=timedelta(1)), "burst = datetime.timedelta"),
        (lambda: any_rate("1/s", burst=10**10), "burst = 10000000000: it is a whole number, 1 to"),
        (lambda: any_rate("1/s", burst=10**5000), "burst=a number of many digits): burst = a number of many digits: it is"),
        (lambda: any_rate("1/s", burst=-(10**5000)), "burst = a number of many digits: it is"),
        (lambda: any_rate("1/s", cost=10**5000), "give burst=a number of many digits or more"),
        (lambda: any_rate("1/s", cost=-(10**5000)), "cost = a number of many digits: it is"),
        (lambda: any_rate(10**5000), "Rate(a number of many digits): it is text"),
        (lambda: any_concurrency(10**5000), "Concurrency(a number of many digits): it is a whole number, 1 to"),
        (lambda: any_rate("9" * 5000), "Rate('999"),
        (lambda: any_rate("1/s", key="{@tag:\ud83d}"), "it has half of a character"),
        (lambda: any_rate("1/s", cost=2), "cost = 2: without burst it is at most 1; give burst=2 or more"),
        (lambda: any_rate("1/s", cost=0), "cost = 0: it is a whole number, 1 or more, or a template such as '{size}'"),
        (lambda: any_rate("1/s", cost=-1), "cost = -1: it is a whole number"),
        (lambda: any_rate("1/s", cost=True), "cost = True: it is"),
        (lambda: any_rate("1/s", cost=math.nan), "cost = nan: it is"),
        (lambda: any_rate("1/s", cost=None), "cost = None: it is"),
        (lambda: any_rate("1/s", burst=5, cost=6), "cost = 6: it is more than the burst of 5, so the job would never start"),
        (lambda: any_rate("1/s", cost="{size}"), "without burst a cost is at most 1; give burst=, the largest cost"),
        (lambda: any_rate("1/s", burst=5, cost="size"), "cost = 'size': it has no braces"),
        (lambda: any_rate("1/s", burst=5, cost="{a}{b}"), "as a template it is one argument alone, such as '{size}'"),
        (lambda: any_rate("1/s", burst=5, cost="{a} "), "as a template it is one argument alone"),
        (lambda: any_rate("1/s", burst=5, cost="{@queue}"), "it is a number, and {@queue} is text; name an argument"),
        (lambda: any_rate("1/s", key=5), "key = 5: it is a template such as '{customer}'"),
        (lambda: any_rate("1/s", key="customer"), "key = 'customer': it has no braces; write an argument's name in them"),
        (lambda: any_rate("1/s", key="{customer"), "key = '{customer': '{' at position 1 has no '}' after it"),
        (lambda: any_rate("1/s", name=""), "name = '': it is letters, digits and . _ : / -"),
        (lambda: any_rate("1/s", name="a[b"), "name = 'a[b': it is letters"),
        (lambda: any_rate("1/s", name="a" * 221), "at most 220"),
        (lambda: any_rate("1/s", name=5), "name = 5: it is text"),
        (lambda: any_concurrency(0), "Concurrency(0): with a limit of 0 no job would start; it is 1 or more"),
        (lambda: any_concurrency(-1), "Concurrency(-1): it is a whole number, 1 to 1,000,000"),
        (lambda: any_concurrency(True), "Concurrency(True): it is a whole number, 1 or more"),
        (lambda: any_concurrency(1.5), "Concurrency(1.5): it is a whole number"),
        (lambda: any_concurrency(math.inf), "Concurrency(inf): it is a whole number"),
        (lambda: any_concurrency(math.nan), "Concurrency(nan): it is a whole number"),
        (lambda: any_concurrency("5"), "Concurrency('5'): it is a whole number"),
        (lambda: any_concurrency(10**7), "it is a whole number, 1 to 1,000,000"),
        (
            lambda: any_concurrency(3, when_full="drop"),
            "when_full='drop'): when_full = 'drop': it is 'wait', 'refuse', 'cancel_oldest' or",
        ),
        (
            lambda: any_concurrency(3, when_full=None),
            "when_full = None: it is 'wait', 'refuse', 'cancel_oldest' or 'cancel_newest'",
        ),
        (lambda: any_concurrency(3, cost=4), "cost = 4: it is more than the limit of 3, so the job would never start"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_where_it_is_made(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        make()
    assert said in refused.value.message
    assert refused.value.detail["option"] == "limits"


# on a task


def test_limits_without_a_name_are_called_after_the_task() -> None:
    task = Taskbahn().task(name="t.send", limits=[Rate("1/s"), Concurrency(2), Rate("5/m", name="mail")])(send)
    assert [limit.name for limit in task.declared_limits] == ["t.send.rate", "t.send.concurrency", "mail"]
    assert [limit.name for limit in task.limits] == ["", "", "mail"]


def test_what_travels_is_the_declaration_without_what_is_not_given() -> None:
    limits: list[Rate | Concurrency] = [
        Rate("100/s", key="{customer}", burst=10, cost="{size}", name="stripe"),
        Concurrency(3),
        Concurrency(3, name="gpu", when_full="refuse"),
        Rate("1/d"),
    ]
    task = Taskbahn().task(name="t.send", limits=limits, fair_key="{region}")(send)
    said = messages.plain(task.declaration())
    assert said["limits"] == [
        {"kind": "rate", "name": "stripe", "rate": "100/s", "key": "{customer}", "burst": 10, "cost": "{size}"},
        {"kind": "concurrency", "name": "t.send.concurrency", "limit": 3},
        {"kind": "concurrency", "name": "gpu", "limit": 3, "when_full": "refuse"},
        {"kind": "rate", "name": "t.send.rate", "rate": "1/d"},
    ]
    assert said["fair_key"] == "{region}"
    assert msgspec.convert(said, TaskDeclaration) == task.declaration()
    bare = messages.plain(Taskbahn().task(name="t.send")(send).declaration())
    assert not {"limits", "fair_key"} & bare.keys()


def test_the_key_comes_from_what_a_client_sends() -> None:
    task = Taskbahn().task(name="t.send", limits=[Rate("9/s", key="{customer}{region}", burst=10, cost="{size}")])(send)
    keys = LimitKeys.declared(task.declaration())
    assert keys is not None
    args, kwargs = messages.from_json(task.signature.pack(("acme", 5), {}))
    assert keys.of(args, kwargs, (), None, "default") == (('t.send.rate["acme","eu"]', 5),)


@pytest.mark.parametrize(
    "words, option, said",
    [
        ({"limits": Rate("1/s")}, "limits", "; write limits=[Rate("),
        ({"limits": "100/s"}, "limits", "it is a list of limits, each a Rate or a Concurrency"),
        ({"limits": ["100/s"]}, "limits", "; write Rate('100/s')"),
        ({"limits": [5]}, "limits", "5 is neither a Rate nor a Concurrency"),
        ({"limits": [Rate("1/s"), Rate("2/s")]}, "limits", "two limits named 't.send.rate', Rate('1/s') and Rate('2/s'); give one"),
        ({"limits": [Rate("1/s", name="a"), Rate("1/s", name="a")]}, "limits", "two limits named 'a'"),
        ({"limits": [Rate("1/s", name=f"n{i}") for i in range(MAX_LIMITS + 1)]}, "limits", f"more than the {MAX_LIMITS} allowed"),
        (
            {"limits": [Rate("1/s", key="{custmer}")]}, "limits",
            "of t.send: key = '{custmer}': {custmer} names no argument of t.send (did you mean 'customer'?); it has customer, size, region",
        ),
        ({"limits": [Rate("1/s", burst=2, cost="{sice}")]}, "limits", "cost = '{sice}': {sice} names no argument of t.send (did"),
        ({"fair_key": "{custmer}"}, "fair_key", "fair_key of t.send = '{custmer}': {custmer} names no argument"),
        ({"fair_key": "customer"}, "fair_key", "option fair_key = 'customer': it has no braces"),
        ({"fair_key": ""}, "fair_key", "it has no braces"),
        ({"fair_key": 5}, "fair_key", "option fair_key = 5: it is a template such as '{customer}'"),
        ({"limits": [Rate("1/s", name="t.send.fair")], "fair_key": "{customer}"}, "limits", "two limits named 't.send.fair', fair_key="),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused_and_declares_nothing(words: dict[str, Any], option: str, said: str) -> None:
    app = Taskbahn()
    with pytest.raises(InvalidOption) as refused:
        app.task(name="t.send", **words)(send)
    assert said in refused.value.message
    assert refused.value.detail["option"] == option
    assert not app.tasks


def test_limits_are_said_by_the_task_alone() -> None:
    for name in ("limits", "fair_key"):
        with pytest.raises(InvalidOption, match=rf"option {name} is said by the task, as in @app.task\({name}=...\)"):
            make_options({name: []}, Where.CALL)


def test_templates_are_checked_before_an_annotation_can_be_resolved() -> None:
    def early(customer: str, order: Later) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    app = Taskbahn()
    with pytest.raises(InvalidOption, match=r"\{custmer\} names no argument of t\.early"):
        app.task(name="t.early", limits=[Rate("1/s", key="{custmer}")])(early)
    task = app.task(name="t.early", limits=[Rate("1/s", key="{order}:{customer}")])(early)
    early.__annotations__["order"] = dict[str, int]
    with pytest.raises(InvalidOption, match=r"\{order\} is an object, not one value"):
        task.declaration()


# in an application


def test_one_limit_may_be_listed_by_many_tasks() -> None:
    app = Taskbahn()
    shared = Rate("100/s", name="stripe", key="{customer}", burst=10)
    app.task(name="t.send", limits=[shared], fair_key="{customer}")(send)
    app.task(name="t.other", limits=[Rate("100/s", name="stripe", key="{customer}", burst=10, cost=5)])(other)
    app.task(name="t.more", limits=[Rate("1/s")], fair_key="{size}")(send)
    assert len(app.tasks) == 3


@pytest.mark.parametrize(
    "differs",
    [
        Rate("99/s", name="x", key="{customer}", burst=10), Rate("100/s", name="x", burst=10), Rate("100/s", name="x", key="{customer}"),
        Concurrency(3, name="x"),
    ],
)  # fmt: skip
def test_two_declarations_of_one_name_that_disagree_are_refused(differs: Rate | Concurrency) -> None:
    app = Taskbahn()
    app.task(name="t.send", limits=[Rate("100/s", name="x", key="{customer}", burst=10)])(send)
    with pytest.raises(InvalidOption) as refused:
        app.task(name="t.other", limits=[differs])(other)
    assert "two limits are named 'x': Rate('100/s', key='{customer}', burst=10) of t.send and " in refused.value.message
    assert "of t.other; declare it once and list that in both tasks" in refused.value.message
    assert list(app.tasks) == ["t.send"]


def test_tasks_that_share_a_limit_agree_on_when_it_is_full() -> None:
    app = Taskbahn()
    app.task(name="t.send", limits=[Concurrency(3, name="x", when_full="refuse")])(send)
    with pytest.raises(InvalidOption, match=r"Concurrency\(3, when_full='refuse'\) of t.send and Concurrency\(3\) of t.other"):
        app.task(name="t.other", limits=[Concurrency(3, name="x")])(other)


def test_a_name_may_not_be_the_one_of_another_tasks_own_limit() -> None:
    app = Taskbahn()
    app.task(name="t.send", limits=[Concurrency(2)])(send)
    with pytest.raises(InvalidOption, match=r"two limits are named 't\.send\.concurrency'"):
        app.task(name="t.other", limits=[Concurrency(3, name="t.send.concurrency")])(other)


def test_a_module_may_be_loaded_again_with_another_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    app = sys.modules[__name__].__dict__["loaded_app"] = Taskbahn()
    path = tmp_path / "limits_loaded_again.py"

    def load(rate: str, changed_at: int) -> None:
        path.write_text(
            f"from taskbahn import Rate\nfrom {__name__} import loaded_app as app\nlimit = Rate({rate!r}, name='x')\n"
            "@app.task(limits=[limit])\ndef a(): ...\n@app.task(limits=[limit])\ndef b(): ...\n"
        )
        os.utime(path, (changed_at, changed_at))
        importlib.invalidate_caches()
        known = sys.modules.get(path.stem)
        importlib.reload(known) if known else importlib.import_module(path.stem)

    load("1/s", 1_000_000_000)
    load("22/s", 1_100_000_000)
    sys.modules.pop(path.stem)
    assert {task.declared_limits[0].rate for task in app.tasks.values()} == {"22/s"}


# on the wire


@pytest.mark.parametrize(
    "limit, said",
    [
        (
            {"kind": "rate", "rate": "1/s", "when_full": "refuse"},
            "a rate has no `when_full`; its jobs wait",
        ),
        (
            {"kind": "concurrency", "limit": 1, "when_full": "drop"},
            "when_full = 'drop': it is 'wait', 'refuse', 'cancel_oldest' or",
        ),
    ],
)
def test_the_dispatcher_refuses_a_word_that_it_does_not_know(limit: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOption, match=re.escape(said)):
        check_limits(msgspec.convert({"name": "t.x", "limits": [{"name": "x", **limit}]}, TaskDeclaration))


def test_a_worker_that_does_not_say_when_full_lets_jobs_wait() -> None:
    assert msgspec.convert({"kind": "concurrency", "name": "x", "limit": 1}, DeclaredLimit).when_full == "wait"


@given(
    st.dictionaries(st.sampled_from([*DeclaredLimit.__struct_fields__]), st.one_of(st.none(), st.integers(), st.text(max_size=5)))
)
def test_any_declaration_is_taken_or_refused(values: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidOption, msgspec.ValidationError):
        check_limits(msgspec.convert({"name": "t.x", "limits": [values]}, TaskDeclaration))
