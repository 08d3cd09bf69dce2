"""Between the dispatcher's session and Crossbar's link to a component in the router (`RouterApplicationSession`).

That link raises on INTERRUPT, in the middle of detaching the caller's session, which then keeps its registrations for ever (found with
26.10.1). `DealerSession` is in front of it: it takes invocations, interrupts and progressive results itself and passes the rest on, which also
spares each a dozen steps of Autobahn.

When a node is ordered to end, Crossbar has the dispatcher's session leave, which forgets its calls, while their answers still come in; Autobahn
raises on such an answer, in the middle of the message of the worker that sent it. `DealerSession` drops them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.wamp import message
from twisted.logger import Logger

from taskbahn_router.model.pending_call import PendingCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbahn.errors import TaskbahnError

CANCELLED = "wamp.error.canceled"


class DealerSession:
    """Takes the messages that it knows between the dispatcher's session and Crossbar's link; all others go through unchanged.

    *asked* holds the session's own calls that wait for an answer, by request.
    """

    log = Logger("taskbahn.dealer_session")

    def __init__(self, inner: Any, asked: Mapping[int, Any]) -> None:
        self._inner = inner
        self._asked = asked
        self.handlers: dict[int, Callable[[PendingCall], None]] = {}  # by registration
        self.uris: dict[int, str] = {}
        self.calls: dict[int, PendingCall] = {}  # by request
        self.on_ambiguous_end: Callable[[PendingCall], None] = lambda _: None
        self.later: Callable[[Callable[[], Any]], None] = lambda function: function()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, msg: Any) -> None:
        """Take a message of the router or of the session."""
        kind = type(msg)
        if kind is message.Invocation and msg.registration in self.handlers:
            self._invoked(msg)
        elif kind is message.Interrupt:
            self._interrupted(msg)
        elif kind is message.Result or (kind is message.Error and msg.request_type == message.Call.MESSAGE_TYPE):
            self._answered(msg)
        else:
            self._inner.send(msg)

    def forget(self, registration: int) -> None:
        """Take no more invocations of a registration."""
        del self.handlers[registration], self.uris[registration]

    def _answered(self, msg: Any) -> None:
        """Pass on an answer to a call of the dispatcher, if the call still waits."""
        is_progress = type(msg) is message.Result and msg.progress
        if msg.request in self._asked and not (is_progress and self.reported(msg.request, msg.args, msg.kwargs)):
            self._inner.send(msg)

    def reported(self, request: int, args: list[Any] | None, kwargs: dict[str, Any] | None) -> bool:
        """Take a progressive result of a call of the dispatcher; False if the call takes none. Drop that of a forgotten call."""
        asked = self._asked.get(request)
        if asked is None:
            return True
        on_progress = asked.options.on_progress if asked.options else None
        if on_progress is None:
            return False
        try:
            on_progress(*(args or ()), **(kwargs or {}))
        except Exception:  # noqa: BLE001 - it must not end the connection of the answering session
            self.log.failure("what {procedure} reported was not understood", procedure=asked.procedure)
        return True

    def progress(self, request: int, value: Any) -> None:
        """Send a progressive result."""
        self._inner.send(message.Yield(request, args=[value], progress=True))

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None:
        """Send the result."""
        if self.calls.pop(request, None) is not None:
            self._inner.send(message.Yield(request, args=args, kwargs=kwargs))

    def fail(self, request: int, error: TaskbahnError) -> None:
        """Send an error."""
        if self.calls.pop(request, None) is not None:
            # as one keyword, for Autobahn's errors use some names themselves
            kwargs = {"detail": error.detail} if error.detail else None
            self._inner.send(
                message.Error(message.Invocation.MESSAGE_TYPE, request, error.uri, args=[error.message], kwargs=kwargs)
            )

    def _invoked(self, msg: Any) -> None:
        call = PendingCall(
            self,
            msg.request,
            msg.procedure or self.uris[msg.registration],
            list(msg.args or ()),
            msg.kwargs or {},
            caller=msg.caller,
            authid=msg.caller_authid,
            role=msg.caller_authrole,
            wants_progress=bool(msg.receive_progress),
        )
        self.calls[msg.request] = call
        self.handlers[msg.registration](call)

    def _interrupted(self, msg: Any) -> None:
        """Handle an interrupt. With KILL the cancelling caller waits for an answer; with KILLNOWAIT the caller may also be gone."""
        call = self.calls.get(msg.request)
        if call is None:
            return
        call.open = False
        del self.calls[msg.request]
        if msg.mode == message.Interrupt.KILL:
            call.gone(cancelled=True)
        else:
            self.on_ambiguous_end(call)
        # Crossbar keeps its entry until the answer. The answer goes later, for Crossbar is not ready for it yet.
        error = message.Error(message.Invocation.MESSAGE_TYPE, msg.request, CANCELLED, args=["cancelled by the caller"])
        self.later(lambda: self._inner.send(error))
