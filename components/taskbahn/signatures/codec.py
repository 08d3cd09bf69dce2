"""The types beyond JSON that arguments and results may have, and how they become JSON and come back.

msgspec does by itself: datetime, date, time, timedelta, UUID, Decimal, bytes, Enum, tuple, set, dataclass, attrs and Struct.
Here: paths, IP addresses, pydantic models (if pydantic is in use) and, outward only, what NumPy has.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import sys
import types
import uuid
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import msgspec

from taskbahn.signatures.secret import SEAL, Secret, made_secret, published, sealing

if TYPE_CHECKING:
    from collections.abc import Callable

AS_TEXT: dict[type, str] = {  # class: its JSON Schema format
    PurePath: "path",
    ipaddress.IPv4Address: "ipv4",
    ipaddress.IPv6Address: "ipv6",
    ipaddress.IPv4Network: "ipv4-network",
    ipaddress.IPv6Network: "ipv6-network",
}

BASES: dict[type, Callable[[Any], Any]] = {  # class: how an instance of a subclass becomes one of it, whatever that overrides
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    bytes: lambda value: bytes(memoryview(value)),
    bytearray: lambda value: bytes(memoryview(value)),
    Decimal: Decimal,
    dt.datetime: lambda when: dt.datetime(
        when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond, when.tzinfo, fold=when.fold
    ),
    dt.date: lambda day: dt.date(day.year, day.month, day.day),
    dt.time: lambda time: dt.time(time.hour, time.minute, time.second, time.microsecond, time.tzinfo, fold=time.fold),
    dt.timedelta: lambda span: dt.timedelta(span.days, span.seconds, span.microseconds),
}
STARS = "**********"  # what pydantic writes of a secret of its own
MOMENTS = (dt.datetime, dt.date, dt.timedelta)
KEPT = (bytes, bytearray, memoryview, Decimal, dt.datetime, dt.time)  # types that stay whole when a value is taken apart

LOCAL_TIMES: dict[type, str] = {dt.datetime: "date-time-local", dt.time: "time-local"}  # types of times that need no zone


def encode_hook(value: Any) -> Any:
    """Return *value* as something msgspec can encode; raises NotImplementedError for what is not data."""
    if isinstance(value, Secret):
        return sealing(value)
    if isinstance(value, tuple(AS_TEXT)):
        return str(value)
    if _is_model(type(value)):
        dumped = value.model_dump(mode="json", context=SEAL)
        if STARS in repr(dumped):
            raise NotImplementedError(
                f"a SecretStr in {type(value).__qualname__} travels as stars; annotate it taskbahn.Secret[str]"
            )
        return dumped
    for base, plain in BASES.items():
        if isinstance(value, base) and type(value) is not base:
            if base in MOMENTS and value != value:  # noqa: PLR0124 - as NaT of pandas says of itself that it is no time
                raise ValueError(f"{value} is no time; give None where there is none")
            if getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0):
                raise ValueError(f"{value} has nanoseconds, which get lost on the way; round it to microseconds")
            return plain(value)
    if type(value).__module__.split(".", 1)[0] == "numpy" and hasattr(value, "tolist"):
        return _from_numpy(value)
    raise NotImplementedError(f"{type(value).__qualname__} is not data")


def decode_hook(kind: type, value: Any) -> Any:
    """Return *value* as an instance of *kind*; raises ValueError or TypeError when it cannot be one."""
    if isinstance(value, kind):
        return value
    if issubclass(kind, Secret):
        return made_secret(kind, value, decode_hook)
    if _is_model(kind):
        return _validated(kind, value)
    if issubclass(kind, tuple(AS_TEXT)):
        if not isinstance(value, str):
            raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
        convert: Any = kind
        return convert(value)
    raise NotImplementedError(f"{kind.__qualname__} is not data")


def schema_hook_into(definitions: dict[str, Any]) -> Callable[[type], dict[str, Any]]:
    """Make the hook that gives the JSON Schema of such a type; what pydantic defines on the side goes into *definitions*."""

    def schema_hook(kind: type) -> dict[str, Any]:
        if issubclass(kind, Secret):
            (inner,), found = msgspec.json.schema_components(
                [with_formats(kind.inner)], schema_hook=schema_hook, ref_template="#/$defs/{name}"
            )
            definitions.update(found)
            return published(inner)
        if _is_model(kind):
            schema: dict[str, Any] = kind.model_json_schema()  # type: ignore[attr-defined]
            definitions.update(schema.pop("$defs", {}))
            return schema
        for known, name in AS_TEXT.items():
            if issubclass(kind, known):
                return {"type": "string", "format": name}
        raise NotImplementedError(f"{kind.__qualname__} is not data")

    return schema_hook


def with_formats(hint: Any) -> Any:
    """Return *hint* with the JSON Schema format of times that need no zone; msgspec publishes those as any text."""
    if hint is dt.datetime or hint is dt.time:
        return Annotated[hint, msgspec.Meta(extra_json_schema={"format": LOCAL_TIMES[hint]})]
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        needs_zone = any(isinstance(meta, msgspec.Meta) and meta.tz for meta in args[1:])
        return hint if needs_zone else Annotated[(with_formats(args[0]), *args[1:])]
    said = tuple(with_formats(arg) for arg in args)
    if all(new is old for new, old in zip(said, args, strict=True)):
        return hint
    return Union[said] if origin is types.UnionType else origin[said]  # noqa: UP007 - made of what is only known here


encode = msgspec.json.Encoder(enc_hook=encode_hook).encode


def _from_numpy(value: Any) -> Any:
    plain = value.tolist()
    is_time = getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M")
    if type(plain) is type(value) or (is_time and not _is_time(plain)):
        raise ValueError(f"a {value.dtype} of NumPy is no type that can travel; convert it, say with astype")
    return plain


def _is_time(plain: Any) -> bool:
    if isinstance(plain, list):
        return all(map(_is_time, plain))
    return isinstance(plain, dt.date | dt.timedelta)


def _is_model(kind: Any) -> bool:
    pydantic = sys.modules.get("pydantic")  # a model exists only where pydantic was imported
    return pydantic is not None and isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def _validated(model: Any, value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValueError as error:
        problems = error.errors() if hasattr(error, "errors") else []
        text = ", ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems)
        raise ValueError(text or str(error)) from error


def as_bases(value: Any) -> Any:
    """As `as_data`, and what msgspec has a type for stays of that type, but for subclasses, which become of their base."""
    return msgspec.to_builtins(value, builtin_types=(*KEPT, dt.date, dt.timedelta, uuid.UUID), enc_hook=encode_hook)


def as_data(value: Any) -> Any:
    """Take objects (enums, dataclasses, structs, models) apart, but leave times, ids, decimals and bytes as they are."""
    return msgspec.to_builtins(value, builtin_types=(bytes, bytearray, memoryview, Decimal), enc_hook=encode_hook)
