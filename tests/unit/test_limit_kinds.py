"""What every kind of limit must fulfil, for each limit of the model; and that its words are known wherever they travel."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.promise_limits import LIMITS

from taskbahn.protocol import limit_kinds
from taskbahn.protocol.limit_fields import LimitFields, LimitKindName
from taskbahn.protocol.limits import FAIR
from taskbahn.tasks.limits import Limit as Declared
from taskbahn_router.core.rows import Gate
from taskbahn_router.promises import registry
from taskbahn_router.promises.limits import Limit
from taskbahn_router.promises.purge import is_idle

NOW_US = 1_700_000_000_000_000
DAY_US = 86_400_000_000
PAUSES = st.lists(st.integers(0, 3_000_000) | st.integers(0, 2 * DAY_US), min_size=1, max_size=12)  # between two looks at a gate
MODEL_LIMITS = [registry.limit_from({"name": name, **one.declared}) for name, one in LIMITS.items()]
CHANGED = [
    (before, registry.limit_from({"name": before.name, **one.declared, **one.changed}))
    for before, one in zip(MODEL_LIMITS, LIMITS.values(), strict=True)
    if one.changed is not None
]


def taken(limit: Limit, gate: Gate, now_us: int, most: int = 20) -> Gate:
    """Take what a gate lets through, as the engine does; *most* of it."""
    for _ in range(min(most, limit.room(gate, now_us, 1))):
        gate = limit.kind.take(gate, limit.options, now_us, 1)
        if limit.kind.holds:
            gate = gate._replace(used=gate.used + 1)
    return gate


def test_a_kind_is_known_wherever_its_words_travel() -> None:
    names = list(limit_kinds.KINDS)
    assert names == list(get_args(LimitKindName)), (
        "protocol/limit_kinds.py and LimitKindName of limit_fields.py agree, in order too"
    )
    assert {*names, FAIR} == set(registry.KINDS), "promises/registry.py has each kind of protocol/limit_kinds.py"
    assert {*names} == {made.kind for made in Declared.__subclasses__()}, "tasks/limits.py has a class for each kind"
    fields = {field for kind in limit_kinds.KINDS.values() for field in kind.fields}
    assert fields == set(LimitFields.__struct_fields__), "LimitFields of protocol/limit_fields.py has the fields of all kinds"
    rows = "tests/support/promise_limits.py has a limit of each kind"
    assert {*names, FAIR} == {limit.declared["kind"] for limit in LIMITS.values()}, rows
    assert {*names} == {limit.kind.name for limit, _ in CHANGED}, f"{rows}, with `changed`"


@settings(max_examples=40)
@given(PAUSES)
def test_a_closed_gate_opens_when_it_says_and_not_before(pauses: list[int]) -> None:
    for limit in MODEL_LIMITS:
        gate, now_us = Gate(limit.name, limit.name), NOW_US
        for pause in pauses:
            gate, now_us = taken(limit, gate, now_us), now_us + pause
            check_opening(limit, gate, now_us)


def check_opening(limit: Limit, gate: Gate, now_us: int) -> None:
    assert limit.room(gate, now_us, 1) >= limit.room(gate, now_us, 2) >= 0, limit
    assert limit.fitted(gate, now_us) == limit.fitted(limit.fitted(gate, now_us), now_us), limit
    several = [limit.opens_at(gate, now_us, cost) or 0 for cost in (1, 2, 5, 1000)]
    assert several == sorted(several), ("several jobs open it before one does", limit)
    if limit.room(gate, now_us, 1):
        return
    opens_us = limit.opens_at(gate, now_us, 1)
    if opens_us is None:
        assert limit.room(gate, now_us + 1000 * DAY_US, 1) == 0, limit
        return
    assert opens_us > now_us, limit
    assert (limit.room(gate, opens_us - 1, 1), limit.room(gate, opens_us, 1) > 0) == (0, True), limit


@settings(max_examples=40)
@given(PAUSES)
def test_a_gate_goes_by_the_options_of_now_when_they_change(pauses: list[int]) -> None:
    for one, other in CHANGED:
        for before, limit in ((one, other), (other, one)):
            gate, now_us = Gate(limit.name, limit.name), NOW_US
            for pause in pauses:
                gate, now_us = taken(before, gate, now_us), now_us + pause
                fitted = limit.fitted(gate, now_us)
                check_opening(limit, fitted, now_us)
                assert limit.room(fitted, now_us, 1) == limit.room(gate, now_us, 1), limit
                assert limit.opens_at(fitted, now_us, 1) == limit.opens_at(gate, now_us, 1), limit


@settings(max_examples=40)
@given(PAUSES, st.integers(0, 1000 * DAY_US))
def test_a_clock_that_was_set_back_keeps_no_gate_closed_for_long(pauses: list[int], back_us: int) -> None:
    for limit in MODEL_LIMITS:
        new = gate = Gate(limit.name, limit.name)
        now_us = NOW_US
        for pause in pauses:
            gate, now_us = taken(limit, gate, now_us), now_us + pause
        now_us -= back_us
        fitted = limit.fitted(gate, now_us)
        assert limit.room(fitted, now_us, 1) == limit.room(gate, now_us, 1), limit
        longest_us = limit.opens_at(taken(limit, new, now_us), now_us, 1)
        if longest_us is not None and not limit.room(fitted, now_us, 1):
            opens_us = limit.opens_at(fitted, now_us, 1)
            assert opens_us is not None, limit
            assert opens_us <= longest_us, limit
            assert limit.room(fitted, opens_us, 1), ("it moves on with the clock", limit)


@settings(max_examples=40)
@given(PAUSES)
def test_a_gate_that_a_purge_may_delete_is_as_a_new_one(pauses: list[int]) -> None:
    for limit in MODEL_LIMITS:
        new = gate = Gate(limit.name, limit.name)
        now_us = NOW_US
        for pause in pauses:
            gate, now_us = taken(limit, gate, now_us, 1)._replace(used=0), now_us + pause
            if is_idle(gate, now_us):
                assert limit.room(gate, now_us, 1) == limit.room(new, now_us, 1), limit
                assert limit.usage(gate, now_us) == limit.usage(new, now_us), limit


@pytest.mark.parametrize("limit", MODEL_LIMITS)
def test_a_limit_says_what_is_in_use_and_why_a_job_waits(limit: Limit) -> None:
    gate = taken(limit, Gate(f'{limit.name}["acme"]', limit.name), NOW_US)
    used, capacity = limit.usage(gate, NOW_US)
    assert 0 <= used <= capacity or limit.kind.orders
    assert limit.why(gate).startswith(f'The limit {limit.name} for "acme" holds it: ')
