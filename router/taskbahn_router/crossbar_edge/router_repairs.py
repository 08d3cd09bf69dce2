"""What Crossbar's router lacks, between it and the sessions: `docs/guarantees.md` and `docs/protocol.md` promise it.

- An offer that no client could call, and a second one of the same name, is refused with a sentence that says what to do.
- A connection that is just closing does not keep an event from the subscribers after it.
- A result that the caller's serializer cannot carry is answered all the same; Crossbar's dealer never answers, and keeps the call.
- A caller that leaves takes its cancelled calls with it. The dealer keeps these, and raises when their answer or timeout comes.

`TASKBAHN_ROUTER_REPAIRS=0` leaves the router as it is, and so does another version or shape of Crossbar (`misfit`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from autobahn.exception import Disconnected
from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError, SerializationError, TransportLost
from twisted.logger import Logger

from taskbahn.access_errors import NotAllowed
from taskbahn.errors import ResultNotSerialisable
from taskbahn.workarounds import first, missing, other_arguments, other_version
from taskbahn_router.crossbar_edge.unsendable import OWN_PREFIX, UNSENDABLE, with_long_integers_as_text
from taskbahn_router.workers.offer_uris import problem_of, taken
from taskbahn_router.workers.own_offers import not_offered

LOST = (TransportLost, Disconnected)


def misfit(router: Any) -> str:
    """Say what of Crossbar's router is not as it is expected here, or nothing."""
    dealer = router._dealer  # noqa: SLF001 - Crossbar has no public way to it
    return first(
        other_version("crossbar"),
        missing(router, "authorize"),
        missing(dealer, "_caller_to_invocations", "_invocations_by_call"),
        other_methods(router),
        other_arguments(type(dealer)._remove_invoke_request, "self", "invocation_request"),  # noqa: SLF001
    )


def other_methods(router: Any) -> str:
    """Say which method through which sessions and router meet takes other arguments, or nothing."""
    kind = type(router)
    return first(
        other_arguments(kind.attach, "self", "session"),
        other_arguments(kind.process, "self", "session", "msg"),
        other_arguments(kind.send, "self", "session", "msg"),
        other_arguments(kind.detach, "self", "session"),
    )


class RouterRepairs:
    """Repairs in front of a realm's router; everything that needs no repair goes through unchanged.

    own: the dispatcher's session.
    """

    log = Logger("taskbahn.router_repairs")

    def __init__(self, router: Any, own: Any) -> None:
        self._router = router
        self._own = own
        self._process = router.process
        self._send = router.send
        self._detach = router.detach
        router.process = self.process
        router.send = self.send
        router.detach = self.detach

    def process(self, session: Any, msg: Any) -> None:
        """Refuse an offer that no client could call, or of a task that the session's role does not have; pass on all else."""
        is_offer = type(msg) is message.Register
        problem = problem_of(msg.procedure, msg.match or "exact") if is_offer else ""
        if problem:
            self._refuse_offer(session, msg, problem)
        elif is_offer and (lacks := not_offered(session._authrole, msg.procedure, msg.match or "exact")):  # noqa: SLF001 - see `misfit`
            self._refuse(session, msg.request, NotAllowed.uri, lacks)
        else:
            self._process(session, msg)

    def send(self, session: Any, msg: Any) -> None:
        """Send to a session. A connection that is just closing is no error: Crossbar would not reach the subscribers after it."""
        if type(msg) is message.Error and msg.error == ApplicationError.PROCEDURE_ALREADY_EXISTS:
            sentence = taken(msg.correlation_uri or "")
            if sentence:
                self._refuse(session, msg.request, msg.error, sentence)
                return
        with suppress(*LOST):
            try:
                self._send(session, msg)
            except SerializationError as error:
                if not self._send_otherwise(session, msg, error):
                    raise

    def detach(self, session: Any = None) -> Any:
        """Have the dealer forget what a leaving session has cancelled."""
        if session is not None:
            self._forget_cancelled(session)
        return self._detach(session)

    def _send_otherwise(self, session: Any, msg: Any, error: Exception) -> bool:
        """Send a result of the dispatcher's as what the caller's serializer can carry; False: it is none of the dispatcher's."""
        calls = self._router._dealer._invocations_by_call  # noqa: SLF001
        asked = calls.get((session._session_id, msg.request)) if type(msg) is message.Result else None  # noqa: SLF001
        if asked is None or asked.callee is not self._own:
            return False
        given = [msg.args, msg.kwargs]
        shown = with_long_integers_as_text(given)
        if shown != given and (msg.progress or asked.call.procedure.startswith(OWN_PREFIX)):
            self._send(session, message.Result(msg.request, args=shown[0], kwargs=shown[1], progress=msg.progress))
        elif msg.progress:  # an error would end the call
            self.log.warn("a progressive result could not be sent: {error}", error=error)
        else:
            sentence = UNSENDABLE.format(error=error)
            self._send(session, message.Error(message.Call.MESSAGE_TYPE, msg.request, ResultNotSerialisable.uri, [sentence]))
        return True

    def _refuse_offer(self, session: Any, msg: Any, problem: str) -> None:
        """Refuse an offer that no client could call; a session that may not offer at all hears that from the dealer."""

        def decided(authorization: Any) -> None:
            if authorization["allow"]:
                self._refuse(session, msg.request, ApplicationError.INVALID_URI, problem)
            else:
                self._process(session, msg)

        asked = self._router.authorize(session, msg.procedure, "register", options=msg.marshal_options())
        asked.addCallbacks(decided, lambda _: self._process(session, msg))

    def _refuse(self, session: Any, request: int, uri: str, sentence: str) -> None:
        """Answer a registration with an error that says what to do instead."""
        with suppress(*LOST):
            self._send(session, message.Error(message.Register.MESSAGE_TYPE, request, uri, [sentence]))

    def _forget_cancelled(self, session: Any) -> None:
        """Drop a caller's calls that it cancelled and that are not answered yet (found with 26.10.1)."""
        dealer = self._router._dealer  # noqa: SLF001
        for asked in list(dealer._caller_to_invocations.get(session, ())):  # noqa: SLF001
            if asked.canceled:
                dealer._remove_invoke_request(asked)  # noqa: SLF001
