"""The unique keys of jobs: the same for what a task calls the same, apart for all else, and refused where there is none."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import Concurrency, InvalidArguments, InvalidOption, Taskbahn, Unique
from taskbahn.protocol.messages import TaskDeclaration
from taskbahn.protocol.unique_fields import DeclaredUnique
from taskbahn.signatures.signature import TaskSignature
from taskbahn_router.core.task_keys import TaskKeys, bound, canonical

TASK = "t.build"
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)


def build(report: Any, colour: Any = "blue", *pages: int, size: float = 1, **more: Any) -> None: ...


def plain(report: str) -> None: ...


SIGNATURE = TaskSignature.of(build, TASK).wire


def keys(*, typed: bool = True, **words: Any) -> TaskKeys:
    return TaskKeys(TaskDeclaration(name=TASK, signature=SIGNATURE if typed else None, unique=DeclaredUnique(**words)))


def key(made: TaskKeys, *args: Any, **kwargs: Any) -> str:
    found = made.of(list(args), kwargs, ((), "joe", "mail"))
    assert found is not None
    return found.key


def test_a_task_that_says_nothing_gives_no_key() -> None:
    made = TaskKeys(TaskDeclaration(name=TASK))
    assert (made.is_unique, made.of([], {}, ((), None, "mail"))) == (False, None)


def test_a_template_makes_a_key_of_its_values() -> None:
    made = keys(key="{report}:{colour}:{@caller}")
    assert key(made, "q3") == key(made, colour="blue", report="q3", size=7) == 't.build["q3","blue","joe"]'


def test_all_arguments_count_however_they_are_given() -> None:
    made = keys()
    assert key(made, "q3") == key(made, report="q3", size=1.0) == key(made, "q3", "blue")
    assert key(made, "q3") == 't.build{"colour":"blue","pages":[],"report":"q3","size":1}'
    assert len({key(made, "q3"), key(made, "q4"), key(made, "q3", "red"), key(made, "q3", "blue", 1), key(made, "q3", x=1)}) == 5


def test_long_arguments_make_a_short_key() -> None:
    one, other = key(keys(), "x" * 1000), key(keys(), "x" * 1001)
    assert re.fullmatch(r"t\.build\{sha256:[0-9a-f]{64}\}", one)
    assert one != other


def test_without_a_signature_position_and_name_are_apart() -> None:
    made = keys(typed=False)
    assert key(made, "q3") == 't.build{"0":"q3"}'
    assert key(made, report="q3") == 't.build{"report":"q3"}'


@given(DATA, DATA)
def test_data_is_the_same_text_exactly_if_it_is_equal(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == (marked(one) == marked(other))
    assert canonical(json.loads(canonical(one))) == canonical(one)


@given(st.text(max_size=9), st.text(max_size=9), st.lists(st.integers(), max_size=3))
def test_each_way_to_give_an_argument_binds_alike(report: str, colour: str, pages: list[int]) -> None:
    by_name = bound([], {"report": report, "colour": colour}, SIGNATURE)
    assert bound([report], {"colour": colour}, SIGNATURE) == bound([report, colour], {}, SIGNATURE) == by_name
    assert (bound([report, colour, *pages], {}, SIGNATURE) == by_name) == (not pages)


def marked(value: Any) -> Any:
    """Return data in which true and 1, which Python holds equal, are apart, and equal numbers are one."""
    if isinstance(value, dict):
        return {name: marked(inner) for name, inner in value.items()}
    return [marked(inner) for inner in value] if isinstance(value, list) else (isinstance(value, bool), value)


def test_a_value_that_makes_no_key_is_refused_by_name() -> None:
    with pytest.raises(InvalidArguments, match=r"report: is a list, and the unique key takes a text") as caught:
        key(keys(key="{report}"), ["q3"])
    assert caught.value.detail["fields"].keys() == {"report"}
    with pytest.raises(InvalidArguments, match="is missing, and the unique key goes by it"):
        key(keys(key="{report}"))


def test_a_callers_key_is_its_own_kind_and_holds_to_the_arguments() -> None:
    made = TaskKeys(TaskDeclaration(name=TASK, signature=SIGNATURE))
    given = made.given('17"', '[["q3"],{}]')
    assert (given.key, given.during, given.conflict) == ('t.build="17\\""', "kept", "join")
    assert given.is_same is not None
    assert given.is_same('[[],{"report":"q3","colour":"blue"}]')
    assert not given.is_same('[["q4"],{}]')


def test_a_task_that_is_unique_takes_no_callers_key() -> None:
    with pytest.raises(InvalidOption, match=r"t\.build says itself which of its jobs are one"):
        keys().given("17", '[["q3"],{}]')


@pytest.mark.parametrize(
    "words, why",
    [
        ({"key": "report"}, r"Unique\(key='report'\): key = 'report': it has no braces"),
        ({"key": "{report}}"}, "position 9"),
        (
            {"during": "activ"},
            r"during = 'activ': it is active, queued, kept, or a number of seconds \(did you mean 'active'\?\)",
        ),
        ({"during": 0}, "during = 0: it is more than 0 seconds"),
        ({"during": float("nan")}, "during = nan"),
        ({"during": True}, "it is active, queued, kept, or a time in seconds"),
        ({"during": None}, "it is active, queued, kept, or a time in seconds"),
        ({"on_conflict": "debounce"}, "on_conflict = 'debounce': it is join, refuse, replace"),
        ({"on_conflict": None}, "it is join, refuse or replace"),
        ({"key": 5}, r"Unique\(key=5\): it is a template"),
    ],
)
def test_what_cannot_be_unique_is_refused_where_it_is_written(words: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidOption, match=why) as caught:
        Unique(**words)
    assert caught.value.detail["option"] == "unique"


def test_a_task_refuses_a_template_that_names_no_argument() -> None:
    app = Taskbahn()
    with pytest.raises(InvalidOption, match=r"of t\.build: key = '\{reprot\}': .*did you mean 'report'"):
        app.task(name=TASK, unique=Unique(key="{reprot}"))(plain)
    for wrong, hint in (("{report}", r"write Unique\(key='\{report\}'\)"), (Concurrency(1), "it is a Unique")):
        with pytest.raises(InvalidOption, match=hint):
            app.task(name=TASK, unique=wrong)(build)  # type: ignore[call-overload]


def test_a_dispatcher_refuses_what_a_worker_may_not_say() -> None:
    for words in ({"key": "{report.part.}"}, {"key": "{1}"}, {"during": "ever"}, {"on_conflict": "debounce"}, {"during": -1}):
        with pytest.raises(InvalidOption):
            keys(**words)
