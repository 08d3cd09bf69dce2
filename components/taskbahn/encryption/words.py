"""What people see in the place of what is encrypted, where there is no key for it."""

from __future__ import annotations

import re
from typing import Any

from taskbahn.encryption import envelope
from taskbahn.encryption.errors import DecryptionFailed

HEAD = re.compile(r'\{"\$encrypted":"1\.[a-z]+\.([A-Za-z0-9_-]{1,40})\.[^"\\]*(?:"\}|$)')  # also of one that was cut
START = f"{{{envelope.MARK}"


def key_of_value(value: Any) -> str | None:
    """Return the name of the key of an encrypted value; None: it is none."""
    text = envelope.text_in(value)
    try:
        return None if text is None else envelope.parsed(text).key
    except DecryptionFailed:
        return None


def words_of(key: str) -> str:
    """Return what people see in the place of what a key has encrypted."""
    return f"encrypted (key {key})"


def without_ciphertext(text: str) -> str:
    """Return a text, such as a message of an error, with the words in the place of what is encrypted in it."""
    return HEAD.sub(lambda match: words_of(match[1]), text) if START in text else text
