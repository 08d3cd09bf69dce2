"""The keys of jobs under limits: canonical, free of collisions, bounded; and what makes none is refused with a sentence."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processor import fewest_seconds, of_thread

from taskbahn.errors import InvalidArguments, InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit, TaskDeclaration
from taskbahn.signatures.signature import TaskSignature
from taskbahn_router.core.key_values import MAX_VALUES
from taskbahn_router.core.limit_keys import LimitKeys, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

TASK = "t.send"
SCALARS = st.one_of(st.text(max_size=20), st.integers(), st.floats(-1e100, 1e100), st.booleans(), st.none())


@dataclass
class Order:
    customer: str
    region: str = "eu"


def send(customer: Any, region: Any = "eu", *rest: int, size: float = 1, order: Order | None = None, **more: Any) -> None: ...


SIGNATURE = TaskSignature.of(send, TASK)


def limit(key: str | None = None, *, name: str = "stripe", cost: int | str = 1, permits: int = 10) -> DeclaredLimit:
    return DeclaredLimit(kind="concurrency", name=name, limit=permits, key=key, cost=cost)


def keys_of(*limits: DeclaredLimit, fair_key: str = "", typed: bool = True, **capacities: int) -> LimitKeys:
    declaration = TaskDeclaration(name=TASK, limits=list(limits), fair_key=fair_key, signature=SIGNATURE.wire if typed else None)
    found = LimitKeys.declared(declaration, capacities)
    assert found is not None
    return found


def of(
    keys: LimitKeys, *args: Any, tags: Sequence[str] = (), caller: str | None = "joe", queue: str = "mail", **kwargs: Any
) -> tuple[tuple[str, int], ...]:
    return keys.of(args, kwargs, tags, caller, queue)


def test_a_task_without_limits_has_nothing_to_compute() -> None:
    assert LimitKeys.declared(TaskDeclaration(name=TASK, signature=SIGNATURE.wire)) is None


def test_limits_that_are_the_same_for_all_jobs_are_apart() -> None:
    keys = keys_of(
        limit(),
        limit("{customer}", name="tenant"),
        limit(name="gpu", cost=3),
        limit(name="bytes", cost="{size}"),
        fair_key="{region}",
    )
    assert keys.constant == (("stripe", 1), ("gpu", 3))
    assert keys.varying
    assert of(keys, "acme", size=4) == (('tenant["acme"]', 1), ("bytes", 4), ('t.send.fair["eu"]', 1))
    assert not keys_of(limit()).varying


@pytest.mark.parametrize(
    "template, key",
    [
        ("{customer}", 'stripe["acme"]'),
        ("{customer}:{region}", 'stripe["acme","eu"]'),
        ("eu-{customer}", 'stripe["acme"]'),
        ("{size}", "stripe[1]"),
        ("{order.region}", 'stripe["eu"]'),
        ("{order.customer}", 'stripe["Ada"]'),
        ("{rest.1}", "stripe[8]"),
        ("{extra}", "stripe[true]"),
        ("{@caller}", 'stripe["joe"]'),
        ("{@queue}{@tag:user}", 'stripe["mail","42"]'),
        ("{@tag:none}", "stripe[null]"),
    ],
)
def test_each_source_is_part_of_the_key(template: str, key: str) -> None:
    found = of(keys_of(limit(template)), "acme", "eu", 7, 8, order={"customer": "Ada"}, extra=True, tags=["x", "user:42"])
    assert found == ((key, 1),)


@pytest.mark.parametrize(
    "value, text",
    [
        (1, "1"), (1.0, "1"), (-0.0, "0"), (0.5, "0.5"), (1e22, "1" + "0" * 22), (1e-7, "1e-07"), (True, "true"), (False, "false"),
        (None, "null"), ("", '""'), ("1", '"1"'), ("null", '"null"'), ('a"b\\', '"a\\"b\\\\"'), ("\x00\n", '"\\u0000\\n"'), ("é€😀", '"é€😀"'),
        (10**30, "1" + "0" * 30), ("NaN", '"NaN"'),
    ],
)  # fmt: skip
def test_a_value_is_the_same_text_wherever_it_comes_from(value: Any, text: str) -> None:
    assert of(keys_of(limit("{customer}{region}")), value, value) == ((f"stripe[{text},{text}]", 1),)


@given(SCALARS, SCALARS, SCALARS, SCALARS)
def test_two_keys_are_the_same_only_for_the_same_values(a: Any, b: Any, c: Any, d: Any) -> None:
    keys = keys_of(limit("{customer}:{region}"))
    (one, _), (other, _) = *of(keys, a, b), *of(keys, c, d)
    assert (one == other) is all(x == y and isinstance(x, bool) is isinstance(y, bool) for x, y in ((a, c), (b, d)))
    assert all(x == y for x, y in zip(json.loads(one.removeprefix("stripe")), (a, b), strict=True))


def test_text_with_separators_in_it_is_another_key() -> None:
    keys = keys_of(limit("{customer}:{region}"))
    assert of(keys, "a:b", "c") != of(keys, "a", "b:c")
    assert of(keys, 'a","b', "c") != of(keys, "a", 'b","c')


@given(SCALARS, SCALARS, st.floats(-1e6, 1e6), st.integers(0, 2), st.booleans())
def test_by_position_and_by_name_give_one_key(customer: Any, region: Any, size: float, by_position: int, spelled: bool) -> None:  # noqa: FBT001
    keys = keys_of(limit("{customer}:{region}:{size}"), fair_key="{region}")
    named: dict[str, Any] = {"customer": customer, "region": region}
    if region == "eu" and not spelled:
        del named["region"]
    args = list(named.values())[:by_position]
    kwargs = {name: named[name] for name in list(named)[by_position:]} | {"size": size}
    sent, sent_names = messages.from_json(SIGNATURE.pack(tuple(args), kwargs))  # as it travels
    assert of(keys, *sent, **sent_names) == of(keys, customer, region, size=size)


def test_a_default_counts_as_if_it_were_given() -> None:
    keys = keys_of(limit("{region}{size}"))
    assert of(keys, "x") == of(keys, "x", "eu", size=1.0) == (('stripe["eu",1]', 1),)


def test_without_a_signature_positions_and_keywords_count() -> None:
    keys = keys_of(limit("{0}{who}"), typed=False)
    assert of(keys, "a", who="b") == (('stripe["a","b"]', 1),)
    for args, kwargs in (([], {"who": 1}), (["a"], {})):
        with pytest.raises(InvalidArguments, match="is missing, and a limit goes by it"):
            keys.of(args, kwargs, (), None, "q")


@pytest.mark.parametrize(
    "template, args, kwargs, field, said",
    [
        ("{customer}", [["a"]], {}, "customer", "is a list, and the key of the limit 'stripe' takes a text, a number, true, false or null"),
        ("{customer}", [{}], {}, "customer", "is an object, and"),
        ("{customer}", [math.nan], {}, "customer", "is nan, and the key of the limit 'stripe' takes finite numbers only"),
        ("{customer}", [-math.inf], {}, "customer", "finite numbers only"),
        ("{customer}", ["x" * MAX_VALUES], {}, "customer", f"characters long or longer, more than the {MAX_VALUES} allowed; use an id"),
        ("{customer}", ["\n" * (MAX_VALUES // 2)], {}, "customer", f"{MAX_VALUES + 4:,} characters long"),
        ("{customer}{region}", ["x" * 300, "y" * 300], {}, "customer", "607 characters long"),
        ("{customer}", [10**600], {}, "customer", f"{MAX_VALUES + 1} characters long or longer"),
        ("{region}", [1, "x" * 10_000], {}, "region", "10,000 characters long or longer"),
        ("{customer}", ["\ud83d"], {}, "customer", "the key of the limit 'stripe' has text that is no Unicode"),
        ("{customer}", [], {}, "customer", "is missing, and a limit goes by it"),
        ("{order.customer}", [1], {}, "order.customer", "is missing: order has no part 'customer', and a limit goes by it"),
        ("{order.customer}", [1], {"order": {}}, "order.customer", "order has no part 'customer'"),
        ("{rest.2}", [1, 2, 3, 4], {}, "rest.2", "rest has no part '2'"),
    ],
)  # fmt: skip
def test_what_makes_no_key_is_refused_with_a_sentence(template: str, args: Any, kwargs: Any, field: str, said: str) -> None:
    keys = keys_of(limit("{@queue}", name="other"), limit(template))
    with pytest.raises(InvalidArguments) as refused:
        of(keys, *args, **kwargs)
    assert refused.value.detail["task"] == TASK
    assert said in refused.value.detail["fields"][field]
    assert len(str(refused.value)) < 300


def test_a_key_has_500_characters_at_most() -> None:
    keys = keys_of(limit("{customer}"))
    fits = "x" * (MAX_VALUES - len('[""]'))
    assert of(keys, fits) == ((f'stripe["{fits}"]', 1),)
    with pytest.raises(InvalidArguments, match="501 characters long or longer"):
        of(keys, fits + "x")


def test_a_key_says_to_which_limit_it_belongs() -> None:
    ((key, _),) = of(keys_of(limit("{customer}", name="a.b:c/d")), "x[y")
    assert (name_of(key), name_of("gpu")) == ("a.b:c/d", "gpu")


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidArguments) as refused:
        of(keys_of(limit("{customer}"), limit("{region}", name="b", cost="{size}"), fair_key="{order.region}"), [], {}, size=1.5)
    assert set(refused.value.detail["fields"]) == {"customer", "size", "order.region"}


def test_two_tags_for_one_key_are_refused() -> None:
    with pytest.raises(InvalidOption, match=r"'user:1' and 'user:2' are two tags user:…, and a limit goes by it") as refused:
        of(keys_of(limit("{@tag:user}")), 1, tags=["user:1", "user:2", "users"])
    assert refused.value.detail["option"] == "tags"


# costs


def test_a_cost_may_be_an_argument() -> None:
    keys = keys_of(limit("{customer}", cost="{size}"), limit(name="fixed", key="{customer}", cost=2))
    assert of(keys, "a", size=10) == (('stripe["a"]', 10), ('fixed["a"]', 2))
    assert of(keys, "a", size=3.0) == of(keys, "a", size=3)


def test_a_job_that_costs_nothing_is_not_under_the_limit() -> None:
    assert of(keys_of(limit("{customer}", cost="{size}")), "a", size=0) == ()


@pytest.mark.parametrize(
    "size, said",
    [
        (11, "is 11, a cost above the limit of 10 of the limit 'stripe'"), (10**600, "is a number of many digits, a cost above"),
        (-(10**600), "many digits"),
        (-1, "is -1, and the cost"),
        (1.5, "is 1.5, and the cost for the limit 'stripe' is a whole number, 0 or more"), (True, "is true, and the cost"),
        ("5", "is a text, and"), (None, "is null, and"), (math.nan, "is nan, and"), (math.inf, "is inf, and"), ([], "is a list, and"),
    ],
)  # fmt: skip
def test_what_is_no_cost_is_refused(size: Any, said: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        of(keys_of(limit(cost="{size}")), 1, size=size)
    assert said in refused.value.detail["fields"]["size"]


def test_a_cost_is_bounded_by_the_burst_or_by_what_overrides_it() -> None:
    rate = DeclaredLimit(kind="rate", name="r", rate="5/s", burst=20, cost="{size}")
    assert of(keys_of(rate), 1, size=20) == (("r", 20),)
    with pytest.raises(InvalidArguments, match="a cost above the burst of 20 of the limit 'r'"):
        of(keys_of(rate), 1, size=21)
    assert of(keys_of(rate, r=30), 1, size=21) == (("r", 21),)


def test_one_key_takes_microseconds() -> None:
    keys = keys_of(limit("{customer}"))
    seconds = fewest_seconds(lambda: of_thread(lambda: [keys.of(["acme"], {}, (), None, "q") for _ in range(1000)]), 0.02)
    assert seconds / 1000 < 20e-6  # 2 on an idle machine
