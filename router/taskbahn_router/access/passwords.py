"""Passwords: what is one, and what the node keeps of it.

The hash is argon2id (RFC 9106), which wants 19 MiB for each guess: a graphics card that guesses is no faster than its memory. Its library
is one of those that Crossbar brings along. The parameters are those that OWASP gives for a server; they are part of what is kept, so that
other ones may follow.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest
from taskbahn.protocol.access import TOKEN_PREFIX

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST_BYTES = 10, 1000  # characters; bytes: a longer text costs the node time, and protects nothing more
TIME_COST, MEMORY_KIB, LANES = 2, 19 * 1024, 1
# of 32 random bytes that nothing has kept: an unknown name takes as long as a wrong password
OF_NO_PASSWORD = b"$argon2id$v=19$m=19456,t=2,p=1$mUv4MWPaZzGkHEuD9FTQJA$g3mk+SCXZaio/9PXU57vzLq1LY9wg4KPUKfbtfVguSQ"


def prepared(password: object) -> bytes:
    """Return a password as it is compared: by the profile OpaqueString of RFC 8265, so that each keyboard gives the same bytes.

    Raises InvalidRequest, in which nothing of it is.
    """
    if not isinstance(password, str):
        raise InvalidRequest("a password is a text")
    kinds = {unicodedata.category(character) for character in password}
    if kinds & {"Cc", "Cs"}:
        raise InvalidRequest("a password has no control characters, such as the end of a line")
    spaces = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    found = unicodedata.normalize("NFC", spaces).encode()
    if not found or len(found) > LONGEST_BYTES:
        raise InvalidRequest(f"a password has 1 to {LONGEST_BYTES} bytes")
    return found


def new_password(password: object, name: str) -> bytes:
    """Return a new password of a user as it is compared.  Raises InvalidRequest, in which nothing of it is."""
    found = prepared(password)
    text = found.decode()
    if len(text) < SHORTEST:
        raise InvalidRequest(f"the password is too short: it has at least {SHORTEST} characters")
    if name.casefold() in text.casefold() and len(text) < SHORTEST + len(name):
        raise InvalidRequest("the password is the name of its user and little else: take another one")
    if text.startswith(TOKEN_PREFIX):
        raise InvalidRequest(f"a password does not begin with {TOKEN_PREFIX}, as API tokens do")
    return found


def hashed(password: bytes) -> bytes:
    """Return what the node keeps of a prepared password. It takes long: never on the event loop."""
    return _hasher().hash(password).encode()


def is_password(kept: bytes, password: bytes) -> bool:
    """Return whether a prepared password is the one of which that is kept. It takes long: never on the event loop."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept, password)
    except (InvalidHashError, VerificationError):
        return False


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # late: a node without login needs none

    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=LANES)
