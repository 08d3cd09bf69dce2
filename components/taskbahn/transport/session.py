"""The WAMP session of one connection: Autobahn's, with short ways for the messages of which a job is made.

`raw_messages` says why. What is not common is left to Autobahn: errors, logging in, registrations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from autobahn.twisted.wamp import ApplicationSession
from autobahn.wamp import message
from autobahn.wamp.exception import TransportLost
from autobahn.wamp.request import CallRequest
from autobahn.wamp.types import CallOptions, CallResult, ComponentConfig
from twisted.internet.defer import CancelledError, Deferred

from taskbahn.transport import flush, raw_messages, sockets
from taskbahn.transport.login import refusal
from taskbahn.transport.raw_messages import CALL, RESULT, YIELD, arguments, has_only, is_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.logger import Logger

    from taskbahn.transport.login import Login

Sent = TypeVar("Sent")


class SessionOwner(Protocol):
    """What a session tells of itself, and to whom: the `Connection` that made it."""

    realm: str
    log: Logger

    @property
    def login(self) -> Login | None:
        """How it logs in; None: it does not."""

    def joined(self, session: Session) -> None:
        """Take note: the session joined the realm."""

    def lost(self, session: Session, reason: str) -> None:
        """Take note: the connection of the session is gone."""


class CannotLogIn(Exception):
    """There is no answer to the challenge of the router, which learns no more."""

    def __init__(self) -> None:
        super().__init__("this client cannot log in")


class Session(ApplicationSession):
    """The WAMP session of one connection; it tells its owner when it joined and when it is lost."""

    def __init__(self, owner: SessionOwner) -> None:
        super().__init__(ComponentConfig(owner.realm))
        self.owner = owner
        self.reason = ""
        self.refusal: str | None = None  # why it may not log in, or cannot, and what helps
        self._has_joined = False

    def onConnect(self) -> None:
        socket = getattr(getattr(self._transport, "transport", None), "socket", None)
        if socket is not None:
            sockets.set_up(socket)
        raw_messages.attach(self._transport, self._take)
        login = self.owner.login
        if login is None:
            self.join(self.config.realm)
        else:
            hello = login.hello()
            self.join(self.config.realm, hello.methods, hello.authid, authextra=hello.extra)

    def onChallenge(self, challenge: Any) -> str:
        if self.owner.login is None:
            raise ValueError(f"{challenge.method} is no login that this program knows")
        try:
            return self.owner.login.answer(challenge.method, challenge.extra or {})
        except Exception as error:  # noqa: BLE001 - Autobahn would log each with a traceback, and say to the router what it is
            self.refusal = str(error)
            raise CannotLogIn from None

    def onJoin(self, details: Any) -> None:
        self._has_joined = True
        self.owner.joined(self)

    def onLeave(self, details: Any) -> None:
        if not self._has_joined and self.refusal is None:
            self.refusal = refusal(str(details.reason), self.owner.login, details.message)
        if not self.reason:  # unless `cut` has given a reason
            self.reason = f"{details.reason}: {details.message}" if details.message else str(details.reason)
        self.disconnect()

    def onDisconnect(self) -> None:
        self.owner.lost(self, self.reason or "the connection was closed")
        super().onDisconnect()  # fails the calls without an answer, so that no caller waits for ever

    def at_once(self, send: Callable[..., Sent], /, *args: Any, **kwargs: Any) -> Sent:
        """Call something that sends, and give the socket at once what that is (`flush`)."""
        return flush.send_at_once(getattr(self._transport, "transport", None), send, *args, **kwargs)

    def report(self, value: Any) -> None:
        """Send a progressive result of the only call that is open to this session; nothing if the caller has ended it."""
        request = next(iter(self._invocations), None)
        if request is not None:
            raw_messages.say(self._transport, [YIELD, request, {"progress": True}, [value]])

    def ask(
        self, procedure: str, args: list[Any], kwargs: dict[str, Any], on_progress: Callable[..., None] | None = None
    ) -> Deferred[Any]:
        """Call a procedure, as `call` does.  Raises TransportLost, and SerializationError and PayloadExceededError for the arguments."""
        if self._transport is None:
            raise TransportLost
        request: int = self._request_id_gen.next()

        def cancel(_: Deferred[Any]) -> None:
            if self._transport is not None:
                self._transport.send(message.Cancel(request))

        answer: Deferred[Any] = Deferred(cancel)
        self._call_reqs[request] = CallRequest(request, procedure, answer, CallOptions(on_progress=on_progress))
        try:
            details = {"receive_progress": True} if on_progress else {}
            raw_messages.say(self._transport, [CALL, request, details, procedure, args, kwargs])
        except BaseException:
            self._call_reqs.pop(request, None)  # absent if sending has lost the connection
            raise
        return answer

    def _take(self, raw: list[Any]) -> bool:
        """Take the results of open calls: they are most of what comes."""
        if raw[0] != RESULT or not is_id(raw[1]):
            return False
        asked = self._call_reqs.get(raw[1])
        is_progress = has_only(raw[2], "progress")
        given = arguments(raw, 3)
        if asked is None or is_progress is None or given is None or not asked.options or asked.options.details:
            return False
        if not is_progress:
            del self._call_reqs[raw[1]]
            if not asked.on_reply.called:
                asked.on_reply.callback(_value(*given))
        elif asked.options.on_progress is None:
            return False
        else:
            try:
                asked.options.on_progress(*given[0], **given[1])
            except Exception:  # noqa: BLE001 - it must not end the connection
                self.owner.log.failure("a progressive result of {procedure} was not understood", procedure=asked.procedure)
        return True

    def cut(self) -> None:
        """Abort the connection under the session."""
        transport = getattr(self._transport, "transport", None)
        if transport is not None:
            transport.abortConnection()

    def onUserError(self, fail: Any, msg: str) -> None:
        if fail.check(CancelledError, CannotLogIn):  # a call to this session that ended with it; a login that `refusal` describes
            return
        self.owner.log.failure("{msg}", fail, msg=msg)


def _value(args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Return the result of a call as Autobahn does."""
    if kwargs or len(args) > 1:
        return CallResult(*args, **kwargs)
    return args[0] if args else None
