"""The form of an encrypted value: `{"$encrypted": "1.<purpose>.<key>.<scope>.<data>"}`, in the place of the value.

purpose: what the value is, one of `PURPOSES`.   key: the name of the key.   scope: the id of the job to which it belongs, or `*`: each
job of a task.   data: base64url, without padding, of the nonce (12 bytes) and the ciphertext of AES-256-GCM with its tag.
The associated data is `associated` of all these and of what else says where it belongs: the task of arguments, the name of a note. So
a value that is moved to another field, job or task, is refused there.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

from taskbahn.encryption.errors import DecryptionFailed

KEY = "$encrypted"
VERSION = "1"
ANY_JOB = "*"
ARGUMENTS, RESULT, ERROR, LOG, PROGRESS, CHUNK, QUESTION, NOTE, MESSAGE, ANSWER = PURPOSES = (
    "arguments", "result", "error", "log", "progress", "chunk", "question", "note", "message", "answer",
)  # fmt: skip
BRIEF = "brief"  # what else is said of an error that is the beginning of its message alone
MARK = f'"{KEY}"'
BEGIN, END = f'{{{MARK}:"', '"}'  # how one is written as JSON
NONCE_BYTES = 12
TAG_BYTES = 16
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")  # of a key
SCOPE = re.compile(r"\*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DATA = re.compile(r"[A-Za-z0-9_-]+")
PARTS = 5
SHOWN = 60  # characters of what is no envelope


class Envelope(NamedTuple):
    """A parsed one."""

    purpose: str
    key: str
    scope: str
    data: str

    def text(self) -> str:
        """Return it as text."""
        return ".".join((VERSION, *self))


def associated(purpose: str, key: str, scope: str, more: str) -> bytes:
    """Return the associated data.  more: the task of arguments, the name of a note or of a question; else empty."""
    return f"taskbahn\n{VERSION}\n{purpose}\n{key}\n{scope}\n{more}".encode()


def text_in(value: Any) -> str | None:
    """Return the text of an envelope in parsed JSON; None: it is something else."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    text = value.get(KEY)
    return text if isinstance(text, str) and text.startswith(f"{VERSION}.") else None


def parsed(text: str) -> Envelope:
    """Return an envelope of its text; raises DecryptionFailed."""
    parts = text.split(".")
    is_one = len(parts) == PARTS and parts[0] == VERSION and parts[1] in PURPOSES
    if not is_one or not (NAME.fullmatch(parts[2]) and SCOPE.fullmatch(parts[3]) and DATA.fullmatch(parts[4])):
        raise DecryptionFailed(
            f"what has the form of an encrypted value is none: {text[:SHOWN]!r}; a newer version of Taskbahn may know it"
        )
    return Envelope(*parts[1:])


def found(value: Any, purpose: str) -> Envelope | None:
    """Return the envelope that parsed JSON is, if it is one of a purpose."""
    text = text_in(value)
    return parsed(text) if text is not None and text.startswith(f"{VERSION}.{purpose}.") else None


def found_in_text(text: Any, purpose: str) -> Envelope | None:
    """As `found`, of an envelope that is the JSON in the place of a text, such as the message of a log line."""
    if not isinstance(text, str) or not text.startswith(f"{BEGIN}{VERSION}.{purpose}.") or not text.endswith(END):
        return None  # the last: it was cut
    return parsed(text[len(BEGIN) : -len(END)])


def as_value(text: str) -> dict[str, Any]:
    """Return what travels in the place of a value."""
    return {KEY: text}


def as_json(text: str) -> str:
    """Return the same as JSON text."""
    return f'{{{MARK}:"{text}"}}'


def encoded(data: bytes) -> str:
    """Return bytes as they travel."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(data: str) -> bytes:
    """Return the bytes of what travels, which `parsed` has looked at; raises ValueError."""
    standard = data.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(standard + "=" * (-len(data) % 4), strict_mode=True)
