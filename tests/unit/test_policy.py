"""What a job was promised: option names, their ranges, and the order in which task, call and defaults are looked at."""

from contextlib import nullcontext
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.errors import InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.options import LONGEST_SECONDS, WIRE
from taskbahn.protocol.options import check as parse_options
from taskbahn_router.core.policy import DEFAULT_KEEP, Policy, policy_of, resolve

ALLOWED: dict[str, list[Any]] = {
    "queue": ["default", "q" * 100, "äöü"],
    "priority": [-1000, 0, 1000],
    "delay": [0, 0.5, LONGEST_SECONDS],
    "eta": [0, 1_800_000_000.5],
    "start_within": [0.001, 10],
    "run_within": [0.001, 10],
    "finish_within": [0.001, LONGEST_SECONDS],
    "finish_by": [0, 1_800_000_000.5],
    "retries": [0, 10_000],
    "retry_delays": [[], [0, 1.5]],
    "retry_backoff": [0, 1],
    "retry_backoff_max": [0, 1],
    "retry_jitter": [0, 0.5, 1],
    "crash_attempts": [1, 100],
    "keep": [0, 1],
    "delivery": ["at_least_once", "at_most_once"],
    "on_caller_lost": ["continue", "cancel"],
    "tags": [[], ["a", "t" * 100], [str(number) for number in range(20)]],
    "key": ["a", "{x}", "k" * 200],
    "detached": [True, False],
    "weight": [0, 1, 2.5, 1e6],
    "title": ["a", "x" * 200, "Café à 5 €"],
}
REFUSED: dict[str, list[Any]] = {
    "queue": ["", "  ", "q" * 101, 5],
    "priority": [-1001, 1001, 0.5, "high"],
    "delay": [-1, LONGEST_SECONDS * 1.1, float("nan"), float("inf"), "soon"],
    "eta": [-1, 1.8e12, float("nan")],
    "start_within": [0, -1, float("nan")],
    "run_within": [0, -1, float("inf")],
    "finish_within": [0, -1, float("nan"), LONGEST_SECONDS * 1.1, "1h"],
    "finish_by": [-1, 1.8e12, float("nan")],
    "retries": [-1, 10_001, 1.5, [1, 2]],
    "retry_delays": [[-1], [float("nan")], [LONGEST_SECONDS * 2], 5],
    "retry_backoff": [-1],
    "retry_backoff_max": [-1],
    "retry_jitter": [-0.1, 1.1, float("nan")],
    "crash_attempts": [0, -1],
    "keep": [-1],
    "delivery": ["exactly_once"],
    "on_caller_lost": ["stop"],
    "tags": [[""], ["t" * 101], [str(number) for number in range(21)], "a", [5]],
    "key": ["", " ", "k" * 201, 5],
    "detached": [1, "yes"],
    "weight": [-1, 1.1e6, float("nan"), "heavy"],
    "title": ["", " ", "x" * 201, "a\nb", "a\u2028b", 5],
}


def cases(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def test_the_tables_here_know_every_option() -> None:
    assert set(ALLOWED) == set(REFUSED) == set(WIRE)


@pytest.mark.parametrize("name, value", cases(ALLOWED))
def test_a_value_in_range_is_taken(name: str, value: Any) -> None:
    assert getattr(parse_options({name: value}), name) == value


@pytest.mark.parametrize("name, value", cases(REFUSED))
def test_a_value_out_of_range_is_refused_and_the_option_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=name):
        parse_options({name: value})


def test_an_unknown_option_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InvalidOption, match=r"no option 'prioritty' \(did you mean 'priority'\?\)"):
        parse_options({"prioritty": 1})


def test_an_unknown_option_without_likeness_is_refused_with_the_list_of_all() -> None:
    with pytest.raises(InvalidOption, match=r"no option 'zzz'; there are after, crash_attempts, delay"):
        parse_options({"zzz": 1})


def test_a_null_means_left_out() -> None:
    assert parse_options(dict.fromkeys(WIRE)) == messages.Options()


def test_the_call_goes_before_the_task_and_the_task_before_the_default() -> None:
    task = messages.Options(queue="slow", priority=5, retries=3)
    policy = resolve(task, messages.Options(priority=0), '{"priority":0}')
    assert (policy.queue, policy.priority, policy.retries, policy.crash_attempts) == ("slow", 0, 3, 2)
    assert policy.own == '{"priority":0}'


def test_without_options_everything_is_at_its_default() -> None:
    assert resolve(messages.Options(), messages.Options(), "") == Policy()
    assert (Policy().queue, Policy().keep, Policy().at_most_once) == ("default", DEFAULT_KEEP, False)


def test_a_list_of_delays_says_how_many_retries_there_are() -> None:
    policy = resolve(messages.Options(), messages.Options(retry_delays=[1.0, 5.0, 60.0]), "")
    assert (policy.retries, policy.retry_delays) == (3, (1.0, 5.0, 60.0))


def test_retries_beside_a_list_of_delays_goes_before_its_length() -> None:
    assert resolve(messages.Options(), messages.Options(retry_delays=[1.0], retries=5), "").retries == 5


def test_delivery_and_caller_lost_become_questions() -> None:
    policy = resolve(messages.Options(delivery="at_most_once"), messages.Options(on_caller_lost="cancel"), "")
    assert (policy.at_most_once, policy.cancel_on_caller_lost) == (True, True)


def test_a_policy_is_read_back_from_the_two_stored_texts() -> None:
    task, own = messages.to_json(messages.Options(queue="slow", retries=1)), messages.to_json({"retries": 2, "tags": ["a"]})
    assert policy_of(task, own) == Policy(queue="slow", retries=2, tags=("a",), own=own)
    assert policy_of("", "") == Policy()


def test_stored_options_of_a_newer_version_are_not_guessed_at() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        policy_of("", '{"sharding": true}')


DELAYS = st.one_of(st.none(), st.floats(0, LONGEST_SECONDS))


@given(DELAYS, DELAYS, DELAYS, DELAYS)
def test_the_first_delay_is_never_cut_by_a_default(first: Any, most: Any, own_first: Any, own_most: Any) -> None:
    task, call = ({"retry_backoff": a, "retry_backoff_max": b} for a, b in ((first, most), (own_first, own_most)))
    policy = resolve(msgspec.convert(task, messages.Options), msgspec.convert(call, messages.Options), "")
    said = own_most if own_most is not None else most
    assert policy.retry_backoff_max == (max(600.0, policy.retry_backoff) if said is None else said)
    for options in (task, call):
        is_wrong = None not in options.values() and options["retry_backoff"] > options["retry_backoff_max"]
        with pytest.raises(InvalidOption, match="longer than") if is_wrong else nullcontext():
            parse_options(options)
