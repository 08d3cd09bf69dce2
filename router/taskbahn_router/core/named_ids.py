"""Ids of jobs that follow from a name, so that what starts them starts each once."""

from __future__ import annotations

from hashlib import sha1

NAMESPACE = bytes.fromhex("6f1c6d1e6f0b5c599d0d3f6c1d5c9a57")


def named_id(name: str) -> bytes:
    """Return a UUIDv5 (Source: RFC 9562, section 5.5), always the same for a name."""
    digest = bytearray(sha1(NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = 0x50 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return bytes(digest)
