"""Secrets as they travel and are stored, and what is shown in their places.

A secret is `{"$secret": [value]}` in the JSON text of arguments, results, notes and answers; `{"$secret": [value, "plain"]}` if its
owner gave it as a plain value, and the task says that it is one. So it stays one wherever that text goes: in the row of a job, in a
schedule, in the arguments of another job. What shows a text to others shows `{"$secret": true}`
in the place of each. Data that has such a key of its own travels with one `$` more: `{"$$secret": ...}`. So nothing is taken for a
secret, or for what is shown of one, that is not.
"""

from __future__ import annotations

import json
import re
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

KEY = "$secret"
PLAIN = "plain"
MARKER: dict[str, Any] = {KEY: True}  # what is shown in the place of a secret
HIDDEN = "[hidden]"  # the same within a text
SENTENCE = f"is the mark {{'{KEY}': true}}, which Taskbahn shows in the place of a secret: give the value itself"

SEALING = f"{KEY} {secrets.token_hex(16)}"  # the key while a text is being made: no data has it
_SEALING = f'"{SEALING}"'.encode()
_SEALED = f'"{KEY}"'.encode()
_END = b'secret":'
_KEYS = re.compile(
    rb'(?<!\\)"(\$+secret":)'
)  # keys alone: a quote that ends a string has no `$` behind it, one within has a backslash before
_MARK = re.compile(rb'\{\s*"\$secret"\s*:\s*true\s*\}')
WORDS = re.compile(_MARK.pattern.decode())
_LOOK = 'secret"'
SHORTEST_LINE = 8  # the same of a line
SHORTEST = 4  # characters of a text that is looked for in others: shorter ones are everywhere


def sealed(data: bytes) -> bytes:
    """Return the JSON text that travels of one that was just made, whose secrets have the key `SEALING`."""
    if _END not in data and _SEALING not in data:
        return data
    return _KEYS.sub(rb'"$\1', data).replace(_SEALING, _SEALED)


def has_mark(data: bytes) -> bool:
    """Return whether JSON text that was just made of data has what is shown in the place of a secret."""
    return _SEALED in data and _MARK.search(data) is not None


def is_mark(value: Any) -> bool:
    """Return whether *value* is what is shown in the place of a secret."""
    return isinstance(value, dict) and len(value) == 1 and value.get(KEY) is True


def with_words(text: str) -> str:
    """Return JSON for people: `[hidden]` in the place of each secret. In a string no mark can be, for its quotes are escaped."""
    return WORDS.sub(HIDDEN, text) if '"$secret"' in text else text


def may_hold(text: str) -> bool:
    """Return whether a text that travels may have secrets, or data that looks like them."""
    return _LOOK in text and '"$' in text


def holds(text: str | None) -> bool:
    """Return whether a text that travels may have secrets."""
    return text is not None and '"$secret"' in text


def is_secret(value: Any) -> bool:
    """Return whether *value*, parsed from what travels, is a secret."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    inner = value.get(KEY)
    return isinstance(inner, list) and (len(inner) == 1 or inner[1:] == [PLAIN])


def opened(value: Any, make: Callable[[Any, bool], Any] = lambda inner, _: inner) -> Any:
    """Return parsed *value* as data again: each secret is what *make* makes of it, and keys are as they were.

    make: takes the value, and whether it was given as a plain one.
    """
    if isinstance(value, dict):
        if is_secret(value):
            return make(opened(value[KEY][0]), len(value[KEY]) > 1)
        return {_own_key(key): opened(part, make) for key, part in value.items()}
    return [opened(part, make) for part in value] if isinstance(value, list) else value


def opened_keys(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object that is no secret with its keys as they were."""
    return {_own_key(key): part for key, part in value.items()}


def _own_key(key: str) -> str:
    return key[1:] if key.startswith("$$") and key.strip("$") == "secret" else key


def masked(value: Any) -> Any:
    """Return parsed *value* as it is shown: each secret is `MARKER`, and what looks like it has one `$` more."""
    if isinstance(value, dict):
        if KEY in value:
            return dict(MARKER)
        return {key: masked(part) for key, part in value.items()}
    return [masked(part) for part in value] if isinstance(value, list) else value


def masked_text(text: str) -> str:
    """Return a text that travels as it is shown."""
    if not holds(text):
        return text
    return msgspec.json.encode(masked(msgspec.json.decode(text))).decode()


def shown(text: str) -> Any:
    """Return the value of a text that travels as it is shown."""
    value = msgspec.json.decode(text)
    return masked(value) if holds(text) else value


def plain(text: str) -> Any:
    """Return the value of a text that travels as its owner gets it, with its secrets."""
    value = msgspec.json.decode(text)
    return opened(value) if may_hold(text) else value


def texts_in(value: Any) -> set[str]:
    """Return the texts that must not be seen where *value* is secret; numbers as they are written."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
        elif isinstance(one, bytes | bytearray):
            found.add(bytes(one).decode("utf-8", "backslashreplace"))
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            found.add(str(one))
    return {form for text in found if len(text) >= SHORTEST for form in _forms(text)}


def _forms(text: str) -> set[str]:
    """Return the forms in which errors, logs and addresses have a text; of one with many lines also each line."""
    forms = {
        text,
        repr(text)[1:-1],
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        quote(text),
        quote(text, ""),
    }
    forms |= {quote_plus(text), ascii(text)[1:-1]}
    lines = text.splitlines()
    return forms | {line for line in lines if len(line) >= SHORTEST_LINE} if len(lines) > 1 else forms


@lru_cache(128)
def secret_texts(packed: str) -> frozenset[str]:
    """Return the texts that must not be seen of the secrets in packed arguments."""
    found: set[str] = set()
    opened(msgspec.json.decode(packed), lambda inner, _: found.update(texts_in(inner)))
    return frozenset(found)


def without(text: str, hidden: AbstractSet[str]) -> str:
    """Return *text* with each of the *hidden* texts replaced."""
    for one in sorted(hidden, key=len, reverse=True):
        if one in text:
            text = text.replace(one, HIDDEN)
    return text


def cleaned(value: Any, hidden: AbstractSet[str]) -> Any:
    """Return data with each of the *hidden* texts replaced in all of its texts."""
    if isinstance(value, str):
        return without(value, hidden)
    if isinstance(value, dict):
        return {without(key, hidden) if isinstance(key, str) else key: cleaned(part, hidden) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(part, hidden) for part in value]
    return HIDDEN if isinstance(value, int | float) and not isinstance(value, bool) and str(value) in hidden else value
