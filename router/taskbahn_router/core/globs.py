"""Patterns of names, as in questions about jobs: `*` stands for any run of characters, `[*]` for a star, everything else for itself."""

from __future__ import annotations

import re

ANY = re.compile(r"(?<!\[)\*|\*(?!\])")


def is_pattern(text: str) -> bool:
    """Return whether a text is a pattern, which matches more or other than itself."""
    return "*" in text


def fits(text: str, pattern: str) -> bool:
    """Return whether *text* matches *pattern*; at worst the time grows with the product of their lengths."""
    first, *rest = (part.replace("[*]", "*") for part in ANY.split(pattern)) if "[*]" in pattern else pattern.split("*")
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:  # the first match of a part leaves the most text for the parts after it
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
