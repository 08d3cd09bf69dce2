"""Text of others as a terminal can take it: nothing in it does anything, and what would is seen.

The dashboard has the same rule (`shared/plain-text.js`); `tests/support/plain_texts.json` holds the two together.
"""

from __future__ import annotations

import re

# Escape sequences: colours, moves, titles, links.
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
# Controls that have no picture; marks that turn the direction of the text around them; separators of lines; halves of characters.
NO_PICTURES = re.compile(r"[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
DELETE, DELETE_PICTURE = "\x7f", "\u2421"
PICTURES = 0x2400  # where Unicode has pictures of control characters
REPLACEMENT = "\ufffd"


def plain_text(text: str) -> str:
    """Return *text* without escape sequences, with pictures of control characters, and with U+FFFD for what turns the text around it."""
    if not UNSAFE.search(text):  # as nearly always
        return text
    return CONTROLS.sub(_picture, NO_PICTURES.sub(REPLACEMENT, ESCAPES.sub("", text)))


def plain_json(text: str) -> str:
    """Return JSON that means the same and has none of these characters; line breaks between its parts stay."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _picture(found: re.Match[str]) -> str:
    return DELETE_PICTURE if found[0] == DELETE else chr(PICTURES + ord(found[0]))
