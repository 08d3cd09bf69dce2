"""How long connections without a session may take, how much they may send, and who makes room: on a clock, without sockets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet import main
from twisted.internet.task import Clock

from taskbahn_router.core.forwarding import Proxies
from taskbahn_router.crossbar_edge import visitors as module
from taskbahn_router.crossbar_edge.visitors import IDLE_SECONDS, LOGIN_SECONDS, MAX_BYTES, Visitors


class Connection:
    """What of an accepted connection is used; protocol: what comes through."""

    def __init__(self, visitors: Visitors, host: str | None = "10.0.0.1", *, is_seen: bool = True) -> None:
        self.host = host
        self.connected = True
        self.came: list[bytes] = []
        self.protocol = SimpleNamespace(dataReceived=self.take)
        if is_seen:
            visitors.arrived(self)

    def take(self, data: bytes) -> None:
        if data == b"bad":
            raise UnicodeDecodeError("ascii", data, 0, 1, "no")
        self.came.append(data)

    def getPeer(self) -> Any:  # noqa: N802 - Twisted's name
        return SimpleNamespace(host=self.host) if self.host else SimpleNamespace()

    def abortConnection(self) -> None:  # noqa: N802 - likewise
        self.connected = False


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitors(clock: Clock) -> Visitors:
    made = Visitors(clock, Proxies.of(["10.9.9.9"]), has_login=True)
    made.start()
    return made


def passes(clock: Clock, seconds: float) -> None:
    clock.pump([0.1] * round(seconds * 10))


def test_time_for_a_session_for_each_request_and_for_its_answer(clock: Clock, visitors: Visitors) -> None:
    silent, member, page = (Connection(visitors) for _ in range(3))
    visitors.settled(member)
    visitors.asked(page)
    passes(clock, LOGIN_SECONDS + 1)
    assert (silent.connected, member.connected, page.connected) == (False, True, True)
    passes(clock, 10 * IDLE_SECONDS)
    assert [page.connected] == [True]  # its answer takes long
    visitors.answered(page)
    passes(clock, IDLE_SECONDS - 1)
    visitors.asked(page)
    visitors.answered(page)
    passes(clock, IDLE_SECONDS - 1)
    assert [page.connected] == [True]
    visitors.upgraded(page)
    passes(clock, LOGIN_SECONDS + 1)
    assert [page.connected] == [False]
    visitors.came_back(member)  # its session has left, and no other comes
    passes(clock, LOGIN_SECONDS + 1)
    assert [member.connected, len(visitors)] == [False, 0]


def test_who_logs_in_before_connections_are_watched_stays(clock: Clock, visitors: Visitors) -> None:
    silent, member, late = (Connection(visitors, is_seen=False) for _ in range(3))
    visitors.settled(member)
    for connection in (silent, member, late):
        visitors.came_before(connection)
    visitors.settled(late)
    passes(clock, LOGIN_SECONDS + 1)
    assert (silent.connected, member.connected, late.connected) == (False, True, True)
    visitors.came_back(member)  # its session has left
    visitors.settled(None)
    visitors.came_back(None)
    passes(clock, LOGIN_SECONDS + 1)
    assert not member.connected


def test_bytes_are_counted_until_a_session_joins_but_no_bodies(visitors: Visitors) -> None:
    stranger, page, member = (Connection(visitors) for _ in range(3))
    visitors.asked(page)
    visitors.settled(member)
    assert vars(member).get("_dataReceived") is None  # nothing of this is in its way any more
    for connection in (stranger, page):
        received = vars(connection)["_dataReceived"]
        assert received(b"x" * MAX_BYTES) is None
    assert vars(stranger)["_dataReceived"](b"x") is main.CONNECTION_LOST
    assert vars(page)["_dataReceived"](b"x" * MAX_BYTES) is None
    assert (stranger.connected, page.connected) == (False, True)


def test_what_raises_ends_the_connection_of_its_sender(visitors: Visitors) -> None:
    stranger = Connection(visitors)
    assert vars(stranger)["_dataReceived"](b"bad") is main.CONNECTION_LOST
    assert not stranger.connected


def test_one_that_waits_long_makes_room_else_the_newest_goes(
    clock: Clock, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_OF_AN_ADDRESS", 2)
    busy = [Connection(visitors), Connection(visitors), Connection(visitors)]
    clock.advance(0)
    assert [each.connected for each in busy] == [True, True, False]
    passes(clock, 3)
    newest = [Connection(visitors) for _ in range(2)]
    clock.advance(0)
    assert [each.connected for each in (*busy, *newest)] == [False, False, False, True, True]
    passes(clock, 3)
    busy = newest
    newer, other, by_socket, by_proxy = (Connection(visitors, host) for host in ("10.0.0.1", "10.0.0.2", None, "10.9.9.9"))
    clock.advance(0)
    assert [each.connected for each in (*busy, newer, other, by_socket, by_proxy)] == [False, *[True] * 5]
    more = [Connection(visitors, "10.9.9.9") for _ in range(5)]
    clock.advance(0)
    assert all(each.connected for each in more)
    for each in more:
        visitors.named(each, "203.0.113.5")
    clock.advance(0)
    assert [each.connected for each in more] == [True, True, False, False, False]


def test_without_login_there_may_be_any_number(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OF_AN_ADDRESS", 2)
    visitors = Visitors(clock, Proxies(), has_login=False)
    many = [Connection(visitors) for _ in range(10)]
    clock.advance(0)
    assert all(each.connected for each in many)


def test_connections_of_all_addresses_together_are_bounded(
    clock: Clock, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_VISITORS", 5)
    many = [Connection(visitors, f"10.1.{number}.1") for number in range(20)]
    clock.advance(0)
    assert sum(each.connected for each in many) == len(visitors) == 5
    for each in many:
        visitors.gone(each)
    assert len(visitors) == 0
    assert not visitors._by_network
