"""The topics whose events the dispatcher hears, and which of its parts hear them: one subscription for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn_router.core.topic_events import TopicEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.ports import RouterPort

    Hears = Callable[[TopicEvent], None]


class Topics:
    """Who hears what."""

    def __init__(self, port: RouterPort) -> None:
        self._port = port
        self._hear: dict[tuple[str, str], list[Hears]] = {}  # (uri, match) -> who hears it

    def hear(self, uri: str, hears: Hears, match: str = "exact") -> None:
        """Have *hears* called with each event of the topics that are meant."""
        known = self._hear.setdefault((uri, match), [])
        known.append(hears)
        if len(known) == 1:
            self._port.subscribe_events(uri, match, lambda *event: self._heard(uri, match, *event))

    def leave(self, uri: str, hears: Hears, match: str = "exact") -> None:
        """Call it no more."""
        known = self._hear[uri, match]
        known.remove(hears)
        if not known:
            del self._hear[uri, match]
            self._port.unsubscribe_events(uri, match)

    def _heard(self, uri: str, match: str, topic: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        event = TopicEvent(topic, args, kwargs)
        for hears in list(self._hear.get((uri, match), ())):
            hears(event)
