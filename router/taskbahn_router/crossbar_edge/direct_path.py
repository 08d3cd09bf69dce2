"""A short way through Crossbar for calls of the dispatcher's procedures, their cancelling, and what workers report.

Crossbar's dealer takes each call through authorization, debug lines that it formats and the log drops, and books of its own: a third of
the time of a single job. The dispatcher lives in the same process. So what comes in for it is taken here, as soon as it is read and before
it is even an object (`taskbahn.transport.raw_messages`), and its answers go straight to the connection of the caller. Whatever is uncommon goes
the ordinary way, to `DealerSession`: roles without fixed permissions or with anything to be checked, a call that is not allowed, or has
a timeout, an opaque payload or a trace.

This path also distinguishes a caller that is gone from one that cancelled; Crossbar does not tell its callees which.

Not Crossbar's interface, but what lies beneath it. With `TASKBAHN_DIRECT_PATH=0`, another version or another shape of it (`misfit`),
the dealer takes everything, and `DealerSession` the dispatcher's calls. So it is where messages are not seen as lists (`raw_messages`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from autobahn.exception import PayloadExceededError
from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError, SerializationError
from twisted.logger import Logger

from taskbahn.errors import ResultNotSerialisable
from taskbahn.transport import raw_messages
from taskbahn.transport.raw_messages import CALL, ERROR, YIELD, arguments, has_only, is_id, result
from taskbahn.workarounds import first, missing, other_arguments, other_version
from taskbahn_router.crossbar_edge.router_repairs import LOST, other_methods
from taskbahn_router.crossbar_edge.unsendable import OWN_PREFIX, UNSENDABLE, with_long_integers_as_text
from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.role_permissions import AUTHORIZER, allows

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.errors import TaskbahnError

CANCELLED = ("cancelled by the caller",)


def misfit(router: Any) -> str:
    """Say what of Crossbar's router is not as it is expected here, or nothing."""
    from crossbar.router.role import RouterRoleStaticAuth  # where a router runs, this module is loaded already

    return first(
        other_version("crossbar"),
        missing(router, "is_traced", "_trace_traffic", "_roles", "_dealer"),
        missing(router._dealer, "_invocations"),  # noqa: SLF001 - Crossbar has no public way to it
        other_methods(router),
        other_arguments(RouterRoleStaticAuth.authorize, "self", "session", "uri", "action", "options"),
    )


class DirectCaller:
    """A session with open calls; sends it the answers."""

    log = Logger("taskbahn.direct_path")

    def __init__(self, session: Any) -> None:
        self.session: Any = session  # None when the session has left
        self.calls: dict[int, PendingCall] = {}  # by request

    def progress(self, request: int, value: Any) -> None:
        """Send a progressive result."""
        if request in self.calls:
            self._send(request, result(request, {"progress": True}, [value]))

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """Send the result."""
        call = self.calls.pop(request, None)
        if call is not None:
            self._send(request, result(request, {}, args, kwargs), is_exact=not call.procedure.startswith(OWN_PREFIX))

    def fail(self, request: int, error: TaskbahnError) -> None:
        """Send an error."""
        if self.calls.pop(request, None) is not None:
            kwargs = {"detail": error.detail} if error.detail else None  # named, for Autobahn's errors take some names themselves
            self.send_error(request, error.uri, [error.message], kwargs)

    def send_error(self, request: int, uri: str, args: list[Any], kwargs: dict[str, Any] | None = None) -> None:
        """Send an error, whatever the books say."""
        self._send(request, [ERROR, CALL, request, {}, uri, args, *([kwargs] if kwargs else [])])

    def _send(self, request: int, raw: list[Any], *, is_exact: bool = False) -> None:
        transport = self.session and self.session._transport  # noqa: SLF001 - Crossbar's dealer sends in the same way
        if not transport:
            return
        try:
            raw_messages.say(transport, raw)
        except LOST:
            pass  # Crossbar reports the end of the connection next
        except PayloadExceededError as error:  # the caller announced a smaller limit
            self.calls.pop(request, None)
            self.send_error(request, ApplicationError.INVALID_ARGUMENT, [f"the answer is larger than you accept: {error}"])
        except SerializationError as error:
            self._send_otherwise(request, raw, error, is_exact=is_exact)
        except Exception:  # noqa: BLE001 - the maker of the answer must not suffer from where it goes
            self.log.failure("an answer could not be sent")

    def _send_otherwise(self, request: int, raw: list[Any], error: Exception, *, is_exact: bool) -> None:
        """Send what the caller's serializer has no word for: MessagePack ends at 64 bits.

        What is shown (views, events) has such integers as text. The result of a task is what it is, or an error.
        """
        shown = with_long_integers_as_text(raw)
        if shown == raw or is_exact:
            self.calls.pop(request, None)
            self.send_error(request, ResultNotSerialisable.uri, [UNSENDABLE.format(error=error)])
        else:
            self._send(request, shown, is_exact=True)


