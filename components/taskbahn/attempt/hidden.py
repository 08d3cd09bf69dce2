"""The texts that an attempt must not show: those of the secrets that it was given, and of those that its task has revealed.

A task reveals a secret to use it, and what it uses may say it: an exception quotes the address that it could not open, a library logs
its headers. So all text that an attempt says goes through here before it is cut or sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol.secrets import HIDDEN, KEY, SEALING, cleaned, texts_in, without
from taskbahn.signatures.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.attempt.context import AttemptContext

MAX_HIDDEN = 1_000  # texts of one attempt


class Speaker:
    """Finds the attempt that speaks; `taskbahn.attempt.ownership` knows it."""

    find: Callable[[], AttemptContext | None] = staticmethod(lambda: None)


def hide(context: AttemptContext | None, value: Any) -> None:
    """Let an attempt not show the texts of a value."""
    if context is None:
        return
    found = texts_in(value)
    if found:
        hidden = context.hidden or set()
        context.hidden = hidden | found if len(hidden) < MAX_HIDDEN else hidden  # another thread may read the set that there was


def quiet(text: str) -> str:
    """Return *text* as the attempt that speaks may say it."""
    context = Speaker.find()
    return text if context is None or context.hidden is None else without(text, context.hidden)


def quiet_bytes(data: bytes, encoding: str) -> bytes:
    """Return bytes of text as the attempt that speaks may write them."""
    context = Speaker.find()
    if context is None or context.hidden is None:
        return data
    for text in sorted(context.hidden, key=len, reverse=True):
        data = data.replace(text.encode(encoding, "backslashreplace"), HIDDEN.encode(encoding))
    return data


def quiet_data(context: AttemptContext, value: Any) -> Any:
    """Return data as an attempt may say it."""
    return value if context.hidden is None else cleaned(value, context.hidden)


def without_secrets(value: Any) -> Any:
    """Return data that was just encoded with `protocol.secrets.MARKER` in the place of each secret."""
    if isinstance(value, dict):
        return {KEY: True} if SEALING in value else {key: without_secrets(part) for key, part in value.items()}
    return [without_secrets(part) for part in value] if isinstance(value, list) else value


def note_revealed(value: Any) -> None:
    """Note a value that the attempt which runs this code has revealed, or was given to be hidden."""
    hide(Speaker.find(), value)


Secret.on_reveal = staticmethod(note_revealed)
