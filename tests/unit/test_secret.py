"""`Secret` and `redact`: what they show of themselves, what they are refused in, and how they travel."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle  # noqa: TID251 - to show that it refuses
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import InvalidArguments, InvalidOption, Rate, Secret, Taskbahn, Unique, UnsupportedAnnotation
from taskbahn.protocol.secrets import cleaned, masked_text, opened, plain, texts_in, without
from taskbahn.signatures.payloads import pack_plain, pack_result, plain_of
from taskbahn.signatures.signature import TaskSignature
from taskbahn.testing import eager, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "4711-text"


@dataclasses.dataclass(frozen=True)
class User:
    """What tasks take."""

    name: str
    password: Secret[str]
    more: dict[str, list[Secret[int]]] = dataclasses.field(default_factory=dict)


@pytest.mark.parametrize(
    "show", [str, repr, "{}".format, "{:>20}".format, "{!r}".format, lambda one: f"{[one]} {User('a', one)}", ascii]
)
def test_a_secret_does_not_show_itself(show: Callable[[Any], str]) -> None:
    shown = show(Secret(TEXT))
    assert TEXT not in shown
    assert "[hidden]" in shown


def test_a_secret_is_equal_to_its_like_alone() -> None:
    assert Secret("a") == Secret("a") == Secret[str]("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret(b"a") != Secret("a")
    assert Secret("ä") == Secret("ä")
    assert Secret({"a": 1}) == Secret({"a": 1})
    assert {Secret("a")} == {Secret("a")}
    assert hash(Secret("a")) != hash("a")


def test_a_secret_is_copied_and_not_pickled() -> None:
    user = User("ada", Secret(TEXT))
    assert copy.deepcopy(user) == user
    assert dataclasses.asdict(user)["password"] == Secret(TEXT)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(user, protocol)
    with pytest.raises(TypeError):
        json.dumps(Secret(TEXT))


ONE = Secret(1)


def typed(
    card: Secret[str], user: User, number: Annotated[Secret[int], "n"] = ONE, *rest: Secret[bytes], any_one: Any = None
) -> Secret[User]:
    return Secret(user)


def test_arguments_come_back_as_secrets_wherever_they_are() -> None:
    signature = TaskSignature.of(typed, "t")
    user = User("ada", Secret(TEXT), {"a": [Secret(1), Secret(2)]})
    args, kwargs = (Secret(TEXT), user, Secret(5), Secret(b"raw")), {"any_one": {"x": [Secret("in any")]}}
    text = signature.pack(args, kwargs)
    assert signature.unpack(text) == (args, kwargs)
    assert TEXT not in masked_text(text)
    assert signature.unpack(json.dumps(opened(json.loads(text)))) == (args, {"any_one": {"x": ["in any"]}})  # as others give them
    result = signature.pack_result(Secret(user))
    assert signature.unpack_result(result) == Secret(user)
    assert TEXT not in masked_text(result)


def test_a_schema_says_what_is_secret_and_no_default_of_it() -> None:
    wire = TaskSignature.of(typed, "t").wire
    assert wire.parameters["properties"]["card"] == {"type": "string", "writeOnly": True, "format": "password"}
    assert wire.parameters["properties"]["number"] == {"type": "integer", "writeOnly": True}
    assert "number" not in wire.parameters["required"]
    assert wire.parameters["$defs"]["User"]["properties"]["password"]["writeOnly"] is True
    assert wire.returns["writeOnly"] is True


@pytest.mark.parametrize("wrong", [5, [TEXT], {"a": TEXT}, Secret(5), Secret([TEXT]), {"$secret": True}])
def test_what_is_wrong_with_a_secret_is_said_without_it(wrong: Any) -> None:
    signature = TaskSignature.of(typed, "t")
    with pytest.raises(InvalidArguments) as raised:
        signature.pack((wrong, User("a", Secret("b"))), {})
    assert TEXT not in str(raised.value)
    assert TEXT not in repr(raised.value.detail)
    with pytest.raises(InvalidArguments) as raised:
        signature.unpack(json.dumps([[5, {"name": TEXT, "password": [TEXT]}], {}]))
    assert TEXT not in str(raised.value)


def test_a_secret_where_the_task_takes_none_is_refused() -> None:
    def plain_text(text: str) -> None: ...

    with pytest.raises(InvalidArguments, match="a Secret"):
        TaskSignature.of(plain_text, "t").pack((Secret(TEXT),), {})


@pytest.mark.parametrize("pack", [lambda value: pack_plain("t", (value,), {}), lambda value: pack_plain("t", (), {"x": [value]})])
def test_the_mark_is_no_argument(pack: Callable[[Any], str]) -> None:
    with pytest.raises(InvalidArguments, match="give the value itself"):
        pack({"$secret": True})
    pack({"$secret": True, "b": 1})


KEYS = st.sampled_from(["$secret", "$$secret", "$$$secret", "secret", "$", 'a"$secret":', "\\", '\\"', "x"])
LEAVES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | KEYS | st.just('{"$secret":["x"]}') | st.text(max_size=5)
DATA = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12)
SECRETS = st.recursive(
    LEAVES | st.builds(Secret, DATA),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(SECRETS)
def test_data_and_secrets_travel_as_what_they_are(value: Any) -> None:
    text = pack_result(value)
    assert plain_of(text) == value
    assert masked_text(masked_text(text)) == masked_text(text)
    assert json.loads(masked_text(text)) == shown(value)
    assert plain(text) == revealed(value)


def shown(value: Any) -> Any:
    """Return how a view shows a value, by a rule of its own."""
    if isinstance(value, Secret):
        return {"$secret": True}
    if isinstance(value, dict):
        return {f"${key}" if key.lstrip("$") == "secret" and key != "secret" else key: shown(part) for key, part in value.items()}
    return [shown(part) for part in value] if isinstance(value, list) else value


def revealed(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {key: revealed(part) for key, part in value.items()}
    return [revealed(part) for part in value] if isinstance(value, list) else value


@given(
    st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10),
    st.text(min_size=4, alphabet="abc1"),
)
def test_a_text_is_in_nothing_that_was_cleaned_of_it(data: Any, secret: str) -> None:
    value = [data, f"x{secret}y", {secret: [secret * 2]}, {"deep": (secret,)}]
    assert secret not in repr(cleaned(value, texts_in({"a": [secret]})))


KEY = '-----BEGIN KEY-----\nab"cd+ef/gh ü\\n\nsecond line here\n-----END KEY-----'
SAYS: list[Callable[[str], str]] = [
    lambda text: f"{KeyError(text)}",
    lambda text: json.dumps({"key": text}),
    lambda text: f"https://example.org/?{urlencode({'key': text})}",
    lambda text: f"https://example.org/{quote(text)}",
    lambda text: text.splitlines()[1],
    lambda text: f"{[text]!r}",
    ascii,
]


@pytest.mark.parametrize("say", SAYS)
def test_a_text_is_hidden_in_the_forms_in_which_it_is_quoted(say: Callable[[str], str]) -> None:
    said = without(say(KEY), texts_in(KEY))
    assert "[hidden]" in said
    assert not re.search("ab.{0,5}cd|second|gh", said)


# redact


def test_names_go_into_parts_and_lists() -> None:
    def takes(user: User, orders: list[dict[str, Any]], free: Any, **more: str) -> None: ...

    wire = TaskSignature.of(takes, "t", ("user.name", "orders.price", "free.*.key", "token")).wire
    properties = wire.parameters["properties"]
    assert properties["user"]["properties"]["name"] == {"type": "string", "writeOnly": True, "format": "password"}
    assert properties["orders"]["items"]["properties"]["price"] == {"writeOnly": True}
    assert properties["token"]["writeOnly"] is True
    assert "writeOnly" not in wire.parameters["$defs"]["User"]["properties"]["name"]


@pytest.mark.parametrize(
    "redact, said",
    [
        (["crad"], "'crad' names no part of an argument of t (did you mean 'card'?); there are card, user"),
        (["user.nam"], "did you mean 'name'"),
        (["card.x"], "'card.x' names no part"),
        (["user.more.a.b"], "names no part"),
        ("card", "it is a list of names"),
        ([5], "is no name of an argument"),
        (["user..name"], "is no name of an argument"),
        (["x"] * 101, "more than the 100 allowed"),
    ],
)
def test_a_name_that_is_nothing_is_refused_where_it_is_declared(redact: Any, said: str) -> None:
    def takes(card: str, user: User) -> None: ...

    with pytest.raises(InvalidOption) as raised:
        Taskbahn().task(name="t", redact=redact)(takes)
    assert said in raised.value.message


def test_no_key_names_a_secret() -> None:
    app = Taskbahn()

    def takes(card: Secret[str], user: User, pin: str) -> None: ...

    for words in (
        {"limits": [Rate("1/s", key="{card}")]},
        {"limits": [Rate("1/s", key="{user.password}")]},
        {"fair_key": "{pin}"},
        {"unique": Unique(key="{pin}")},
        {"unique": Unique()},
    ):
        with pytest.raises(InvalidOption, match="secret"):
            app.task(name="t", redact=["pin"], **words)(takes)
    app.task(name="t", redact=["pin"], unique=Unique(key="{user.name}"))(takes)


def test_what_all_watchers_see_is_no_secret() -> None:
    def yields() -> Iterator[Secret[str]]:
        yield Secret("x")

    with pytest.raises(UnsupportedAnnotation, match="all who watch"):
        Taskbahn().task(name="t")(yields)


def test_a_default_in_a_class_is_made_where_it_is_needed() -> None:
    made = msgspec.defstruct("Made", [("card", Secret[str], Secret("x"))], module=__name__)

    def takes(one: Any) -> None: ...

    takes.__annotations__["one"] = made
    with pytest.raises(UnsupportedAnnotation, match="default_factory"):
        Taskbahn().task(name="t")(takes)


# tests of users


def test_a_task_runs_at_once_with_its_secret() -> None:
    app = Taskbahn()

    @app.task(name="t.pays", redact=["pin"])
    def pays(card: Secret[str], pin: str) -> Secret[str]:
        assert pin == "0815"
        return Secret(card.reveal()[::-1])

    with eager(app):
        job = pays.start(Secret(TEXT), "0815")
        assert job.result() == Secret(TEXT[::-1])
        assert job.view().args == [{"$secret": True}, "0815"]
    with recorded(app) as seen:
        pays.start(Secret(TEXT), "0815")
        assert seen.calls[0].args == (Secret(TEXT), "0815")
