"""The session of a connection: what it sends at once, and progressive results on their short way."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from autobahn.exception import PayloadExceededError
from autobahn.wamp import message
from autobahn.wamp.exception import TransportLost
from autobahn.wamp.request import CallRequest
from autobahn.wamp.types import CallOptions, CallResult
from support.switches import switch_on
from twisted.internet import tcp
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Protocol

from taskbahn.protocol import messages
from taskbahn.transport.raw_messages import CALL, RESULT, YIELD
from taskbahn.transport.session import Session
from taskbahn.workarounds import FLUSH, RAW_MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = 16 * 1024 * 1024  # bytes; more than a socket takes at a time


class Socket(NamedTuple):
    """A connection of Twisted's, the other end of its socket, and what its reactor was asked to write."""

    connection: Any
    peer: socket.socket
    writers: set[Any]


@pytest.fixture(autouse=True)
def _switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    switch_on(monkeypatch, FLUSH, RAW_MESSAGES)


@pytest.fixture
def ends() -> Iterator[Socket]:
    writers: set[Any] = set()
    reactor = SimpleNamespace(addWriter=writers.add, removeWriter=writers.discard, removeReader=lambda _: None)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(10)
    connection: Any = tcp.Connection(ours, cast("Any", Protocol()), cast("Any", reactor))
    connection.connected = True
    yield Socket(connection, theirs, writers)
    ours.close()
    theirs.close()


def session_over(transport: Any) -> Session:
    session = Session(SimpleNamespace(realm=messages.REALM, log=SimpleNamespace(failure=lambda *_, **__: None)))
    session._transport = cast("Any", SimpleNamespace(transport=transport))
    return session


def test_what_is_sent_at_once_reaches_the_peer_without_the_reactor(
    ends: Socket,
) -> None:
    connection, peer, writers = ends
    session = session_over(connection)

    def send(data: bytes) -> str:
        connection.write(data)
        assert not writers
        return "sent"

    assert session.at_once(send, b"hello") == "sent"
    assert peer.recv(100) == b"hello"
    assert not writers
    connection.write(b"later")  # the ordinary way is as it was
    assert writers == {connection}


def test_what_the_socket_does_not_take_is_left_to_the_reactor(ends: Socket) -> None:
    connection, peer, writers = ends
    session_over(connection).at_once(connection.write, bytes(LARGE))
    assert writers == {connection}
    got = 0
    while got < LARGE:
        got += len(peer.recv(1024 * 1024))
        connection.doWrite()
    assert not writers


def test_an_error_in_between_loses_nothing_that_was_sent(
    ends: Socket,
) -> None:
    connection, peer, writers = ends
    session = session_over(connection)

    def fail() -> None:
        connection.write(b"half")
        raise ValueError("and no more")

    with pytest.raises(ValueError, match="no more"):
        session.at_once(fail)
    assert peer.recv(100) == b"half"
    peer.close()
    session.at_once(connection.write, b"into the void")
    assert writers == {connection}  # the reactor finds out, and ends the connection as ever
    connection.connected = False
    session.at_once(connection.write, b"?")
    assert session_over(None).at_once(lambda: 7) == 7


def test_progressive_results_reach_who_asked_and_what_that_raises_ends_nothing() -> None:
    got: list[Any] = []
    logged: list[Any] = []
    session = session_over(None)
    session._session_id = 1
    session.owner.log = SimpleNamespace(failure=lambda *_, **more: logged.append(more))  # type: ignore[assignment]

    def heard(*args: Any, **kwargs: Any) -> None:
        got.append((args, kwargs))
        if not args:
            raise ValueError("nothing")

    answer: Deferred[Any] = Deferred()
    session._call_reqs[3] = CallRequest(3, "some.procedure", answer, CallOptions(on_progress=heard))
    take = session._take
    assert take([RESULT, 3, {"progress": True}, [1, 2], {"b": 3}])
    assert take([RESULT, 3, {"progress": True}])
    assert got == [((1, 2), {"b": 3}), ((), {})]
    assert logged == [{"procedure": "some.procedure"}]
    assert take([RESULT, 3, {}, ["done"]])
    assert answer.result == "done"
    assert not take([RESULT, 3, {}, ["done"]])  # the call has its answer already


