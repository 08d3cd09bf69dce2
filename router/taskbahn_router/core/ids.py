"""Ids of jobs as text."""


def id_text(raw: bytes) -> str:
    """Return the text form of a UUID's 16 bytes."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
