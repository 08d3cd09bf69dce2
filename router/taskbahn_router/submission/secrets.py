"""Secrets in the arguments of callers, before they are checked and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidArguments, InvalidRequest
from taskbahn.protocol.calls import CHUNK
from taskbahn.protocol.secrets import SENTENCE, has_mark, opened, sealed
from taskbahn_router.core.argument_schema import HOLE

if TYPE_CHECKING:
    from taskbahn_router.core.flow_jobs import Known

A_PART = f"a part of them {SENTENCE}"


def sealed_plain(task: str, text: str) -> str:
    """Return JSON made of plain arguments as it travels: what looks like a secret there is none.  Raises `InvalidArguments` for the mark."""
    data = text.encode()
    if has_mark(data):
        raise InvalidArguments(task, {"": A_PART})
    return sealed(data).decode()


def opened_calls(task: str, packed: str, known: list[Known] | None) -> list[Known]:
    """Return the calls in packed arguments to be checked, with the values of their secrets.  Raises `InvalidArguments` for the mark."""
    if has_mark(packed.encode()):
        raise InvalidArguments(task, {"": A_PART})
    if known is not None:
        return [([*map(_opened, args)], {name: _opened(value) for name, value in kwargs.items()}) for args, kwargs in known]
    if packed.startswith(CHUNK):
        return []
    try:
        args, kwargs = opened(msgspec.json.decode(packed))
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError):
        raise InvalidRequest("packed arguments must be the JSON text of [args, kwargs]") from None
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise InvalidRequest("packed arguments must be the JSON text of [args, kwargs]: a list and an object")
    return [(args, kwargs)]


def _opened(value: Any) -> Any:
    """Return a value with its secrets opened; holes, which are no data, stay."""
    if isinstance(value, list):
        return [_opened(item) for item in value]
    return value if value is HOLE else opened(value)