def session_that_says(sent: list[Any]) -> Session:
    session = session_over(None)
    session._session_id = 1
    cast("Any", session._transport).send = lambda msg: sent.append(getattr(msg, "raw", msg))
    return session


@pytest.mark.parametrize(
    "given, value",
    [
        ([], None),
        ([[]], None),
        ([["done"]], "done"),
        ([[], {}], None),
        ([[1, 2]], ((1, 2), {})),
        ([[1], {"a": 2}], ((1,), {"a": 2})),
        ([[], {"a": 2}], ((), {"a": 2})),
    ],
    ids=repr,
)
def test_a_call_is_answered_with_what_autobahn_would_make_of_the_result(given: list[Any], value: Any) -> None:
    sent: list[Any] = []
    session = session_that_says(sent)
    answer = session.ask("a.procedure", [1], {"b": 2})
    assert sent == [[CALL, 1, {}, "a.procedure", [1], {"b": 2}]]
    by_autobahn = session_that_says([])
    theirs = by_autobahn.call("a.procedure", 1, b=2)

    assert session._take([RESULT, 1, {}, *given])
    by_autobahn.onMessage(cast("Any", message.Result.parse([RESULT, 1, {}, *given])))
    found, expected = (
        (each.result.results, each.result.kwresults) if isinstance(each.result, CallResult) else each.result
        for each in (answer, theirs)
    )
    assert found == expected == value


def test_a_call_with_progress_a_cancelled_one_and_one_that_is_refused() -> None:
    sent: list[Any] = []
    got: list[Any] = []
    session = session_that_says(sent)
    with_progress = session.ask("a.procedure", [], {}, got.append)
    assert sent == [[CALL, 1, {"receive_progress": True}, "a.procedure", [], {}]]
    assert session._take([RESULT, 1, {"progress": True}, ["half"]])
    assert got == ["half"]

    with_progress.addErrback(lambda failure: got.append(failure.type))
    with_progress.cancel()
    assert (type(sent[-1]), sent[-1].request) == (message.Cancel, 1)
    assert session._take([RESULT, 1, {}, ["after all"]])  # it crossed the cancelling
    assert got == ["half", CancelledError]

    refused: Any = session.ask("another.procedure", [], {})
    refused.addErrback(lambda failure: got.append(failure.value.error))
    session.onMessage(cast("Any", message.Error(CALL, 2, "some.error", args=["no"])))
    assert got[-1] == "some.error"
    assert not session._call_reqs


def test_a_call_that_cannot_leave_leaves_nothing_behind() -> None:
    session = session_over(None)

    def refuse(_: Any) -> None:
        raise PayloadExceededError("2 bytes")

    cast("Any", session._transport).send = refuse
    with pytest.raises(PayloadExceededError):
        session.ask("a.procedure", ["large"], {})
    session._transport = None
    with pytest.raises(TransportLost):
        session.ask("a.procedure", [], {})
    assert not session._call_reqs


@pytest.mark.parametrize("options", [None, CallOptions()])
def test_progressive_results_that_were_not_asked_for_are_autobahns_business(options: CallOptions | None) -> None:
    session = session_over(None)
    session._call_reqs[3] = CallRequest(3, "some.procedure", Deferred(), options)
    for request in (3, 4, "3"):
        assert not session._take([RESULT, request, {"progress": True}, [1]])
    assert not session._take([RESULT, 3, {"progress": True}, b"opaque"])
    session._call_reqs[3] = CallRequest(3, "some.procedure", Deferred(), CallOptions(details=True))
    assert not session._take([RESULT, 3, {}, [1]])


def test_a_report_answers_the_only_call_that_is_open() -> None:
    sent: list[Any] = []
    session = session_that_says(sent)
    session.report({"to": "no call"})
    session._invocations[8] = cast("Any", None)
    session.report({"done": []})
    assert sent == [[YIELD, 8, {"progress": True}, [{"done": []}]]]
