"""What cannot be said of a task whose arguments the dispatcher cannot read. Client and dispatcher check by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption
from taskbahn.protocol.templates import WrongTemplate, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taskbahn.protocol.limit_fields import LimitFields
    from taskbahn.protocol.unique_fields import DeclaredUnique

MARK = '"$encrypted"'  # in packed arguments; `taskbahn.encryption.envelope` has the form
ARGUMENTS = '{"$encrypted":"1.arguments.'  # how the text of encrypted arguments begins, as an SDK writes it


def check_keys(task: str, limits: Iterable[LimitFields], fair_key: str, unique: DeclaredUnique | None) -> None:
    """Raise InvalidOption for what reads arguments, which are encrypted."""
    for option, what, text in _templates(limits, fair_key, unique):
        if text is None:
            raise InvalidOption(
                f"{what} of {task}: without key= all arguments are the key, and they are encrypted, so no two are the same; "
                'name what the node knows, as in Unique(key="{@caller}")',
                option=option,
            )
        if _reads(text):
            raise InvalidOption(
                f"{what} of {task}: {text!r:.100} reads an argument, and the arguments are encrypted: the node cannot read them; "
                "name what it knows, as {@caller} or {@tag:user}",
                option=option,
            )


def _templates(limits: Iterable[Any], fair_key: str, unique: Any) -> Iterator[tuple[str, str, str | None]]:
    for limit in limits:
        for name in ("key", "cost"):
            text = getattr(limit, name, None)
            if isinstance(text, str):
                yield "limits", f"{name} of a limit", text
    if fair_key:
        yield "fair_key", "fair_key", fair_key
    if unique is not None:
        yield "unique", "unique", unique.key


def _reads(text: str) -> bool:
    try:
        return any(source.kind == "argument" for source in parse(text).sources)
    except WrongTemplate:  # that is said elsewhere
        return False
