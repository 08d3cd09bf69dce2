"""What a task's code hands over, made plain where it is handed over: text, numbers, durations, data.

What cannot be made plain is refused here, as an error of the attempt that handed it over. So the parts that talk to the worker and to
the dispatcher only meet what can travel.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any, Literal

import msgspec

from taskbahn.attempt.hidden import quiet, without_secrets
from taskbahn.attempt.stops import Stop
from taskbahn.protocol.json_depth import check_nesting
from taskbahn.protocol.secrets import SEALING, sealed
from taskbahn.signatures import exact_values

LONGEST_SECONDS = 100 * 365 * 24 * 3600.0  # seconds, a hundred years as for the options; more is a mistake in units
LARGEST_WHOLE = 2**53  # whole numbers beyond this travel as floats: so large they are measures, not ids

LONG_NUMBER = re.compile(rb"\d{19}")

_encode_message = msgspec.msgpack.Encoder().encode
_decode = msgspec.json.Decoder().decode


def text_of(value: Any, most: int) -> str:
    r"""Return *value* as text of at most *most* characters that any encoding can carry.

    Lone surrogates, as `os.fsdecode` makes them of bytes that are no UTF-8, become `\udcff`, and zero
    characters `\x00`. A `__str__` that raises, or that gives no
    text, is named instead. Raises nothing but a `Stop` that is thrown in from outside.
    """
    try:
        text = value if type(value) is str else str.__str__(str(value))
        text = quiet(text)
        if len(text) > most:
            text = text[:most] + "…"
        if "\0" in text:  # a text in SQL ends at a zero character
            text = text.replace("\0", "\\x00")
        if not text.isascii():
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    except Stop:
        raise
    except BaseException as error:  # noqa: BLE001 - a __str__ of the user's
        return f"<text of {_name_of(type(value))} that cannot be made: {_name_of(type(error))}>"
    return text


def _name_of(kind: type) -> str:
    """Return the name of a class without asking its metaclass, which may be the user's."""
    return type.__dict__["__qualname__"].__get__(kind).encode("utf-8", "backslashreplace").decode("utf-8")[:200]  # type: ignore[no-any-return]


def number_of(value: Any, what: str) -> float:
    """Return *value* as a finite number: whole ones stay whole.  Raises TypeError for what is no number, ValueError for nan and infinities.

    A number is what has `__index__` or `__float__`: NumPy's scalars, Decimal, Fraction.
    what: for the message, such as "the total of a stage".
    """
    kind = type(value)
    if kind is int and -LARGEST_WHOLE <= value <= LARGEST_WHOLE:
        return value  # type: ignore[no-any-return]
    if kind is float and math.isfinite(value):
        return value  # type: ignore[no-any-return]
    try:
        found: float = int(value.__index__()) if hasattr(kind, "__index__") else float(value.__float__())
        if isinstance(found, int) and not -LARGEST_WHOLE <= found <= LARGEST_WHOLE:
            found = float(found)
    except Stop:
        raise
    except OverflowError:
        found = math.inf
    except Exception as error:
        raise TypeError(f"{what} is a number, not {_told(value)}") from error
    if not math.isfinite(found):
        raise ValueError(f"{what} is a finite number, not {_told(value)}; leave it out where it is not known")
    return found


def seconds_of(value: Any, what: str) -> float:
    """Return a duration in seconds, of a number or a timedelta.  Raises as `number_of`, and ValueError beyond a hundred years."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else number_of(value, f"{what} in seconds")
    if not -LONGEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"{what} is at most a hundred years, not {_told(value)}; it is given in seconds, or as a timedelta")
    return seconds


Secrets = Literal["hide", "keep", "refuse"]


def data_of(value: Any, what: str, most: int | None = None, secrets: Secrets = "hide") -> Any:
    """Return *value* as the plain data that travels; *most*: bytes as JSON.

    secrets: in the place of each Secret is the mark of one ("hide"), what is stored of it ("keep"), or nothing ("refuse").
    Raises TypeError or ValueError for what is not data, TooDeep, and TooLarge.
    """
    return sized_data_of(value, what, most, secrets)[0]


def sized_data_of(value: Any, what: str, most: int | None = None, secrets: Secrets = "hide") -> tuple[Any, int]:
    """Return the same as `data_of`, and its bytes as JSON."""
    try:
        text = exact_values.pack(value)
    except NotImplementedError as error:  # msgspec raises this for what is not data
        raise TypeError(f"{what}: {error}") from error
    if most is not None and len(text) > most:
        from taskbahn.errors import TooLarge

        raise TooLarge(f"{what} in bytes", len(text), most, "send smaller ones, or a reference")
    check_nesting(what, text)
    has_secrets = SEALING.encode() in text
    if has_secrets and secrets == "refuse":
        raise TypeError(f"{what} has a Secret in it, and all who watch may see it; give what reveal() returns, or an argument")
    if secrets == "keep":
        text = sealed(text)
    plain = _decode(text)
    if has_secrets and secrets == "hide":
        plain = without_secrets(plain)
    if LONG_NUMBER.search(text):
        try:
            _encode_message(plain)
        except OverflowError:
            raise ValueError(f"{what} has an integer beyond 64 bits, which cannot travel in it; send it as text") from None
    return plain, len(text)


def _told(value: Any) -> str:
    return text_of(_Shown(value), 100)


class _Shown:
    """The representation of a value as its text."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> str:
        return repr(self._value)
