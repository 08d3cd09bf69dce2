"""How deep data is nested, seen from its JSON text: every store, transport, viewer and Python can take this much, and no job needs more."""

from __future__ import annotations

from taskbahn.errors import TooDeep
from taskbahn.protocol import messages

SHORTEST = 2 * messages.MAX_NESTING  # bytes that text of `MAX_NESTING` levels has at least
STEP = 100  # brackets that one step counts, in C
ONE_KIND = bytes.maketrans(b"{}", b"[]")
OTHERS = bytes(set(range(256)) - set(b'[]{}"'))


def check_nesting(what: str, text: bytes) -> None:
    """Raise `TooDeep` if JSON text has more than `messages.MAX_NESTING` levels of lists and objects."""
    if len(text) > SHORTEST and _is_too_deep(_brackets(text)):
        raise TooDeep(what, messages.MAX_NESTING)


def _brackets(text: bytes) -> bytes:
    """Return the brackets outside of strings, all of them as square ones."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    found = text.translate(ONE_KIND, OTHERS).replace(b'""', b"")
    return b"".join(found.split(b'"')[::2]) if b'"' in found else found


def _is_too_deep(brackets: bytes) -> bool:
    level = 0
    for start in range(0, len(brackets), STEP):
        part = brackets[start : start + STEP]
        if level + STEP <= messages.MAX_NESTING:  # this part cannot reach the bound
            level += 2 * part.count(b"[") - len(part)
            continue
        for bracket in part:
            level += 1 if bracket == ord("[") else -1
            if level > messages.MAX_NESTING:
                return True
    return False
