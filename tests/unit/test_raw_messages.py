"""Messages as lists: who sees them first, what is left for Autobahn, and how they leave."""

from __future__ import annotations

from typing import Any

import pytest
from autobahn.exception import Disconnected
from autobahn.twisted.websocket import WampWebSocketClientProtocol
from autobahn.wamp import message
from autobahn.wamp.exception import ProtocolError, SerializationError, TransportLost
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from twisted.logger import globalLogPublisher

from taskbahn.transport import raw_messages
from taskbahn.transport.raw_messages import CALL, RESULT, YIELD, Raw, arguments, has_only, is_id, result

SERIALIZERS = [JsonSerializer, MsgPackSerializer, CBORSerializer]


class Transport:
    """A connection, as far as its serializer."""

    def __init__(self, serializer: Any) -> None:
        self._serializer = serializer
        self.sent: list[Any] = []

    def send(self, msg: Any) -> None:
        self.sent.append(msg)


@pytest.mark.parametrize("kind", SERIALIZERS)
def test_what_is_taken_autobahn_does_not_get_and_all_else_it_gets(kind: Any) -> None:
    serializer, other = kind(), kind()
    seen: list[Any] = []

    def take(raw: list[Any]) -> bool:
        seen.append(raw)
        return bool(raw[0] == CALL)

    for _ in range(2):  # as when a session joins again
        raw_messages.hear_first(Transport(serializer), take)
    call, _ = other.serialize(message.Call(1, "a.task", args=["é", 1.5]))
    binary = kind is not JsonSerializer
    assert [*serializer.unserialize(call, binary)] == []
    (event,) = serializer.unserialize(other.serialize(message.Event(1, 2, args=[3]))[0], binary)
    assert (type(event), event.args) == (message.Event, [3])
    assert seen == [[CALL, 1, {}, "a.task", ["é", 1.5]], [message.Event.MESSAGE_TYPE, 1, 2, {}, [3]]]
    assert serializer.serialize(message.Call(1, "a.task", args=["é", 1.5]))[0] == call  # sending is as before


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"[48]", b"[48,1]", b'["48",1,{}]', b"[99,1,{}]", b"\xff", b"[48,1,{}"])
def test_what_is_no_message_is_for_autobahn_to_refuse(payload: bytes) -> None:
    serializer = JsonSerializer()
    raw_messages.hear_first(Transport(serializer), lambda raw: raw[0] == CALL)
    with pytest.raises((ProtocolError, AssertionError)):
        serializer.unserialize(payload, False)
    with pytest.raises(ProtocolError):
        serializer.unserialize(b'[48,1,{},"a.task"]', True)  # text, said to be binary


def test_an_error_of_who_takes_messages_is_logged_and_harms_no_connection() -> None:
    serializer = JsonSerializer()
    logged: Any = []

    def take(_: list[Any]) -> bool:
        raise KeyError("ours")

    raw_messages.hear_first(Transport(serializer), take)
    globalLogPublisher.addObserver(logged.append)
    try:
        assert [*serializer.unserialize(b'[48,1,{},"a.task"]', False)] == []
    finally:
        globalLogPublisher.removeObserver(logged.append)
    assert ["was not understood" in event["log_format"] for event in logged] == [True]


def test_batches_and_transports_inside_a_process_are_left_alone() -> None:
    batched = JsonSerializer(batched=True)
    for transport in (Transport(batched), Transport(None), object(), None):
        raw_messages.hear_first(transport, lambda _: True)
        raw_messages.quieten(transport)
    assert "unserialize" not in vars(batched)


class WebSocket(WampWebSocketClientProtocol):
    """A WebSocket transport that keeps what would leave."""

    def __init__(self) -> None:
        self._session: Any = self
        self._serializer: Any = JsonSerializer()
        self.sent: list[Any] = []

    def sendMessage(self, *args: Any) -> None:  # noqa: N802 - Autobahn's name
        self.sent.append(args)


def test_a_websocket_sends_the_same_without_a_word_for_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    loud: Any = WebSocket()
    quiet: Any = WebSocket()
    raw_messages.quieten(quiet)
    for transport in (loud, quiet):
        monkeypatch.setattr(transport, "log", None)
    msg = message.Result(1, args=[{"half": True}], progress=True)
    quiet.send(msg)
    raw_messages.say(quiet, result(1, {"progress": True}, [{"half": True}]))
    assert quiet.sent == [(b'[50,1,{"progress":true},[{"half":true}]]', False)] * 2
    with pytest.raises(SerializationError):
        quiet.send(message.Result(1, args=[object()]))
    quiet._session = None
    with pytest.raises(TransportLost):
        quiet.send(msg)
    with pytest.raises(AttributeError):  # which has words for a log that is not there
        loud.send(msg)


def test_what_meets_a_closing_handshake_is_lost_with_the_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    transport: Any = WebSocket()
    monkeypatch.setattr(transport, "state", transport.STATE_CLOSING, raising=False)
    monkeypatch.setattr(transport, "sendMessage", WampWebSocketClientProtocol.sendMessage.__get__(transport))
    raw_messages.quieten(transport)
    with pytest.raises(TransportLost):
        transport.send(message.Result(1))


def test_a_log_that_is_on_gets_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = WebSocket()
    monkeypatch.setattr("txaio.get_global_log_level", lambda: "trace")
    raw_messages.quieten(transport)
    assert "send" not in vars(transport)


def test_results_have_what_they_need_and_no_more() -> None:
    assert result(1, {}, [2], {"a": 3}) == [RESULT, 1, {}, [2], {"a": 3}]
    assert result(1, {}, None, {"a": 3}) == [RESULT, 1, {}, [], {"a": 3}]
    assert result(1, {}, [2]) == [RESULT, 1, {}, [2]]
    assert result(1, {}, []) == result(1, {}, None, {}) == [RESULT, 1, {}]
    for serializer in (kind()._serializer for kind in SERIALIZERS):
        assert serializer.unserialize(Raw([RESULT, 1, {}, [2]]).serialize(serializer)) == [[RESULT, 1, {}, [2]]]


def test_arguments_are_lists_and_dicts_or_none_at_all() -> None:
    assert arguments([YIELD, 1, {}], 3) == ([], {})
    assert arguments([YIELD, 1, {}, [1]], 3) == ([1], {})
    assert arguments([YIELD, 1, {}, [1], {"a": 2}], 3) == ([1], {"a": 2})
    tails: list[list[Any]] = [[None], ["opaque"], [b"opaque"], [[], []], [[], {}, 1]]
    for tail in tails:
        assert arguments([YIELD, 1, {}, *tail], 3) is None


def test_ids_and_details() -> None:
    assert [is_id(value) for value in (0, 1, 2**53, -1, 2**53 + 1, True, 1.0, "1", None)] == [True] * 3 + [False] * 6
    assert has_only({}, "progress") is False
    assert has_only({"progress": True}, "progress") is True
    assert has_only({"progress": False}, "progress") is False
    others: list[Any] = [None, [], {"progress": 1}, {"other": True}, {"progress": True, "other": 1}]
    for details in others:
        assert has_only(details, "progress") is None


def test_a_connection_that_is_closing_counts_as_lost() -> None:
    class Closing:
        def send(self, _: Any) -> None:
            raise Disconnected("Attempt to send on a closed protocol")

    with pytest.raises(TransportLost):
        raw_messages.say(Closing(), [CALL, 1, {}, "a.b"])
