"""Models of pydantic as arguments and results, where pydantic is installed."""

import datetime as dt

import jsonschema_rs
import pytest

from taskbahn import Secret
from taskbahn.errors import InvalidArguments
from taskbahn.protocol.secrets import masked_text
from taskbahn.signatures.signature import TaskSignature

pydantic = pytest.importorskip("pydantic")


class Inner(pydantic.BaseModel):  # type: ignore[misc, name-defined]  # it may be missing
    count: int
    day: dt.date


class Outer(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    inner: Inner
    name: str = "n"


def task(model: Outer, other: Inner | None = None) -> Outer:
    raise NotImplementedError


VALUE = Outer(inner=Inner(count=1, day=dt.date(2026, 1, 2)))


def test_a_model_goes_there_and_back() -> None:
    signature = TaskSignature.of(task)
    packed = signature.pack((VALUE,), {"other": VALUE.inner})
    assert packed == '[[{"inner":{"count":1,"day":"2026-01-02"},"name":"n"}],{"other":{"count":1,"day":"2026-01-02"}}]'
    assert signature.unpack(packed) == ((VALUE,), {"other": VALUE.inner})
    assert signature.unpack_result(signature.pack_result(VALUE)) == VALUE


def test_its_schema_is_valid_and_complete() -> None:
    published = TaskSignature.of(task).wire.parameters
    jsonschema_rs.meta.validate(published)
    assert jsonschema_rs.validator_for(published).is_valid({"model": {"inner": {"count": 1, "day": "2026-01-02"}}})
    assert not jsonschema_rs.validator_for(published).is_valid({"model": {"inner": {"count": "x"}}})


def test_what_is_wrong_inside_is_named() -> None:
    with pytest.raises(InvalidArguments) as caught:
        TaskSignature.of(task).pack(({"inner": {"count": "x"}},), {})
    said = caught.value.detail["fields"]["model"]
    assert "inner.count: Input should be a valid integer" in said
    assert "inner.day: Field required" in said


class Paying(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    name: str
    card: Secret[str]
    codes: list[Secret[int]]


class Starry(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    card: pydantic.SecretStr  # type: ignore[name-defined]


def pays(paying: Paying) -> Paying:
    return paying


def pays_with_stars(starry: Starry) -> None: ...


def test_a_model_with_secrets_travels_and_does_not_show_them() -> None:
    signature = TaskSignature.of(pays, "t")
    paying = Paying(name="ada", card=Secret("4711-card"), codes=[7, Secret(8)])
    text = signature.pack((paying,), {})
    assert signature.unpack(text) == ((paying,), {})
    assert signature.unpack_result(signature.pack_result(paying)) == paying
    assert "4711" not in masked_text(text) + str(paying) + paying.model_dump_json() + repr(paying.model_dump())
    assert signature.unpack('[[{"name":"ada","card":"4711-card","codes":[7,8]}],{}]') == ((paying,), {})
    card = signature.wire.parameters["properties"]["paying"]["properties"]["card"]
    assert (card["writeOnly"], card["format"]) == (True, "password")
    with pytest.raises(InvalidArguments) as raised:
        signature.pack(({"name": "ada", "card": ["4711-card"]},), {})
    assert "4711" not in str(raised.value)


def test_a_secret_of_pydantic_starts_no_job_with_stars() -> None:
    with pytest.raises(InvalidArguments, match=r"taskbahn.Secret\[str\]"):
        TaskSignature.of(pays_with_stars, "t").pack((Starry(card="4711"),), {})
