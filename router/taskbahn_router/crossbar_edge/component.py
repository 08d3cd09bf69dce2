"""The component that Crossbar loads, on Autobahn's session: carries calls to the dispatcher, and its messages to the router."""

from __future__ import annotations

import os
import random
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from autobahn.twisted.wamp import ApplicationSession
from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, PublishOptions, SubscribeOptions
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.logger import Logger

from taskbahn import tuning
from taskbahn.errors import TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn.transport import raw_messages
from taskbahn.transport.flush import flush
from taskbahn.workarounds import DIRECT_PATH, RAW_MESSAGES, ROUTER_REPAIRS, SEND_BUFFERS
from taskbahn_router.access.tokens import new_text
from taskbahn_router.core.forwarding import Proxies
from taskbahn_router.core.role_limits import limits_of
from taskbahn_router.core.topic_events import is_meant
from taskbahn_router.crossbar_edge import (
    direct_path,
    forgeries,
    key_login,
    login_answers,
    meta_events,
    node_process,
    plain_serializers,
    router_repairs,
    send_buffers,
)
from taskbahn_router.crossbar_edge.authorizer import Authorizer
from taskbahn_router.crossbar_edge.company_pages import company_login
from taskbahn_router.crossbar_edge.dealer_session import DealerSession
from taskbahn_router.crossbar_edge.direct_path import DirectPath
from taskbahn_router.crossbar_edge.origins import origin_of
from taskbahn_router.crossbar_edge.outside_login import outside_tokens
from taskbahn_router.crossbar_edge.plain_log import set_up_log
from taskbahn_router.crossbar_edge.public_requests import set_up_requests
from taskbahn_router.crossbar_edge.router_repairs import RouterRepairs
from taskbahn_router.crossbar_edge.send_buffers import Backlogs, SlowReaders
from taskbahn_router.crossbar_edge.socket_setup import set_up_accepted, set_up_visitors
from taskbahn_router.crossbar_edge.visitors import Visitors
from taskbahn_router.model.roles import rules_in, set_in_force
from taskbahn_router.node import parent_watch
from taskbahn_router.node.login import AUTHENTICATOR, has_certificates
from taskbahn_router.queries.settings import configuration, settings
from taskbahn_router.role_permissions import AUTHORIZER
from taskbahn_router.service import Service
from taskbahn_router.workers.offers import OfferFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from taskbahn_router.core.audit import Origin
    from taskbahn_router.model.pending_call import PendingCall

FEW_WRITERS = 4
CLOSED = "wamp.close.killed"
FAREWELL_SECONDS = 0.3  # that a session has to answer a GOODBYE
OWN_WORKER = "taskbahn.node"  # who the node's own worker is, with login
MAY_HEAR = {messages.AUDIT_TOPIC: ["anonymous", "operator", "admin"]}  # also of those whose subscription is a pattern
DETAILS = "@details"  # the keyword in which a subscriber gets what Crossbar says of an event; no name that others use


