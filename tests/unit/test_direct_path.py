"""What the short way through Crossbar takes, what it leaves to Crossbar, and where the answers go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgpack
import pytest
from autobahn.exception import Disconnected, PayloadExceededError
from autobahn.wamp import message
from autobahn.wamp.exception import SerializationError, TransportLost
from autobahn.wamp.serializer import JsonSerializer
from support.switches import switch_on
from twisted.internet.defer import succeed
from twisted.logger import globalLogPublisher

from taskbahn.errors import UnknownTask
from taskbahn.transport.raw_messages import CALL, ERROR, RESULT, YIELD
from taskbahn.workarounds import RAW_MESSAGES
from taskbahn_router.crossbar_edge import direct_path
from taskbahn_router.crossbar_edge.direct_path import DirectPath
from taskbahn_router.crossbar_edge.router_repairs import RouterRepairs
from taskbahn_router.model.pending_call import PendingCall

TASK = "a.task"


class Transport:
    """A connection; `refuses` is raised by what would send."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self._serializer: Any = None
        self.refuses: Exception | None = None

    def send(self, msg: Any) -> None:
        if self.refuses is not None:
            error, self.refuses = self.refuses, None
            raise error
        self.sent.append(msg)


class Session:
    """A session at the router, as Crossbar has it."""

    def __init__(self, role: str = "anonymous") -> None:
        self._session_id: int | None = 7
        self._authid = "ada"
        self._authrole = role
        self._transport = Transport()

    @property
    def sent(self) -> list[Any]:
        return [getattr(msg, "raw", msg) for msg in self._transport.sent]


class Router:
    """Crossbar's router, noting what reaches it."""

    def __init__(self) -> None:
        self.is_traced = False
        self._trace_traffic = False
        self._roles = {"anonymous": "free", "guest": "bound"}
        self.removed: list[Any] = []
        self._dealer = SimpleNamespace(_invocations={}, _caller_to_invocations={}, _remove_invoke_request=self.removed.append)
        self.processed: list[Any] = []
        self.attached: list[Any] = []
        self.detached: list[Any] = []

    def attach(self, session: Any) -> str:
        self.attached.append(session)
        return "attached"

    def authorize(self, session: Any, _uri: str, _action: str, options: Any) -> Any:
        return succeed({"allow": session._authrole == "anonymous"})

    def process(self, session: Any, msg: Any) -> None:
        self.processed.append(msg)

    def send(self, session: Any, msg: Any) -> None:
        session._transport.send(msg)

    def detach(self, session: Any = None) -> str:
        self.detached.append(session)
        return "detached"


class Way:
    """A direct path before a router; `calls` are those that came to the task."""

    def __init__(self) -> None:
        self.router = Router()
        self.own = Session("trusted")
        self.reports: list[Any] = []
        self.later: list[Any] = []
        self.calls: list[PendingCall] = []
        RouterRepairs(self.router, self.own)
        self.direct_path = DirectPath(self.router, self.own, self._report, self.later.append)
        self.direct_path.handlers[TASK] = self.calls.append

    def _report(self, *report: Any) -> bool:
        self.reports.append(report)
        return True

    def call(self, session: Session, request: int = 1, kwargs: dict[str, Any] | None = None, **options: Any) -> PendingCall:
        before = len(self.calls)
        assert self.direct_path.take(session, [CALL, request, options, TASK, [1], *([kwargs] if kwargs else [])])
        assert len(self.calls) == before + 1
        return self.calls[-1]

    def turn(self) -> None:
        while self.later:
            self.later.pop(0)()


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Way:
    switch_on(monkeypatch, RAW_MESSAGES)
    monkeypatch.setattr(direct_path, "_is_free", lambda role, _session, _procedure: role == "free")
    return Way()


def test_a_call_reaches_its_handler_and_answers_reach_the_caller(way: Way) -> None:
    session = Session()
    call = way.call(session, 5, kwargs={"width": 64}, receive_progress=True)
    assert (call.procedure, call.args, call.kwargs) == (TASK, [1], {"width": 64})
    assert (call.caller, call.authid, call.wants_progress) == (7, "ada", True)
    call.progress({"half": True})
    call.answer(42, more=1)
    call.answer(43)
    call.progress("too late")
    assert session.sent == [[RESULT, 5, {"progress": True}, [{"half": True}]], [RESULT, 5, {}, [42], {"more": 1}]]

    way.call(session, 6).fail(UnknownTask("an.other", []))
    kind, of, request, details, uri, args, kwargs = session.sent[-1]
    assert (kind, of, request, details, uri) == (ERROR, CALL, 6, {}, UnknownTask.uri)
    assert len(args) == 1
    assert kwargs["detail"]["task"] == "an.other"
    assert way.router.processed == []


