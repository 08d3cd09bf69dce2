"""Results of other jobs in the arguments of one, and results that travel by reference because they are many or large.

Arguments are stored with `{"$input": position}` for what another job gives, as a whole argument or as an item of a list that is one; what
only looks like it is inside of `{"$literal": ...}`. The result of a large group is `{"$results": id}`: `taskbahn.job.results` has its items.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Container, Generator, Mapping

    Pages = Generator[tuple[str, int], dict[str, Any], str]  # asks for the results of a job behind a position

OUTPUT, LITERAL, INPUT = "$output", "$literal", "$input"
RESULTS = "$results"
MARK = '{"$results":"'
REFERENCE = re.compile(r'\{"\$results":"([0-9a-f-]{36})"\}')


def mark_of(value: Any) -> str | None:
    """Return the only key of an object, if it has a meaning in arguments."""
    if isinstance(value, dict) and len(value) == 1:
        key = next(iter(value))
        return key if key in (OUTPUT, LITERAL, INPUT) else None
    return None


def filled(packed: str, results: Mapping[int, str]) -> str:
    """Return stored arguments with what other jobs give in its places.  results: JSON, by position; without one: null."""
    args, kwargs = messages.from_json(packed)
    return messages.to_json([[_filled(value, results) for value in args], {k: _filled(v, results) for k, v in kwargs.items()}])


def _filled(value: Any, results: Mapping[int, str]) -> Any:
    if isinstance(value, list):
        return [_filled_one(item, results) for item in value]
    return _filled_one(value, results)


def _filled_one(value: Any, results: Mapping[int, str]) -> Any:
    key = mark_of(value)
    if key == INPUT:
        return msgspec.Raw(results.get(value[INPUT], "null").encode())
    return value[LITERAL] if key == LITERAL else value


def reference(id: str) -> str:
    """Return what travels in the place of the list of a job's results."""
    return f'{{"$results":"{id}"}}'


def referenced(text: str | None) -> str | None:
    """Return the id of the job whose results a result refers to; None: it is a result."""
    found = REFERENCE.fullmatch(text) if text and text.startswith(MARK) else None
    return found[1] if found else None


def is_whole(text: str | None) -> bool:
    """Return whether a result of a flow has no references in it. In a string of JSON none can be, for its quotes are escaped."""
    return not text or MARK not in text


def whole(text: str) -> Pages:
    """Return a result with the lists in the places of references; the caller answers each question with a `taskbahn.job.results`."""
    if is_whole(text):
        return text
    id = referenced(text)
    if id is not None:
        found = yield from _all(id)
        return f"[{','.join(found.values())}]"
    if not text.startswith("["):
        return text
    items = [bytes(item).decode() for item in msgspec.json.decode(text, type=list[msgspec.Raw])]
    for number, item in enumerate(items):
        items[number] = yield from whole(item)
    return f"[{','.join(items)}]"


def whole_arguments(id: str, packed: str, paged: Container[int] = ()) -> Pages:
    """Return the arguments of a job with all that other jobs give.  paged: positions of which references are kept."""
    return filled(packed, (yield from _all(id, paged)))


def _all(id: str, paged: Container[int] = ()) -> Generator[tuple[str, int], dict[str, Any], dict[int, str]]:
    found: dict[int, str] = {}
    after: int | None = -1
    while after is not None:
        page = yield id, after
        for position, text in page["results"]:
            found[position] = text if position in paged and referenced(text) else (yield from whole(text))
        after = page["next"]
    return found
