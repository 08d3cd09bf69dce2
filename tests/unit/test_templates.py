"""Templates: what may be in one, what is refused and where, and which arguments of a task they name."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.protocol.messages import Signature
from taskbahn.protocol.templates import MAX_SOURCES, MAX_STEPS, MAX_TEMPLATE, MISSING, Source, WrongTemplate, locate, parse
from taskbahn.signatures.signature import TaskSignature


class Size(TypedDict):
    width: int


@dataclass
class Address:
    city: str
    zip: int = 5


def no_counts() -> dict[str, int]:
    return {}


def no_parts() -> list[Address]:
    return []


@dataclass
class Order:
    customer: str
    address: Address
    region: str = "eu"
    counts: dict[str, int] = field(default_factory=no_counts)  # of `dict` itself msgspec 0.23 tells the default
    parts: list[Address] = field(default_factory=no_parts)
    size: Size | None = None
    next: Order | None = None


NOT_DATA = object()


def send(
    order: Order, amount: float = 1.5, *rest: int, note: str | None = None, free: Any = None, odd: Any = NOT_DATA
) -> None: ...
def loose(first: int, **more: int) -> None: ...
def bare() -> None: ...


SEND = TaskSignature.of(send, "t.send").wire
LOOSE = TaskSignature.of(loose, "t.loose").wire
BARE = TaskSignature.of(bare, "t.bare").wire


def source(text: str) -> Source:
    (found,) = parse(text).sources
    return found


def test_a_template_has_its_sources_in_order() -> None:
    found = parse("a-{customer}:{order.items.0}{@caller} {@queue}/{@tag:user}{@tag:a:b}").sources
    assert [(one.kind, one.path) for one in found] == [
        ("argument", ("customer",)),
        ("argument", ("order", "items", "0")),
        ("caller", ()),
        ("queue", ()),
        ("tag", ("user",)),
        ("tag", ("a:b",)),
    ]


@pytest.mark.parametrize(
    "text, position, said",
    [
        ("", None, "it has no braces; write an argument's name in them, as in '{customer}'"),
        ("customer", None, "it has no braces"),
        ("{customer", 1, "'{' at position 1 has no '}' after it"),
        ("a{b{c}", 2, "'{' at position 2 has no '}' after it"),
        ("{{customer}}", 1, "'{' at position 1 has no '}' after it"),
        ("ab}", 3, "'}' at position 3 has no '{' before it"),
        ("x{}", 3, "a name is missing between the braces at position 2"),
        ("{a b}", 2, "{a b} at position 1 is no name of an argument"),
        ("{size:03}", 2, "{size:03} at position 1 is no name"),
        ("{size!r}", 2, "is no name of an argument"),
        ("{a..b}", 2, "{a..b} at position 1 has an empty step"),
        ("{.a}", 2, "is no name of an argument"),
        ("{a" + ".b" * (MAX_STEPS + 1) + "}", 2, f"has more than {MAX_STEPS} steps"),
        ("{@}", 2, "{@} at position 1 is unknown; there are {@caller}, {@queue} and {@tag:name}"),
        ("{@quee}", 2, "(did you mean '@queue'?)"),
        ("{@tag.user}", 2, "(did you mean '{@tag:user}'?)"),
        ("{@tag:}", 2, "(did you mean '{@tag:name}'?)"),
        ("{@due:%Y}", 2, "{@due:%Y} at position 1 is known in schedules only"),
        ("{@last_success}", 2, "in schedules only"),
        ("{a}" * (MAX_SOURCES + 1), None, f"it has {MAX_SOURCES + 1} pairs of braces, more than the {MAX_SOURCES} allowed"),
        ("{a}" + " " * MAX_TEMPLATE, None, f"more than the {MAX_TEMPLATE} allowed"),
    ],
)
def test_what_is_no_template_is_refused_with_its_position(text: str, position: int | None, said: str) -> None:
    with pytest.raises(WrongTemplate) as refused:
        parse(text)
    assert said in str(refused.value)
    assert refused.value.position == position


@given(st.text(alphabet="{}@.:ab1 tagqueue", max_size=20))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    try:
        found, position = parse(text), None
    except WrongTemplate as error:
        found, position = None, error.position
    assert position is None or 1 <= position <= len(text) + 1
    if found is not None:
        assert text.count("{") == text.count("}") == len(found.sources) >= 1
        assert all(f"{{{one.text}}}" in text for one in found.sources)


@pytest.mark.parametrize(
    "text, position, defaults",
    [
        ("{amount}", 1, (1.5,)),
        ("{note}", None, (None,)),
        ("{free}", None, (None,)),
        ("{free.thing.0}", None, (None, MISSING, MISSING)),
        ("{order.customer}", 0, (MISSING, MISSING)),
        ("{order.region}", 0, (MISSING, "eu")),
        ("{order.address.zip}", 0, (MISSING, MISSING, 5)),
        ("{order.counts.x}", 0, (MISSING, MISSING, MISSING)),
        ("{order.parts.0.city}", 0, (MISSING, MISSING, MISSING, MISSING)),
        ("{order.size.width}", 0, (MISSING, None, MISSING)),
        ("{order.next.next.region}", 0, (MISSING, None, None, "eu")),
        ("{rest.1}", 2, ([], MISSING)),
    ],
)
def test_an_argument_or_a_part_of_one_is_found(text: str, position: int | None, defaults: tuple[Any, ...]) -> None:
    found = locate(source(text), SEND, "t.send")
    assert (found.position, found.defaults, found.is_rest) == (position, defaults, "rest" in text)


@pytest.mark.parametrize(
    "signature, text, said",
    [
        (SEND, "{amont}", "{amont} names no argument of t.send (did you mean 'amount'?); it has order, amount, note"),
        (SEND, "{queue}", "names no argument of t.send (did you mean '@queue'?)"),
        (BARE, "{x}", "{x} names no argument of t.bare; it has none"),
        (SEND, "{0}", "{0} is a position; write the argument's name, {order}"),
        (LOOSE, "{7}", "{7} names no argument of t.loose"),
        (SEND, "{odd}", "the dispatcher does not know the default of 'odd', which is no data; give it another default"),
        (SEND, "{order}", "{order} is an object, not one value; name a part of it: {order.customer}, {order.region}"),
        (SEND, "{order.counts}", "{order.counts} is an object, not one value"),
        (SEND, "{order.parts}", "{order.parts} is a list, not one value"),
        (SEND, "{rest}", "{rest} is a list, not one value"),
        (SEND, "{order.custmer}", "{order.custmer}: order has no part 'custmer' (did you mean 'customer'?)"),
        (SEND, "{order.address.zap}", "order.address has no part 'zap' (did you mean 'zip'?); order.address has city, zip"),
        (SEND, "{amount.x}", "{amount.x}: amount has no part 'x'"),
        (SEND, "{order.parts.city}", "order.parts has no part 'city'"),
    ],
)
def test_what_names_no_argument_is_refused_with_a_suggestion(signature: Signature, text: str, said: str) -> None:
    task = "t.bare" if signature is BARE else "t.loose" if signature is LOOSE else "t.send"
    with pytest.raises(WrongTemplate) as refused:
        locate(source(text), signature, task)
    assert said in str(refused.value)


def test_keywords_of_any_name_may_be_named() -> None:
    assert locate(source("{extra}"), LOOSE, "t.loose").defaults == (MISSING,)


def test_without_a_signature_numbers_are_positions_and_other_names_keywords() -> None:
    assert locate(source("{1}"), None, "t.x").position == 1
    assert locate(source("{name.x}"), None, "t.x").position is None


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.sampled_from(["object", "array", "string", "#/$defs/a", "x"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["properties", "additionalProperties", "$defs", "$ref", "anyOf", "type", "items", "required", "default", "a"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["properties", "additionalProperties", "$defs", "required"]), JSON), st.booleans())
def test_a_strange_schema_locates_or_refuses_and_never_fails(parameters: dict[str, Any], is_deep: bool) -> None:  # noqa: FBT001
    signature = Signature(digest="", parameters=parameters, order=["a"], variadic=None)
    with contextlib.suppress(WrongTemplate):
        assert locate(source("{a.a}" if is_deep else "{a}"), signature, "t.x").name == "a"