def test_a_call_need_not_have_arguments_and_neither_must_its_answer(way: Way) -> None:
    session = Session()
    assert way.direct_path.take(session, [CALL, 1, {}, TASK])
    call = way.calls[-1]
    assert (call.args, call.kwargs, call.wants_progress) == ([], {}, False)
    call.answer()
    assert session.sent == [[RESULT, 1, {}]]


@pytest.mark.parametrize(
    "raw",
    [
        [CALL, 1, {}],
        [CALL, 1, {}, "another.procedure"],
        [CALL, 1, {}, ["a.task"]],
        [CALL, "1", {}, TASK],
        [CALL, True, {}, TASK],
        [CALL, -1, {}, TASK],
        [CALL, 2**53 + 1, {}, TASK],
        [CALL, 1, [], TASK],
        [CALL, 1, {"timeout": 5}, TASK],
        [CALL, 1, {"receive_progress": 1}, TASK],
        [CALL, 1, {"receive_progress": True, "timeout": 5}, TASK],
        [CALL, 1, {}, TASK, "opaque"],
        [CALL, 1, {}, TASK, None],
        [CALL, 1, {}, TASK, [], []],
        [CALL, 1, {}, TASK, [], {}, "more"],
        [YIELD, 1, {}, [1]],
        [YIELD, 1, {"progress": True}, [1]],
        [[], 1, {}],
        [message.Cancel.MESSAGE_TYPE, 1, {}],
        [message.Subscribe.MESSAGE_TYPE, 1, {}, "a.topic"],
    ],
    ids=repr,
)
def test_what_is_uncommon_or_wrong_or_of_others_goes_the_ordinary_way(way: Way, raw: Any) -> None:
    assert not way.direct_path.take(Session(), raw)
    assert way.calls == []


def test_traced_forbidden_and_late_messages_go_through_the_dealer_too(way: Way) -> None:
    raw = [CALL, 1, {}, TASK]
    left = Session()
    left._session_id = None
    for session in (Session("guest"), Session("gone"), left):
        assert not way.direct_path.take(session, raw)
    for attribute in ("is_traced", "_trace_traffic"):
        setattr(way.router, attribute, True)
        assert not way.direct_path.take(Session(), raw)
        setattr(way.router, attribute, False)
    assert way.calls == []
    assert way.direct_path.take(Session(), raw)


def test_other_messages_are_passed_on(way: Way) -> None:
    for msg in (message.Cancel(1), message.Call(1, TASK), message.Subscribe(1, "a.topic")):
        way.router.process(Session(), msg)
        assert way.router.processed[-1] is msg
    assert way.calls == []


def test_a_joined_session_is_read_before_autobahn_makes_objects(way: Way) -> None:
    session = Session()
    session._transport._serializer = serializer = JsonSerializer()
    assert way.router.attach(session) == "attached"
    assert way.router.attached == [session]
    assert [*serializer.unserialize(b'[48,1,{},"a.task",["x"]]', False)] == []
    assert way.calls[-1].args == ["x"]
    other: Any
    (other,) = serializer.unserialize(b'[48,1,{},"b.task",["x"]]', False)
    assert (type(other), other.procedure) == (message.Call, "b.task")


@pytest.mark.parametrize("mode", [None, message.Cancel.KILL, message.Cancel.KILLNOWAIT, message.Cancel.SKIP])
def test_a_caller_that_cancels_is_answered_at_once(way: Way, mode: str | None) -> None:
    session = Session()
    told: list[bool] = []
    call = way.call(session, 9)
    call.on_gone = told.append
    way.router.process(session, message.Cancel(9, mode))
    assert told == [mode != message.Cancel.SKIP]
    call.answer("too late")
    assert session.sent == [[ERROR, CALL, 9, {}, "wamp.error.canceled", ["cancelled by the caller"]]]
    way.router.process(session, message.Cancel(9, mode))  # twice: Crossbar drops it
    assert len(way.router.processed) == len(session.sent) == 1


def test_a_caller_that_has_left_is_sent_nothing_more(way: Way) -> None:
    session, other = Session(), Session()
    told: list[bool] = []
    call, kept = way.call(session), way.call(other)
    call.on_gone = told.append
    assert way.router.detach(session) == "detached"
    assert (way.router.detached, told) == ([session], [])
    way.turn()
    assert told == [False]
    call.answer(1)
    assert session.sent == []

    again = way.call(session)  # a session may come back on the same connection
    again.answer(2)
    kept.answer(3)
    assert [session.sent[0][3], other.sent[0][3]] == [[2], [3]]


def test_what_a_leaving_session_cancelled_is_taken_out_of_the_dealers_books(way: Way) -> None:
    session = Session()
    cancelled, open_ = SimpleNamespace(canceled=True), SimpleNamespace(canceled=False)
    way.router._dealer._caller_to_invocations = {session: [open_, cancelled], Session(): [cancelled]}
    way.router.detach(session)
    assert way.router.removed == [cancelled]
    assert way.router.detached == [session]


