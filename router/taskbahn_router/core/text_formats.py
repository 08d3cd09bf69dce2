"""The formats of texts in JSON Schemas that are checked: what no reader of Python could read is refused before a job is stored.

A format is judged leniently, for the worker judges last: what msgspec reads is right, and what the standard library reads, as
pydantic and workers in other languages take more forms. Formats that are not here are not checked.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import jsonschema_rs
import msgspec

BASE64 = "base64"
DURATION = re.compile(
    r"[-+]?P(?=[\dT])(\d+([.,]\d+)?Y)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?W)?(\d+([.,]\d+)?D)?"
    r"(T(?=\d)(\d+([.,]\d+)?H)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?S)?)?",
    re.IGNORECASE | re.ASCII,
)
CLOCK = re.compile(r"[-+]?(\d+ ?d(ays?)?,? ?)?\d+:\d\d(:\d\d(\.\d+)?)?", re.IGNORECASE | re.ASCII)  # as `str(timedelta)` has it
UUID = re.compile(r"(urn:uuid:)?\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
PATTERNS = MappingProxyType({"duration": (DURATION, CLOCK), "uuid": (UUID,)})
READERS: dict[str, tuple[Callable[[str], Any] | None, type | None]] = {  # format: readers of the library and of msgspec
    "duration": (None, dt.timedelta),
    "date": (dt.datetime.fromisoformat, dt.date),
    "date-time": (dt.datetime.fromisoformat, dt.datetime),
    "date-time-local": (dt.datetime.fromisoformat, dt.datetime),
    "time": (dt.time.fromisoformat, dt.time),
    "time-local": (dt.time.fromisoformat, dt.time),
    "partial-time": (dt.time.fromisoformat, dt.time),
    "uuid": (None, None),
    "decimal": (Decimal, Decimal),
    "ipv4": (ipaddress.IPv4Address, None),
    "ipv6": (ipaddress.IPv6Address, None),
    BASE64: (lambda text: base64.b64decode(text, validate=True), None),
}
WORDS = MappingProxyType({  # format: what a text of it must be
    "duration": "a duration in the form of ISO 8601, as in PT1H30M",
    "date": "a date, as in 2026-01-31",
    "date-time": "a date and time, as in 2026-01-31T12:00:00Z",
    "date-time-local": "a date and time, as in 2026-01-31T12:00:00",
    "time": "a time of day, as in 12:00:00Z",
    "time-local": "a time of day, as in 12:00:00",
    "partial-time": "a time of day, as in 12:00:00",
    "uuid": "a UUID, as in 01890000-0000-7000-8000-000000000000",
    "decimal": "a decimal number, as in 1.50",
    "ipv4": "an IPv4 address, as in 192.0.2.1",
    "ipv6": "an IPv6 address, as in 2001:db8::1",
    BASE64: "bytes as base64, as in AAEC",
})  # fmt: skip
# Formats that jsonschema would judge more strictly than readers of them.
UNCHECKED = ("email", "idn-email", "hostname", "idn-hostname", "uri", "uri-reference", "iri", "iri-reference", "uri-template")


def fits(name: str, text: str) -> bool:
    """Return whether *text* may be of a format; True for one that is not checked."""
    if name not in READERS:
        return True
    if any(pattern.fullmatch(text) for pattern in PATTERNS.get(name, ())):
        return True
    library, kind = READERS[name]
    return _reads(library, text) or (kind is not None and _reads(lambda given: msgspec.convert(given, kind), text))


def _reads(reader: Callable[[str], Any] | None, text: str) -> bool:
    try:
        return reader is not None and reader(text) is not ...
    except (ValueError, ArithmeticError):
        return False


def compiled(schema: dict[str, Any]) -> Any:
    """Return the validator of a JSON Schema, with these formats.  Raises ValueError or TypeError for what is no schema, or leads elsewhere."""
    formats = {name: (lambda text, name=name: fits(name, text)) for name in (*READERS, *UNCHECKED)}
    return jsonschema_rs.validator_for(
        _with_base64(schema), retriever=nothing_from_outside, validate_formats=True, formats=formats
    )


def nothing_from_outside(uri: str) -> Any:
    """Refuse what a schema refers to elsewhere."""
    raise ValueError(f"{uri} is outside of the signature")


def _with_base64(schema: Any) -> Any:
    """Return a schema in which what is encoded as base64 has that as its format: jsonschema checks no encodings."""
    if isinstance(schema, list):
        return [_with_base64(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _with_base64(each) for name, each in schema.items()}
    if inner.get("contentEncoding") == BASE64 and inner.get("type") == "string":
        inner.setdefault("format", BASE64)
    return inner
