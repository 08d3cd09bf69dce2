"""Ids of jobs that follow from a name, so that what starts them starts each once."""

from __future__ import annotations

from hashlib import sha1

BY_NAME, OWN = 0x50, 0x80  # versions, in the upper half of a byte
NAMESPACE = bytes.fromhex("6f1c6d1e6f0b5c599d0d3f6c1d5c9a57")


def named_id(name: str, version: int = BY_NAME) -> bytes:
    """Return a UUIDv5, or a UUIDv8 (Source: RFC 9562, sections 5.5 and 5.8), always the same for a name."""
    digest = bytearray(sha1(NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = version | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return bytes(digest)
