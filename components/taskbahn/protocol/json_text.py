"""JSON as it travels and is stored: packed once where it is made, unpacked once where it is used."""

from __future__ import annotations

from typing import Any

import msgspec

JSON_ENCODE = msgspec.json.Encoder().encode
JSON_DECODE = msgspec.json.Decoder().decode


def to_json(value: Any) -> str:
    """Pack *value* as JSON text; raises TypeError for what is not data.

    NaN and the infinities become null, as `JSON.stringify` has it; times are ISO 8601, bytes base64 (msgspec's documented mapping).
    """
    return JSON_ENCODE(value).decode()


def from_json(text: str | bytes) -> Any:
    """Unpack JSON text into plain values; raises `msgspec.DecodeError`."""
    return JSON_DECODE(text)


def plain(struct: Any) -> Any:
    """Return the lists and dicts that travel for one of the protocol's structs (or a list of them)."""
    return msgspec.to_builtins(struct)
