"""WAMP messages as the lists that they are on the wire, for the few kinds that make up nearly all of a job's way.

Autobahn makes an object of each message, checks in it whatever the standard allows, and over WebSocket formats ten coloured words for
a log that is off. The code of a single job has not run for a while and lies in no cache, so that takes 0.03 to 0.06 ms a message: several
times what reading and writing it takes. Here the plain forms of those kinds are seen before Autobahn sees them; all others are left to it.

Not Autobahn's interface, but what lies beneath it. So `attach` first tries it out on a serializer that leads nowhere (`misfit`). If
that does not go as expected, or with another version of Autobahn, every message is an object and goes Autobahn's way.
Source of the forms: the WAMP specification, section "Messages" (wamp-proto.org/wamp_bp_latest_ietf.html).
"""

from __future__ import annotations

import copy
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import txaio
from autobahn.exception import Disconnected
from autobahn.twisted.websocket import WampWebSocketClientProtocol
from autobahn.wamp import message
from autobahn.wamp.exception import SerializationError, TransportLost
from autobahn.wamp.serializer import JsonSerializer
from autobahn.wamp.websocket import WampWebSocketProtocol
from twisted.logger import Logger

from taskbahn.workarounds import RAW_MESSAGES, first, missing, other_arguments, other_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CALL = message.Call.MESSAGE_TYPE
ERROR = message.Error.MESSAGE_TYPE
RESULT = message.Result.MESSAGE_TYPE
YIELD = message.Yield.MESSAGE_TYPE
OBJECTS: Mapping[int, Any] = MappingProxyType(
    {CALL: message.Call, ERROR: message.Error, RESULT: message.Result, YIELD: message.Yield}
)
MAX_ID = 2**53

log = Logger("taskbahn.messages")


def attach(transport: Any, take: Callable[[list[Any]], bool]) -> bool:
    """Have *take* see first what comes in over a transport, and what goes out leave without detours; False: Autobahn does both."""
    if not RAW_MESSAGES.is_on(misfit):
        return False
    quieten(transport)
    hear_first(transport, take)
    return True


def misfit() -> str:
    """Say what of Autobahn is not as it is expected here, or nothing."""
    seen: list[list[Any]] = []
    serializer: Any = JsonSerializer()

    def take(raw: list[Any]) -> bool:
        seen.append(raw)
        return True

    hear_first(SimpleNamespace(_serializer=serializer), take)
    plain, packed = result(1, {}, ["é"]), b'[50,1,{},["\xc3\xa9"]]'
    left = [*serializer.unserialize(packed, False)]
    sent = serializer.serialize(Raw(plain))
    return first(
        other_version("autobahn"),
        "" if (seen, left) == ([plain], []) else "Autobahn's serializer does not ask for its messages as it did",
        "" if sent == (packed, False) else "Autobahn's serializer does not send a message as it did",
        other_arguments(WampWebSocketProtocol.send, "self", "msg"),
        missing(WampWebSocketProtocol, "isOpen"),
        missing(WampWebSocketClientProtocol, "sendMessage"),
    )


def hear_first(transport: Any, take: Callable[[list[Any]], bool]) -> None:
    """Have *take* see each message that comes in over a WAMP transport; what it returns True for, Autobahn does not get.

    Safe to call twice. Does nothing where several messages are sent as one, and for transports inside a process.
    """
    serializer = getattr(transport, "_serializer", None)  # the serializer of this connection alone
    inner = getattr(serializer, "_serializer", None)
    if serializer is None or getattr(inner, "_batched", True) or "unserialize" in vars(serializer):
        return
    reader = copy.copy(serializer)  # a shallow copy: all connections share the caches of messages that go out to many
    reader._serializer = _First(inner, take)  # noqa: SLF001
    serializer.unserialize = reader.unserialize


class _First:
    """Autobahn's object serializer, as far as it reads, with a function that sees the messages first."""

    __slots__ = ("BINARY", "NAME", "_take", "_unserialize")  # slots save memory: each connection has one

    def __init__(self, inner: Any, take: Callable[[list[Any]], bool]) -> None:
        self.NAME = inner.NAME
        self.BINARY = inner.BINARY
        self._unserialize = inner.unserialize
        self._take = take

    def unserialize(self, payload: bytes) -> list[Any]:
        """Return the messages that are left for Autobahn."""
        found: list[Any] = self._unserialize(payload)
        raw = found[0]
        if type(raw) is list and len(raw) > 2:  # noqa: PLR2004 - a kind, an id and details
            try:
                if self._take(raw):
                    return []
            except Exception:  # noqa: BLE001 - it must not end the connection of its sender
                log.failure("a message of kind {kind} was not understood", kind=raw[0])
                return []
        return found


def quieten(transport: Any) -> None:
    """Have a WebSocket transport send without making words for a log that is off."""
    if isinstance(transport, WampWebSocketProtocol) and cast("Any", txaio).get_global_log_level() != "trace":
        vars(transport)["send"] = partial(_send, transport)


def _send(transport: Any, msg: Any) -> None:
    """Do what `WampWebSocketProtocol.send` does."""
    if not transport.isOpen():
        raise TransportLost
    inner = transport._serializer._serializer  # noqa: SLF001
    try:
        payload = msg.serialize(inner)
    except Exception as error:
        raise SerializationError(f"WAMP message serialization error: {error}") from error
    try:
        transport.sendMessage(payload, inner.BINARY)
    except Disconnected as error:  # its closing handshake goes on, and `isOpen` asks for the session alone
        raise TransportLost from error


def say(transport: Any, raw: list[Any]) -> None:
    """Send a message.  Raises as Autobahn's transports do: TransportLost, SerializationError, PayloadExceededError."""
    try:
        transport.send(OBJECTS[raw[0]].parse(raw) if RAW_MESSAGES.is_off else Raw(raw))
    except Disconnected as error:  # a WebSocket says it while it is closing
        raise TransportLost from error


class Raw:
    """A message in the form in which transports take one."""

    __slots__ = ("raw",)

    def __init__(self, raw: list[Any]) -> None:
        self.raw = raw

    def serialize(self, serializer: Any) -> bytes:
        """Return the message as bytes."""
        data: bytes = serializer.serialize(self.raw)
        return data


def result(request: int, details: dict[str, Any], args: list[Any] | None, kwargs: Mapping[str, Any] | None = None) -> list[Any]:
    """Return a RESULT."""
    if kwargs:
        return [RESULT, request, details, args or [], kwargs]
    return [RESULT, request, details, args] if args else [RESULT, request, details]


def arguments(raw: list[Any], head: int) -> tuple[list[Any], dict[str, Any]] | None:
    """Return what follows the *head* items of a message; None if that is no arguments, but say an encrypted payload."""
    length = len(raw)
    args = raw[head] if length > head else []
    kwargs = raw[head + 1] if length > head + 1 else {}
    return (args, kwargs) if length <= head + 2 and type(args) is list and type(kwargs) is dict else None


def is_id(value: Any) -> bool:
    """Return whether a value can be the id of a request."""
    return type(value) is int and 0 <= value <= MAX_ID


def has_only(details: Any, key: str) -> bool | None:
    """Return the value of the only key that details have, False if they have none; None if they have more, or what is no boolean."""
    if type(details) is not dict:
        return None
    if not details:
        return False
    value = details.get(key) if len(details) == 1 else None
    return value if type(value) is bool else None
