"""What Crossbar says about sessions, subscriptions and registrations, on a node with login: to the dispatcher alone.

Crossbar publishes `wamp.session.on_join` and its like as events. Its permissions know the topic that a session subscribes to, and not those
that a pattern means: who may subscribe to a pattern would hear them all. They say who joins, from where, and with which HTTP headers.

Among these headers is the cookie with which a person has logged in, so they are forgotten as soon as the login is over, on each node: a
browser sends a cookie to all ports of a machine. Knows Crossbar; no switch turns this off, and a node whose Crossbar has another shape
does not start.
"""

from __future__ import annotations

from typing import Any

from autobahn.wamp.types import PublishOptions

SECRET_HEADERS = ("cookie", "authorization", "proxy-authorization")


def keep_to(router: Any, session: int) -> None:
    """Have one session hear what the router says about the others, and no other one.   router: of a realm."""
    service = router._realm.session  # noqa: SLF001 - Crossbar has no public way to it
    publish = service.publish

    def published(topic: str, *args: Any, options: PublishOptions | None = None, **kwargs: Any) -> Any:
        wanted = PublishOptions() if options is None else options
        wanted.eligible = [session]
        return publish(topic, *args, options=wanted, **kwargs)

    service.publish = published


def forget_secret_headers(router: Any) -> None:
    """Forget the secrets that a connection has brought along, when a session joins on it."""
    attach = router.attach

    def attached(session: Any) -> Any:
        details: Any = getattr(session._transport, "transport_details", None)  # noqa: SLF001 - Crossbar's sessions have no public one
        headers: dict[str, Any] | None = getattr(details, "http_headers_received", None)
        if headers:
            details.http_headers_received = {name: value for name, value in headers.items() if name.lower() not in SECRET_HEADERS}
        return attach(session)

    router.attach = attached
