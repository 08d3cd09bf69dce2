"""Values whose JSON would be another value: kept where an annotation says what they are, refused by their path where none does.

JSON has no NaN and no infinity. Where the annotation is float (alone, or beside int, bool, None and what is no text) they travel
as the texts "NaN", "Infinity" and "-Infinity", and the other end makes floats of them. Everywhere else a text would stay a text,
so they are refused. Likewise a zone whose offset has seconds, which ISO 8601 has no place for, and keys that become the same text.

Looking at each value would cost more than packing all. So the packed text is searched for what such values leave in it, and only
where that is found the value itself is walked through.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect as kinds

from taskbahn.signatures import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
ANY = kinds.AnyType()
ZONED = re.compile(rb"T\d\d:\d\d:\d\d[.\d]*[+-]\d\d:")
DIGIT_KEY = re.compile(rb'\d":')
N, T, COLON = b"nT:"  # single bytes: most data has none of them, and Python finds a byte ten times as quickly as two
BESIDE_FLOAT = (
    kinds.FloatType, kinds.IntType, kinds.BoolType, kinds.NoneType, kinds.ListType, kinds.DictType, kinds.SetType,
    kinds.FrozenSetType, kinds.TupleType, kinds.VarTupleType, kinds.StructType, kinds.DataclassType, kinds.TypedDictType,
    kinds.NamedTupleType,
)  # fmt: skip
MANY = (kinds.ListType, kinds.SetType, kinds.FrozenSetType, kinds.VarTupleType)
TAKE_LISTS = (*MANY, kinds.AnyType, kinds.TupleType, kinds.NamedTupleType, kinds.StructType, kinds.CustomType)
NAMED = (kinds.StructType, kinds.DataclassType, kinds.TypedDictType)
SECONDS_IN_MINUTE = 60


class Inexact(ValueError):
    """A part of a value cannot travel as what it is.  where: its path, as `[3].name`."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} at {where}" if where else what)
        self.what = what
        self.where = where


@lru_cache(512)
def _info(hint: Any) -> Any:
    return msgspec.inspect.type_info(hint)


def info_of(hint: Any) -> Any:
    """Return what msgspec knows of a type."""
    try:
        return _info(hint)
    except TypeError:  # the type cannot be hashed
        return msgspec.inspect.type_info(hint)


def is_suspect(data: bytes) -> bool:
    """Return whether packed JSON may stand for another value than the one it was made of."""
    return (N in data and b"null" in data) or _must_be_seen(data) or (COLON in data and DIGIT_KEY.search(data) is not None)


def _must_be_seen(data: bytes) -> bool:
    return (N in data and (b'nan"' in data or b'inf"' in data)) or (T in data and ZONED.search(data) is not None)


def is_finite(value: Any) -> bool:
    """Return whether plain data has only numbers that JSON has; by the encoder of the standard library, which can tell."""
    try:
        json.dumps(value, allow_nan=False, check_circular=False)
    except ValueError:
        return False
    return True


def _is_same(value: Any, data: bytes) -> bool:
    """Return whether packed *value* is surely what it was: None was None, and no two keys became one."""
    plain = msgspec.to_builtins(value, str_keys=True, enc_hook=codec.encode_hook)
    return is_finite(plain) and (DIGIT_KEY.search(data) is None or len(codec.encode(plain)) == len(data))


def pack(value: Any, hint: Any = Any) -> bytes:
    """Return *value* as JSON, from which the same value can be made again; raises Inexact, and what encoding raises."""
    data = codec.encode(value)
    return exactly(value, [hint], data, alone=True) if is_suspect(data) else data


def exactly(values: Any, hints: list[Any], data: bytes, *, alone: bool = False) -> bytes:
    """Return *data*, or what keeps the values that it does not have.

    values: a value with its hint in the list, or (args, kwargs) with the hints of args, then of kwargs.
    """
    if not _must_be_seen(data) and _is_same(values, data):
        return data
    changes: list[str] = []

    def keep(part: Any, info: Any, path: str) -> Any:
        if isinstance(part, float) and not math.isfinite(part):
            if not _is_float(info):
                raise Inexact(f"{part} is no JSON, and is kept only where the annotation is float", path)
            changes.append(path)
            return "NaN" if math.isnan(part) else "Infinity" if part > 0 else "-Infinity"
        if isinstance(part, dt.datetime | dt.time):
            _check_zone(part, path)
        return part

    plain = msgspec.to_builtins(values, builtin_types=codec.KEPT, enc_hook=codec.encode_hook)
    if alone:
        kept = walk(plain, info_of(hints[0]), keep)
    else:
        args, kwargs = plain
        infos = [info_of(hint) for hint in hints]
        kept = (
            [walk(arg, info, keep, f"[{index}]") for index, (arg, info) in enumerate(zip(args, infos, strict=False))],
            {
                name: walk(arg, info, keep, f".{name}")
                for (name, arg), info in zip(kwargs.items(), infos[len(args) :], strict=True)
            },
        )
    return codec.encode(kept) if changes else data


