"""The topics of a router that is none: what the dispatcher hears of them, and what it passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn_router.core.topic_events import is_meant

if TYPE_CHECKING:
    from collections.abc import Callable

    Heard = Callable[[str, list[Any], dict[str, Any]], None]


class Topics:
    """Fulfils a part of `RouterPort`."""

    def __init__(self) -> None:
        self.topics: dict[str, Heard] = {}  # those whose events the dispatcher hears
        self.patterns: dict[tuple[str, str], Heard] = {}  # likewise, by uri and match
        self.passed_on: list[tuple[str, list[Any], dict[str, Any]]] = []

    def publishes(self, topic: str, *args: Any, **kwargs: Any) -> None:
        """A session publishes an event: each subscription of the dispatcher gets it."""
        patterns = [heard for (uri, match), heard in self.patterns.items() if is_meant(topic, uri, match)]
        exact = [self.topics[topic]] if topic in self.topics else []
        for heard in exact + patterns:
            heard(topic, list(args), dict(kwargs))

    def pass_on(self, topic: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        self.passed_on.append((topic, args, kwargs))

    def subscribe_events(self, uri: str, match: str, heard: Heard) -> None:
        if match == "exact":
            assert uri not in self.topics
            self.topics[uri] = heard
        else:
            assert (uri, match) not in self.patterns
            self.patterns[uri, match] = heard

    def unsubscribe_events(self, uri: str, match: str) -> None:
        if match == "exact":
            del self.topics[uri]
        else:
            del self.patterns[uri, match]
