"""Packed arguments as a whole: their size, and whether their caller has encrypted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.encryption.arguments import is_encrypted
from taskbahn.errors import InvalidArguments, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.encrypting import check_keys

if TYPE_CHECKING:
    from taskbahn_router.model.declared_task import DeclaredTask

PLAIN = (
    "they are in plain text, and the task takes encrypted calls alone: a caller needs its keys, TASKBAHN_KEYS, and "
    "encrypt=True; nothing of them is stored"
)


def check_size(task: str, packed: str) -> None:
    """Raise `TooLarge` for arguments above their bound."""
    if len(packed) * 4 > messages.MAX_ARGUMENTS:  # a character takes four bytes at most
        size = len(packed.encode())
        if size > messages.MAX_ARGUMENTS:
            raise TooLarge(f"arguments of {task}, bytes", size, messages.MAX_ARGUMENTS)


def is_encrypted_call(task: DeclaredTask, packed: str) -> bool:
    """Return whether arguments are encrypted, so that there is nothing to check in them.

    Raises `InvalidArguments` where they are not and have to be, `InvalidOption` where limits or unique keys read them.
    """
    declared = task.declaration
    if not is_encrypted(packed):
        if declared.encrypt:
            raise InvalidArguments(task.name, {"": PLAIN})
        return False
    check_keys(task.name, declared.limits, declared.fair_key, declared.unique)
    return True
