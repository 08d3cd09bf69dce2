"""The rules of `unique=`: which declarations can be. Client and dispatcher check by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import InvalidOption, did_you_mean
from taskbahn.protocol.limit_kinds import short
from taskbahn.protocol.options import LONGEST_SECONDS
from taskbahn.protocol.templates import WrongTemplate, has_secrets, locate, parse

if TYPE_CHECKING:
    from taskbahn.protocol.messages import Signature, TaskDeclaration
    from taskbahn.protocol.unique_fields import DeclaredUnique

DURING = ("active", "queued", "kept")
CONFLICTS = ("join", "refuse", "replace")


def shown(unique: DeclaredUnique) -> str:
    """Return it as people write it: what differs from the default."""
    words = [f"key={short(unique.key)}"] if unique.key is not None else []
    words += [f"during={short(unique.during)}"] if unique.during != "active" else []
    words += [f"on_conflict={short(unique.on_conflict)}"] if unique.on_conflict != "join" else []
    return f"Unique({', '.join(words)})"


def check_words(unique: DeclaredUnique) -> None:
    """Raise InvalidOption, with what is wrong and where, for what cannot be in any task."""
    if isinstance(unique.during, str):
        _check_word(unique, "during", unique.during, DURING, ", or a number of seconds")
    elif not 0 < unique.during <= LONGEST_SECONDS:
        raise _wrong(unique, f"during = {short(unique.during)}: it is more than 0 seconds, at most a hundred years")
    _check_word(unique, "on_conflict", unique.on_conflict, CONFLICTS)
    if unique.key is not None:
        try:
            parse(unique.key)
        except WrongTemplate as error:
            raise _wrong(unique, f"key = {short(unique.key)}: {error.why}", error.position) from None


def check_unique(declaration: TaskDeclaration) -> None:
    """Raise InvalidOption for a declaration that the task cannot have."""
    if declaration.unique is not None:
        check_words(declaration.unique)
        check_arguments(declaration.name, declaration.unique, declaration.signature)


def check_arguments(task: str, unique: DeclaredUnique, signature: Signature | None) -> None:
    """Raise InvalidOption for a template that names what no call of the task has."""
    if unique.key is None and signature is not None and has_secrets(signature.parameters):
        raise _wrong(unique, "the task takes a secret, and without key= all arguments are the key, which is shown", task=task)
    try:
        for source in parse(unique.key).sources if unique.key is not None else ():
            if source.kind == "argument":
                locate(source, signature, task)
    except WrongTemplate as error:
        raise _wrong(unique, f"key = {short(unique.key)}: {error.why}", error.position, task) from None


def _check_word(unique: DeclaredUnique, name: str, word: str, known: tuple[str, ...], otherwise: str = "") -> None:
    if word not in known:
        raise _wrong(unique, f"{name} = {short(word)}: it is {', '.join(known)}{otherwise}{did_you_mean(word, known)}")


def _wrong(unique: DeclaredUnique, why: str, position: int | None = None, task: str = "") -> InvalidOption:
    place = {} if position is None else {"position": position}
    return InvalidOption(f"{shown(unique)}{f' of {task}' if task else ''}: {why}", option="unique", **place)