def may_restore(text: str) -> bool:
    """Return whether packed JSON may hold floats as texts."""
    return '"NaN"' in text or 'Infinity"' in text


def restored(value: Any, hint: Any) -> Any:
    """Return plain *value* with the texts that stand for floats made floats, where *hint* says float."""

    def restore(part: Any, info: Any, _: str) -> Any:
        if type(part) is str and part in NOT_FINITE and _is_float(info):
            return NOT_FINITE[part]
        return part

    return walk(value, info_of(hint), restore)


def walk(value: Any, info: Any, leaf: Callable[[Any, Any, str], Any], path: str = "") -> Any:
    """Return plain *value* with each part that holds no others replaced by what *leaf* makes of it, its type and its path."""
    if isinstance(value, dict):
        info = _one_of(info, (kinds.DictType, *NAMED))
        _check_keys(value, path)
        return {key: walk(part, _at_key(info, key), leaf, f"{path}[{key!r}]") for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        info = _one_of(info, (*MANY, kinds.TupleType, kinds.NamedTupleType, kinds.StructType))
        return [walk(part, its, leaf, f"{path}[{index}]") for index, (part, its) in enumerate(_items(value, info))]
    return leaf(value, info, path)


def takes_items(hint: Any) -> bool:
    """Return whether the annotation is of any number of items of one type."""
    info = _one_of(info_of(hint), (*MANY, kinds.TupleType, kinds.NamedTupleType, kinds.StructType))
    return isinstance(info, MANY) and not info.min_length


def takes_list(hint: Any) -> bool:
    """Return whether a list can be what the annotation says."""
    info = info_of(hint)
    return any(isinstance(one, TAKE_LISTS) for one in (info.types if isinstance(info, kinds.UnionType) else [info]))


def _is_float(info: Any) -> bool:
    """Return whether a float is meant, and no text can be."""
    if isinstance(info, kinds.UnionType):
        return any(isinstance(one, kinds.FloatType) for one in info.types) and all(
            isinstance(one, BESIDE_FLOAT) for one in info.types
        )
    return isinstance(info, kinds.FloatType)


def _one_of(info: Any, wanted: tuple[Any, ...]) -> Any:
    """Return the only alternative that such a value can be, else that it may be anything."""
    if isinstance(info, kinds.UnionType):
        fitting = [one for one in info.types if isinstance(one, wanted)]
        return fitting[0] if len(fitting) == 1 else ANY
    return info


def _at_key(info: Any, key: Any) -> Any:
    if isinstance(info, kinds.DictType):
        return info.value_type
    if isinstance(info, NAMED):
        return next((field.type for field in info.fields if field.encode_name == key), ANY)
    return ANY


def _items(value: Any, info: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(info, MANY):
        return ((part, info.item_type) for part in value)
    types: list[Any] = []
    if isinstance(info, kinds.TupleType):
        types = list(info.item_types)
    elif isinstance(info, kinds.NamedTupleType) or (isinstance(info, kinds.StructType) and info.array_like):
        types = [field.type for field in info.fields]
    return zip(value, types + [ANY] * (len(value) - len(types)), strict=False)


def _check_keys(value: dict[Any, Any], path: str) -> None:
    if all(type(key) is str for key in value):
        return
    texts: set[str] = set()
    for key in value:
        if isinstance(key, float) and not math.isfinite(key):
            raise Inexact(f"{key} is no key in JSON", path)
        text = str(key)
        if text in texts:
            raise Inexact(f"two keys are the same in JSON, {text!r}", path)
        texts.add(text)


def _check_zone(when: dt.datetime | dt.time, path: str) -> None:
    offset = when.utcoffset()
    if offset is not None and offset.total_seconds() % SECONDS_IN_MINUTE:
        raise Inexact(f"the zone of {when} is no whole number of minutes from UTC; give it in UTC", path)