class Component(ApplicationSession):
    """Carries a `Service` on Crossbar. Configuration (`extra`): `data`, the data directory, relative to the node's directory;
    `url`, where the node's own worker connects to, if that is not its first port; `keep_audit`: seconds; `loglevel` and `given` are for
    `settings`.
    """

    log = Logger("taskbahn.component")

    async def onJoin(self, details: Any) -> None:
        """Start the service. A failure ends the node with one clear line, for Crossbar itself would go on without a dispatcher."""
        try:
            await self._begin()
        except Exception as error:  # noqa: BLE001 - it ends the process
            sentence = error.message if isinstance(error, TaskbahnError) else f"{type(error).__name__}: {error}"
            if not isinstance(error, TaskbahnError):
                self.log.failure("the dispatcher cannot start")
            self._die(sentence)

    async def _begin(self) -> None:
        from twisted.internet import reactor as installed

        reactor: Any = installed
        self._reactor = reactor
        parent_watch.end_with_parent()
        set_up_log()
        self.link = DealerSession(self._transport, self._call_reqs)
        self.link.on_ambiguous_end = self._ended
        self.link.later = lambda function: reactor.callLater(0, function)
        self._router = cast("Any", self._transport)._router  # noqa: SLF001
        self._go_around(self._router)
        self._transport = self.link  # type: ignore[assignment]  # it passes on what it does not know
        self._registered: dict[str, Deferred[Any]] = {}  # procedure -> its registration
        self._topics: dict[int, tuple[str, str]] = {}  # subscription -> (uri, match)
        self._heard: dict[tuple[str, str], Deferred[Any]] = {}  # (uri, match) of the events that the dispatcher hears
        self._watched: dict[str, int] = {}
        self._watched_jobs: set[str] = set()
        self._patterns: dict[int, tuple[str, str]] = {}
        extra = self.config.extra or {}
        self._may_hear = _own_roles(extra)
        self._expect_visitors(extra)
        folder = Path(extra.get("cbdir", "."))
        data = (folder / str(extra.get("data", "../.taskbahn"))).resolve()
        self._directory = data
        shown = settings(folder, extra, data)
        url = node_process.address_of(configuration(folder)[1], extra)
        token = new_text() if extra.get("login") else ""
        self.service = Service(
            data, self, reactor=reactor, wall=time.time, uniform=random.random, settings=shown,
            keep_audit=extra.get("keep_audit"),
            start_worker=partial(node_process.start_process, reactor, url, token) if url else None,
            role_limits=limits_of(extra.get("role_limits", {})) if token else None,
        )  # fmt: skip
        if token:
            meta_events.keep_to(self._router, cast("int", self._session_id))
            self._begin_login(token, extra)
            await self.subscribe(self._joined, "wamp.session.on_join")
        for topic, handler in {
            "wamp.subscription.on_create": self._topic_made,
            "wamp.subscription.on_delete": self._topic_gone,
            "wamp.session.on_leave": self._left,
            "wamp.registration.on_create": self._registered_by,
            "wamp.registration.on_delete": lambda _, registration: self.service.offers.deleted(registration),
        }.items():
            await self.subscribe(handler, topic)
        await self.service.start()
        if extra.get("login"):
            await self._answer_crossbar(extra)
        reactor.addSystemEventTrigger("before", "shutdown", self.service.stop)
        set_up_accepted(reactor)
        self._drop_slow_readers()
        tuning.settle_memory()
        tuning.share_interpreter()

    def _begin_login(self, token: str, extra: dict[str, Any]) -> None:
        login_answers.begin(key_login.wrong_answer, key_login.may_join)
        self.service.parts.credentials.give(token, OWN_WORKER, Role.WORKER.value)
        if company := extra.get("company"):
            self.service.company_login = company_login(company, self.service, self._reactor)
        if issuers := extra.get("issuers"):
            self.service.outside_tokens = outside_tokens(issuers, self.service, self._reactor)

    async def _answer_crossbar(self, extra: dict[str, Any]) -> None:
        """Offer what Crossbar asks about sessions of a node with login."""
        if not extra.get("company") and not self.service.parts.credentials.is_anyone_known():
            self.log.warn(
                "no token, key or user can log in to this node: stop it, and run `taskbahn token create NAME --role admin --data {data}`",
                data=self._directory,
            )
        await self.register(Authorizer(self.service.parts.ownership).decide, AUTHORIZER)
        if has_certificates(extra):
            from taskbahn_router.crossbar_edge.certificate_login import log_in  # late: OpenSSL, which few nodes need

            await self.register(log_in, AUTHENTICATOR)

    def onUserError(self, fail: Any, msg: str) -> None:
        """Log what a function of the component has raised, but for refusals that Crossbar passes on: the audit has those."""
        if not isinstance(fail.value, ApplicationError):
            super().onUserError(fail, msg)

    def _drop_slow_readers(self) -> None:
        if not SEND_BUFFERS.is_off:
            slow_readers = SlowReaders(self._reactor, self._backlogs)
            slow_readers.start()
            self._reactor.addSystemEventTrigger("before", "shutdown", slow_readers.stop)

    def _expect_visitors(self, extra: dict[str, Any]) -> None:
        """Bound what connections may do before a session logs in on them."""
        if extra.get("insecure"):
            self.log.warn("this node has no login (--insecure-no-auth): each program that reaches it may do everything")
        proxies = Proxies.of(extra.get("door", {}).get("behind_proxy", ()))
        self.visitors = Visitors(self._reactor, proxies, has_login=bool(extra.get("login")))
        self.visitors.follow(self._router)
        self.visitors.start()
        self._reactor.addSystemEventTrigger("before", "shutdown", self.visitors.stop)
        set_up_visitors(self.visitors)
        set_up_requests(proxies, self.visitors)

    def _go_around(self, router: Any) -> None:
        """Put `RouterRepairs` before Crossbar's router, and `DirectPath`, which spares most messages the way through it."""
        plain_serializers.refuse_others()
        meta_events.forget_secret_headers(router)
        forgeries.refuse(router)
        self._backlogs = Backlogs()
        if SEND_BUFFERS.is_on(partial(send_buffers.misfit, self._reactor, router)):
            self._backlogs.follow(router)
        if ROUTER_REPAIRS.is_on(partial(router_repairs.misfit, router)):
            RouterRepairs(router, self)
        self.direct_path: DirectPath | None = None
        if RAW_MESSAGES.is_on(raw_messages.misfit) and DIRECT_PATH.is_on(partial(direct_path.misfit, router)):
            self.direct_path = DirectPath(router, self, self.link.reported, self.link.later)

    # what the service asks of the outside

    def register_procedure(self, uri: str, handler: Callable[[PendingCall], None]) -> Deferred[None]:
        """Offer a procedure; *handler* gets each call."""

        def registered(registration: Any) -> Any:
            self.link.handlers[registration.id] = handler
            self.link.uris[registration.id] = uri
            if self.direct_path is not None:
                self.direct_path.handlers[uri] = handler
            return registration

        def failed(failure: Failure) -> Failure:
            del self._registered[uri]
            return failure

        done: Deferred[Any] = self.register(lambda *_, **__: None, uri)
        self._registered[uri] = done
        return done.addCallbacks(registered, failed)

    def unregister_procedure(self, uri: str) -> None:
        """Offer a procedure no longer; callers get the router's answer that there is none."""

        def unregister(registration: Any) -> Deferred[Any] | None:
            if registration is None:  # it failed meanwhile, and the log says so
                return None
            if self.direct_path is not None:
                del self.direct_path.handlers[uri]
            ended: Deferred[Any] = registration.unregister()
            return ended.addCallback(lambda _: self.link.forget(registration.id))

        self._registered.pop(uri, succeed(None)).addCallback(unregister).addErrback(self._not_unregistered, uri)

    def _not_unregistered(self, failure: Failure, uri: str) -> None:
        self.log.warn("{uri} is still registered: {why}", uri=uri, why=failure.value)

    def publish_event(self, topic: str, value: Any) -> None:
        """Publish to the subscribers."""
        self.publish(topic, value, options=PublishOptions(acknowledge=False, eligible_authrole=self._may_hear.get(topic)))

    def is_watched(self, topic: str) -> bool:
        """Return whether *topic* has subscribers, exactly or by a pattern."""
        if topic in self._watched:
            return True
        return bool(self._patterns) and any(is_meant(topic, uri, match) for uri, match in self._patterns.values())

    def watches_jobs(self) -> bool:
        """Return whether the topic of any job has subscribers."""
        return bool(self._watched_jobs or self._patterns)

    def flush_sockets(self) -> None:
        """Write few unsent bytes to the sockets now: waiting for the reactor's next turn costs a single message some 20 us."""
        writers: list[Any] = self._reactor.getWriters()
        if len(writers) <= FEW_WRITERS:
            flush(writers)

    def end_session(self, session: int, reason: str) -> None:
        """Close a session; it learns why, and has a moment to go by itself: Crossbar lets one stay that does not."""
        ended: Deferred[Any] = self.call("wamp.session.kill", session, reason=CLOSED, message=reason)
        ended.addErrback(lambda failure: self.log.debug("session {session}: {why}", session=session, why=failure.value))
        self._reactor.callLater(FAREWELL_SECONDS, self._cut, session)

    def _cut(self, session: int) -> None:
        """Cut the connection of a session, if it is still there."""
        found = self._router._session_id_to_session.get(session)  # noqa: SLF001 - no public way from a session to its connection
        connection = getattr(getattr(found, "_transport", None), "transport", None)
        if connection is not None:
            connection.abortConnection()

    def has_session(self, session: int) -> bool:
        """Return whether a session has joined, and not left."""
        return session in self._router._session_id_to_session  # noqa: SLF001 - no public way to it

    def unread_bytes(self, session: int | None) -> int:
        """Return how many bytes wait for the reader of a session."""
        return self._backlogs.of(session)

    def origin(self, session: int | None, authid: str | None) -> Origin:
        """Return where the calls of a session come from; what Crossbar does not say stays open."""
        return origin_of(self._router._session_id_to_session.get(session), authid)  # noqa: SLF001 - no public way to it

    def pass_on(self, topic: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Publish what another session asks for; Crossbar does not send it back to the dispatcher's own session."""
        request = self._request_id_gen.next()  # not by `publish`, which takes some keyword arguments for its own
        self.link.send(message.Publish(request, topic, args=args or None, kwargs=kwargs or None, acknowledge=False))

    def subscribe_events(self, uri: str, match: str, heard: Callable[[str, list[Any], dict[str, Any]], None]) -> None:
        """Have *heard* called with the topic and the arguments of each event that a subscription means."""

        def come(*args: Any, **kwargs: Any) -> None:
            heard(kwargs.pop(DETAILS).topic or uri, list(args), kwargs)

        options = SubscribeOptions(match=match, details_arg=DETAILS)
        self._heard[uri, match] = self.subscribe(come, uri, options=options).addErrback(self._not_subscribed, uri)

    def unsubscribe_events(self, uri: str, match: str) -> None:
        """End a subscription."""
        done: Deferred[Any] = self._heard.pop((uri, match), succeed(None))
        done.addCallback(lambda found: None if found is None else found.unsubscribe())
        done.addErrback(self._not_subscribed, uri)

    def _not_subscribed(self, failure: Failure, uri: str) -> None:
        self.log.warn("{uri}, for whose events jobs and triggers wait: {why}", uri=uri, why=failure.value)

    def call_offer(self, uri: str, args: list[Any], kwargs: dict[str, Any], on_progress: Callable[..., None]) -> Deferred[Any]:
        """Call a procedure of another session; fails with `offers.OfferFailed`."""
        call: Deferred[Any] = self.call(uri, *args, options=CallOptions(on_progress=on_progress), **kwargs)
        return call.addErrback(_offer_failed)

    # what Crossbar reports

    def _joined(self, details: dict[str, Any]) -> None:
        self.service.parts.challenges.joined(details["session"])
        self.service.parts.role_limits.joined(details["session"], str(details["authid"]), str(details["authrole"]))

    def _left(self, session: int) -> None:
        self.service.parts.credentials.closed(session)
        self.service.parts.role_limits.left(session)

    def _topic_made(self, session: int, subscription: dict[str, Any]) -> None:
        uri, match, number = subscription["uri"], subscription["match"], subscription["id"]
        self._topics[number] = (uri, match)
        if match == "exact":
            self._watched[uri] = number
            if uri.startswith(messages.JOB_TOPIC):
                self._watched_jobs.add(uri)
            self.service.look_who_watches()
        elif not uri.startswith("wamp."):
            self._patterns[number] = (uri, match)

    def _topic_gone(self, session: int, subscription: int) -> None:
        uri, match = self._topics.pop(subscription, ("", ""))
        if match == "exact":
            self._watched.pop(uri, None)
            self._watched_jobs.discard(uri)
        self._patterns.pop(subscription, None)

    def _registered_by(self, session: int, registration: dict[str, Any]) -> None:
        found = self._router._session_id_to_session.get(session)  # noqa: SLF001 - no public way to it
        role, name = getattr(found, "_authrole", None), getattr(found, "_authid", None)
        self.service.offers.created(registration, role, name if (self.config.extra or {}).get("login") else None)

    def _ended(self, call: PendingCall) -> None:
        """Ask Crossbar whether the caller's session still lives: if so, the caller cancelled, else it is gone."""

        async def ask() -> None:
            try:
                await self.call("wamp.session.get", call.caller)
            except Exception:  # noqa: BLE001 - no such session
                call.gone(cancelled=False)
            else:
                call.gone(cancelled=True)

        # later: Crossbar reports a session in the middle of its leaving, when it still seems to live
        self.service.later(lambda: ensureDeferred(ask()))

    def _die(self, sentence: str) -> None:
        data = Path((self.config.extra or {}).get("cbdir", "."))
        try:
            (data / "failure").write_text(sentence + "\n", "utf-8")
        finally:
            self.log.critical("Taskbahn cannot start: {sentence}", sentence=sentence)
            os._exit(1)


def _offer_failed(failure: Any) -> None:
    error = failure.value
    if isinstance(error, ApplicationError):
        text = " ".join(str(arg) for arg in error.args)
        raise OfferFailed(error.error, text, lost=error.error == ApplicationError.CANCELED and "disconnected" in text) from error
    failure.raiseException()


def _own_roles(extra: dict[str, Any]) -> dict[str, list[str]]:
    """Have the roles of the configuration, and return which roles hear the topics that not all hear."""
    own = rules_in(extra.get("roles", ()))
    set_in_force(own)
    hears = [each.name for each in own if each.base is Role.OPERATOR and (each.may is None or messages.VIEW_AUDIT in each.may)]
    return {topic: [*roles, *hears] for topic, roles in MAY_HEAR.items()}
