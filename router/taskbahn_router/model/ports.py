"""What the dispatcher and its parts need of the outside: a clock, threads, the router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from taskbahn_router.core.audit import Origin
    from taskbahn_router.model.pending_call import PendingCall


class Clock(Protocol):
    """The part of a reactor's time (IReactorTime) that the dispatcher uses."""

    def seconds(self) -> float:
        """Return monotonic seconds."""

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Any:  # noqa: N802, A002 - Twisted's names
        """Call later; returns an IDelayedCall."""


class Runner(Protocol):
    """Runs a function somewhere and calls back on the loop."""

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Return a Deferred with the function's result."""


class RouterPort(Protocol):
    """The router, as the parts of the dispatcher need it; the component fulfils it."""

    def register_procedure(self, uri: str, handler: Callable[[PendingCall], None]) -> Deferred[None]:
        """Offer a procedure."""

    def unregister_procedure(self, uri: str) -> None:
        """Offer a procedure no longer."""

    def publish_event(self, topic: str, value: Any) -> None:
        """Publish to the subscribers."""

    def pass_on(self, topic: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Publish what another session asks for; the dispatcher itself does not hear it."""

    def is_watched(self, topic: str) -> bool:
        """Return whether *topic* has subscribers."""

    def watches_jobs(self) -> bool:
        """Return whether the topic of any job has subscribers."""

    def flush_sockets(self) -> None:
        """Write unsent bytes to the sockets now, before the reactor's next turn."""

    def subscribe_events(self, uri: str, match: str, heard: Callable[[str, list[Any], dict[str, Any]], None]) -> None:
        """Have *heard* called with the topic and the arguments of each event that a subscription means."""

    def unsubscribe_events(self, uri: str, match: str) -> None:
        """End a subscription."""

    def call_offer(self, uri: str, args: list[Any], kwargs: dict[str, Any], on_progress: Callable[..., None]) -> Deferred[Any]:
        """Call a procedure of another session; fails with `offers.OfferFailed`. To cancel the Deferred is to cancel the call."""

    def end_session(self, session: int, reason: str) -> None:
        """Close a session; it learns why."""

    def has_session(self, session: int) -> bool:
        """Return whether a session has joined, and not left."""

    def origin(self, session: int | None, authid: str | None) -> Origin:
        """Return where the calls of a session come from."""

    def unread_bytes(self, session: int | None) -> int:
        """Return how many bytes wait for the reader of a session; 0 for a session that never had a backlog."""
