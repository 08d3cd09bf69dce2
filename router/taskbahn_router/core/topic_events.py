"""Events of WAMP topics: what they carry, and which topics a subscription means."""

from __future__ import annotations

from typing import Any, NamedTuple


class TopicEvent(NamedTuple):
    """An event of a topic, with its arguments."""

    topic: str
    args: list[Any]
    kwargs: dict[str, Any]

    @property
    def data(self) -> Any:
        """What it is about: its only argument, its keyword arguments, or the list of all."""
        if len(self.args) == 1 and not self.kwargs:
            return self.args[0]
        return self.kwargs if not self.args else [*self.args, *([self.kwargs] if self.kwargs else ())]


def is_meant(topic: str, uri: str, match: str) -> bool:
    """Return whether a subscription to *uri* means a topic."""
    if match == "exact":
        return topic == uri
    if match == "prefix":
        return topic.startswith(uri)
    parts, wanted = topic.split("."), uri.split(".")
    return len(parts) == len(wanted) and all(want in ("", part) for part, want in zip(parts, wanted, strict=True))


def fits(data: Any, where: dict[str, Any]) -> bool:
    """Return whether the data of an event has all fields of *where*, with these values."""
    return not where or (isinstance(data, dict) and all(name in data and data[name] == value for name, value in where.items()))