class DirectPath:
    """Takes calls in front of a realm's router; everything that it does not take goes through unchanged.

    own: the dispatcher's session.   on_report(request, args, kwargs) gets a progressive result of its own calls, and returns
    whether it took it.   later: calls a function when this turn of the event loop is over.
    """

    log = Logger("taskbahn.direct_path")

    def __init__(
        self, router: Any, own: Any, on_report: Callable[[int, Any, Any], bool], later: Callable[[Callable[[], Any]], Any]
    ) -> None:
        self.handlers: dict[str, Callable[[PendingCall], None]] = {}  # by procedure
        self._router = router
        self._own = own
        self._on_report = on_report
        self._later = later
        self._callers: dict[Any, DirectCaller] = {}  # by session
        self._allowed: dict[tuple[Any, str], bool] = {}  # by role and procedure
        self._invocations: dict[int, Any] = router._dealer._invocations  # noqa: SLF001 - see above
        self._attach = router.attach
        self._process = router.process
        self._detach = router.detach
        router.attach = self.attach
        router.process = self.process
        router.detach = self.detach

    def attach(self, session: Any) -> Any:
        """A session joins: see what it sends, from now on."""
        transport = session._transport  # noqa: SLF001
        raw_messages.attach(transport, partial(self.take, session))
        return self._attach(session)

    def take(self, session: Any, raw: list[Any]) -> bool:
        """Take a message that a session has sent; False: it goes the ordinary way."""
        if session._session_id is None:  # noqa: SLF001 - it has left
            return False
        kind = raw[0]
        return (kind == CALL and self._call(session, raw)) or (kind == YIELD and self._report(session, raw))

    def process(self, session: Any, msg: Any) -> None:
        """Take the cancelling of a call that was taken here, or pass the message on."""
        if not (type(msg) is message.Cancel and self._cancel(session, msg)):
            self._process(session, msg)

    def detach(self, session: Any = None) -> Any:
        """A session leaves, or all of them: the answers to its calls have no reader any more."""
        for each in [session] if session is not None else list(self._callers):
            caller = self._callers.pop(each, None)
            if caller is not None:
                caller.session = None
                for call in caller.calls.values():
                    call.open = False
                    self._later(partial(call.gone, cancelled=False))
        return self._detach(session)

    def _is_allowed(self, session: Any, procedure: str) -> bool:
        """Return whether the dealer has nothing to check or add when a session calls the procedure."""
        router = self._router
        if router.is_traced or router._trace_traffic:  # noqa: SLF001
            return False
        role = router._roles.get(session._authrole)  # noqa: SLF001
        allowed = self._allowed.get((role, procedure))
        if allowed is None:
            allowed = self._allowed[role, procedure] = _is_free(role, session, procedure)
        return allowed

    def _call(self, session: Any, raw: list[Any]) -> bool:
        given = arguments(raw, 4)
        if given is None or len(raw) < 4:  # noqa: PLR2004 - CALL, request, options, procedure
            return False
        _, request, options, procedure = raw[:4]
        handler = self.handlers.get(procedure) if type(procedure) is str else None
        wants_progress = has_only(options, "receive_progress")
        if handler is None or wants_progress is None or not is_id(request) or not self._is_allowed(session, procedure):
            return False
        caller = self._callers.get(session)
        if caller is None:
            caller = self._callers[session] = DirectCaller(session)
        call = caller.calls[request] = PendingCall(
            caller,
            request,
            procedure,
            *given,
            caller=session._session_id,  # noqa: SLF001
            authid=session._authid,  # noqa: SLF001
            role=session._authrole,  # noqa: SLF001
            wants_progress=wants_progress,
        )
        handler(call)
        return True

    def _cancel(self, session: Any, msg: Any) -> bool:
        caller = self._callers.get(session)
        call = caller.calls.pop(msg.request, None) if caller is not None else None
        if caller is None or call is None:
            return False
        call.open = False
        call.gone(cancelled=msg.mode != message.Cancel.SKIP)  # "skip": only the caller turns away
        caller.send_error(msg.request, ApplicationError.CANCELED, list(CANCELLED))
        return True

    def _report(self, session: Any, raw: list[Any]) -> bool:
        """Take a progressive result, if it is of a call that the dispatcher made and that is still wanted."""
        given = arguments(raw, 3) if has_only(raw[2], "progress") and is_id(raw[1]) else None
        asked = self._invocations.get(raw[1]) if given is not None else None
        if given is None or asked is None or asked.caller is not self._own or asked.callee is not session or asked.canceled:
            return False
        return self._on_report(asked.call.request, *given)


def _is_free(role: Any, session: Any, procedure: str) -> bool:
    """Return whether the role may call this procedure unconditionally and discloses its caller."""
    from crossbar.router.role import RouterRoleDynamicAuth, RouterRoleStaticAuth  # where a router runs, it is loaded already

    if type(role) is RouterRoleDynamicAuth and role._authorizer == AUTHORIZER:  # noqa: SLF001 - who decides is our own table
        return allows(session._authrole, procedure, "call")  # noqa: SLF001
    if type(role) is not RouterRoleStaticAuth:
        return False
    found = role.authorize(session, procedure, "call", {})
    return bool(found["allow"] and found["disclose"] and not found.get("validate"))
