"""What is many travels in pages: a message above `messages.MAX_MESSAGE` is refused by the transport, whole.

Sizes are bounds from above, of the bytes that MessagePack and JSON take. One item is always below the bound of a message, because
`messages.MAX_ARGUMENTS` and `messages.MAX_RESULT` are, so a page holds at least one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Item = TypeVar("Item")

PAGE_BYTES = messages.MAX_MESSAGE // 4
SHORT = 1_000  # characters of a text whose bytes are not counted: each takes four at most
FRAME_BYTES = 100  # ids, numbers and names around the content of an item


def text_bytes(text: str) -> int:
    """Return the bytes of packed JSON text inside a message; in a JSON message each quote and backslash takes one more."""
    if len(text) < SHORT:
        return 4 * len(text)
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return size + text.count('"') + text.count("\\")


def are_few(texts: Iterable[str], count: int, most_bytes: int = PAGE_BYTES) -> bool:
    """Return whether items with these texts are surely below a bound all together; cheaper than to cut them into pages."""
    return FRAME_BYTES * count + 4 * sum(map(len, texts)) <= most_bytes


def value_bytes(value: Any) -> int:
    """Return the bytes of plain data inside a message; MessagePack takes nine for each number that JSON writes in four."""
    try:
        return 2 * len(messages.JSON_ENCODE(value))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return PAGE_BYTES  # the store says what is wrong with the value


def pages(items: Sequence[Item], size_of: Callable[[Item], int], most_bytes: int = PAGE_BYTES) -> Iterator[list[Item]]:
    """Cut *items*, in order, into lists of at most *most_bytes*; an item that is larger alone has a page of its own."""
    if len(items) == 1:
        yield list(items)
        return
    page: list[Item] = []
    size = 0
    for item in items:
        its = size_of(item)
        if page and size + its > most_bytes:
            yield page
            page, size = [], 0
        page.append(item)
        size += its
    if page:
        yield page


def outcome_bytes(outcome: list[Any]) -> int:
    """Return the size of a `messages.Outcome`."""
    _, _, result, error = outcome
    return FRAME_BYTES + (text_bytes(result) if result else 0) + (value_bytes(error) if error else 0)


def event_bytes(event: dict[str, Any]) -> int:
    """Return the size of a `messages.Event`."""
    return FRAME_BYTES + value_bytes(event.get("data"))
