"""One table of a job's options: what travels, what users type, what the page knows and what the dispatcher promises agree with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatcher_harness import WALL, DispatcherHarness

from taskbahn.errors import InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.options import DURATIONS, TABLE, WIRE, Where, check, names, with_seconds
from taskbahn.protocol.other_words import OPTION_WAYS, OPTION_WORDS
from taskbahn.tasks.options import CallOptions, TaskOptions, as_dict, make_options
from taskbahn_router.core.policy import Policy, resolve

STATIC = Path(__file__).parents[2] / "web" / "taskbahn_web" / "static"
JAVASCRIPT = {int: "number", float: "number", str: "string", bool: "boolean"}
VALUES = st.one_of(
    st.integers(-2, 20_000),
    st.floats(allow_nan=True),
    st.sampled_from(
        [
            "",
            " ",
            "a",
            "90s",
            "1h30m",
            "0s",
            "1.5",
            "-1s",
            "999999d",
            "t" * 101,
            "q" * 201,
            "\ud83d",
            "at_most_once",
            "cancel",
            True,
            None,
            1e11,
            1e12,
            3.2e9,
        ]
    ),
    st.lists(st.one_of(st.sampled_from(["", "a", "1m", "t" * 100, "t" * 150]), st.floats(-1, 1e10)), max_size=25),
)
EACH = pytest.mark.parametrize("option", TABLE, ids=lambda option: option.name)


def test_a_name_is_there_once() -> None:
    assert len({option.name for option in TABLE}) == len(TABLE)
    assert set(OPTION_WORDS.values()) <= set(names(Where.BOTH))
    assert not set(OPTION_WORDS) & {option.name for option in TABLE}


def test_what_travels_has_the_names_and_types_of_the_table() -> None:
    hints = get_type_hints(messages.Options)
    assert set(WIRE) - set(hints) == set(), "a row of protocol/options.py needs its field in protocol/option_fields.py"
    assert set(hints) - set(WIRE) == set(), "a field of Options needs its row in protocol/options.py"
    for name, option in WIRE.items():
        assert hints[name] == (list[option.type] if option.most is not None else option.type) | None, name  # type: ignore[name-defined]


@pytest.mark.parametrize("typed, where", [(CallOptions, Where.CALL), (TaskOptions, Where.TASK)])
def test_a_users_type_checker_sees_the_table(typed: Any, where: Where) -> None:
    shown = {option.name: option.python for option in TABLE if option.where & where and option.is_shown}
    annotated = {name: kind.__forward_arg__.replace('"', "'") for name, kind in typed.__annotations__.items()}
    assert annotated == shown, f"{typed.__name__} of taskbahn/tasks/options.py and the table of protocol/options.py must agree"


@EACH
def test_a_default_is_in_range_and_every_row_explains_itself(option: Any) -> None:
    assert option.help
    assert option.default is None or (
        option.type is not None and (get_origin(option.type) is Literal or option.allows(option.default))
    )
    assert option.otherwise or option.default is not None
    if get_origin(option.type) is Literal:
        assert option.default in get_args(option.type)
    else:
        assert option.rule


def test_without_options_the_dispatcher_promises_the_defaults_of_the_table() -> None:
    assert resolve(messages.Options(), messages.Options(), "") == Policy()
    promised = {name: getattr(Policy(), name) for name in WIRE if hasattr(Policy(), name)}
    assert {name: value or None for name, value in promised.items()} == {name: WIRE[name].default or None for name in promised}
    others = {"delivery", "on_caller_lost", "key"}  # the last one is over when the job is accepted
    assert set(WIRE) - set(promised) == others, "an option needs its field in Policy of core/policy.py"


@given(st.sampled_from(sorted(WIRE)), VALUES)
def test_what_the_client_takes_the_dispatcher_takes_and_nothing_else(name: str, value: Any) -> None:
    try:
        options = as_dict(make_options({name: value}, Where.CALL))
    except InvalidOption:
        options = None
    harness = DispatcherHarness()
    harness.worker()
    asked = harness.submit(**{name: value} if options is None else options)
    harness.settle()
    is_too_late = options is not None and options.get("finish_by", WALL + 1) <= WALL  # only the dispatcher's clock counts
    assert isinstance(asked.answer[0], dict) == (options is None or is_too_late), asked.answer


@pytest.mark.parametrize("name", sorted(DURATIONS))
def test_each_duration_may_be_text_at_both_ends(name: str) -> None:
    text: Any = ["1h30m", 5, "200ms"] if WIRE[name].most is not None else "1h30m"
    seconds: Any = [5400, 5, 0.2] if WIRE[name].most is not None else 5400
    assert with_seconds({name: text, "queue": "1h"}) == {name: seconds, "queue": "1h"}
    assert as_dict(make_options({name: text}, Where.BOTH if WIRE[name].where is Where.BOTH else Where.CALL)) == {name: seconds}
    harness = DispatcherHarness()
    harness.worker().lost()
    harness.submit(**{name: text})
    harness.settle()
    (new,) = [job for batch in harness.store.commits for job in batch.new]
    assert messages.from_json(new.options or "") == {name: seconds}


@pytest.mark.parametrize("name", sorted(DURATIONS))
def test_a_text_that_is_no_duration_is_refused_with_its_place(name: str) -> None:
    text: Any = ["1h", "1 hour"] if WIRE[name].most is not None else "1 hour"
    with pytest.raises(
        InvalidOption, match=rf"option {name} = '1 hour': '1' at position 1 begins no number with a unit; a duration is"
    ):
        make_options({name: text}, Where.CALL)


def test_a_text_is_no_time_to_keep_a_job() -> None:
    with pytest.raises(InvalidOption, match="option keep = '1d'"):
        make_options({"keep": "1d"}, Where.TASK)


def test_options_of_a_task_and_of_a_call_are_kept_apart() -> None:
    with pytest.raises(InvalidOption, match=r"option delay is said by a call, as in task\.options\(delay=\.\.\.\)"):
        make_options({"delay": 5}, Where.TASK)
    with pytest.raises(InvalidOption, match=r"option retry_on is said by the task, as in @app\.task\(retry_on=\.\.\.\)"):
        make_options({"retry_on": ValueError}, Where.CALL)


def test_what_a_call_waits_for_travels_in_a_flow() -> None:
    with pytest.raises(InvalidOption, match=r"option after travels beside the options: submit \{flow: \{task, args, after\}\}"):
        check({"after": []}, Where.CALL)
    with pytest.raises(InvalidOption, match=r"option after is said by a call, as in task\.options\(after=\.\.\.\)"):
        make_options({"after": []}, Where.TASK)


@pytest.mark.parametrize("word", sorted(OPTION_WORDS))
def test_a_word_of_celery_is_answered_with_ours(word: str) -> None:
    where = Where.CALL if OPTION_WORDS[word] in names(Where.CALL) else Where.TASK
    with pytest.raises(
        InvalidOption, match=f"there is no option '{word}' \\('{word}' of Celery is '{OPTION_WORDS[word]}' here\\)"
    ):
        make_options({word: 1}, where)
    for other in (Where.CALL, Where.TASK):
        with pytest.raises(InvalidOption, match=f"'{word}' of Celery is '{OPTION_WORDS[word]}' here"):
            make_options({word: 1}, other)  # where it is not said, too


@pytest.mark.parametrize("word", sorted(OPTION_WAYS))
def test_a_word_of_celery_that_is_no_option_says_the_way(word: str) -> None:
    for where in (Where.CALL, Where.TASK):
        with pytest.raises(InvalidOption) as found:
            make_options({word: True}, where)
        assert f"({word!r} of Celery is {OPTION_WAYS[word]} here)" in str(found.value)


def test_the_browser_kit_knows_the_options_of_a_call() -> None:
    source = (STATIC / "client/wire.js").read_text("utf-8")
    typedef = source[source.index("@typedef {object} Options") :].partition("*/")[0]
    written = {name: kind for kind, name in re.findall(r"@property \{([^}]+)\} \[(\w+)\]", typedef)}
    expected = {}
    for name, option in WIRE.items():
        literals = " | ".join(f'"{word}"' for word in get_args(option.type))
        kind = literals or ("number | string" if option.is_duration else JAVASCRIPT[option.type])
        expected[name] = kind if option.most is None else f"({kind})[]" if "|" in kind else f"{kind}[]"
    expected["encrypt"] = "boolean"  # the kit itself encrypts, and it does not travel
    assert written == expected, "the typedef Options of client/wire.js and the table of protocol/options.py must agree"


def test_the_page_of_a_job_names_no_option_that_there_is_not() -> None:
    source = (STATIC / "app/pages/job-facts.js").read_text("utf-8")
    table = source[source.index("const OPTION_TEXTS = {") :].partition("};")[0]
    named = re.findall(r"^  (\w+): \[", table, re.MULTILINE)
    assert named
    assert set(named) <= set(WIRE)