def test_when_all_sessions_leave_all_calls_are_over(way: Way) -> None:
    told: list[bool] = []
    for session in (Session(), Session()):
        way.call(session).on_gone = told.append
    way.router.detach()
    way.turn()
    assert told == [False, False]
    assert way.router.detached == [None]


def test_an_answer_that_cannot_be_sent_harms_no_other_call(way: Way) -> None:
    session = Session()
    logged: Any = []
    globalLogPublisher.addObserver(logged.append)
    try:
        for error in (PayloadExceededError("2 bytes"), TransportLost(), ValueError("no such type")):
            session._transport.refuses = error
            way.call(session).answer(b"large")
    finally:
        globalLogPublisher.removeObserver(logged.append)
    ((_, _, _, _, uri, (sentence,)),) = session.sent
    assert uri == "wamp.error.invalid_argument"
    assert "2 bytes" in sentence
    assert ["could not be sent" in event["log_format"] for event in logged] == [True]


def test_an_event_to_a_closing_connection_does_not_stop_the_next(way: Way) -> None:
    closing, other = Session(), Session()
    event = message.Event(1, 2)
    for error in (Disconnected("closed"), TransportLost()):
        closing._transport.refuses = error
        for session in (closing, other):
            way.router.send(session, event)
    assert (closing.sent, other.sent) == ([], [event, event])
    closing._transport.refuses = PayloadExceededError("2 bytes")
    with pytest.raises(PayloadExceededError):  # which Crossbar answers
        way.router.send(closing, event)


def test_reports_are_taken_only_of_a_call_of_the_router(way: Way) -> None:
    session = Session()
    invocations = way.router._dealer._invocations
    invocations[3] = SimpleNamespace(caller=way.own, callee=session, canceled=False, call=message.Call(11, "taskbahn.reports.x"))
    report = [YIELD, 3, {"progress": True}, [{"done": []}]]
    take = way.direct_path.take
    assert take(session, report)
    assert way.reports == [(11, [{"done": []}], {})]

    assert not take(session, [YIELD, 3, {"progress": True}, b"?"])
    assert not take(session, [YIELD, 3, {"progress": 1}, []])
    assert not take(session, [YIELD, 3, {}, [{"done": []}]])
    assert not take(Session(), report)  # another one's
    invocations[3].canceled = True
    assert not take(session, report)
    assert len(way.reports) == 1


def test_a_second_session_on_a_plain_offer_is_shown_the_way(way: Way) -> None:
    session = Session()
    for uri in ("taskbahn.offer.a.task", "some.procedure"):
        reply = message.Error(message.Register.MESSAGE_TYPE, 3, "wamp.error.procedure_already_exists", ["Crossbar's words"])
        reply.correlation_uri = uri
        way.router.send(session, reply)
    ours, theirs = session.sent
    assert (ours.request_type, ours.request, ours.error) == (message.Register.MESSAGE_TYPE, 3, theirs.error)
    assert "register taskbahn.offer_as.<name>.a.task" in ours.args[0]
    assert theirs.args == ["Crossbar's words"]


def test_an_offer_with_an_odd_name_is_refused_before_it_is_registered(way: Way) -> None:
    session = Session()
    good = message.Register(1, "taskbahn.offer_as.tab-1.a.task")
    for msg in (
        good,
        message.Register(2, "taskbahn.offer_as.tab 1.a.task"),
        message.Register(3, "taskbahn.offer.", match="prefix"),
    ):
        way.router.process(session, msg)
    assert way.router.processed == [good]
    assert [(error.request, error.error) for error in session.sent] == [
        (2, "wamp.error.invalid_uri"),
        (3, "wamp.error.invalid_uri"),
    ]
    assert "'tab 1' is no name of a worker" in session.sent[0].args[0]
    guest, odd = Session("guest"), message.Register(4, "taskbahn.offer.UPPER")
    way.router.process(guest, odd)  # the dealer says that it may not offer at all
    assert (guest.sent, way.router.processed) == ([], [good, odd])


class Packing(Transport):
    """A connection that packs what it sends as MessagePack, which ends at 64 bits."""

    def send(self, msg: Any) -> None:
        try:
            msgpack.packb(msg.raw)
        except Exception as error:
            raise SerializationError(str(error)) from error
        super().send(msg)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 2**70])
def test_an_unsendable_integer_is_shown_as_text_but_fails_a_result(way: Way, number: int) -> None:
    session = Session()
    session._transport = Packing()
    call = way.call(session, 5, receive_progress=True)
    call.progress({"events": [{"data": [number, 2**64 - 1]}]})
    call.answer(number)
    shown, refused = session.sent
    assert shown == [RESULT, 5, {"progress": True}, [{"events": [{"data": [str(number), 2**64 - 1]}]}]]
    assert refused[:3] == [ERROR, CALL, 5]
    assert refused[4] == "taskbahn.error.result_not_serialisable"
    assert "connect with JSON, or take the result" in refused[5][0]
