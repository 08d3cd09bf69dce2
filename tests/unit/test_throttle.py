"""Who waits after failed logins: against a model without bounds, and what no stranger can do to others."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskbahn_router.access import throttle
from taskbahn_router.access.throttle import LOCK_SECONDS, LOCKS_AT, LONGEST_DELAY_SECONDS, LoginThrottle, network_of

ADDRESSES = ["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1", "unix", None]
NAMES = ["ada", "bob", None]


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Model:
    """What a network's failures mean, one after the other, without any bound of memory."""

    def __init__(self) -> None:
        self.networks: dict[str, tuple[float, float, float, float]] = {}  # failures, at, until, locked until

    def failed(self, key: str, now: float) -> None:
        failures, at, until, locked = self.networks.get(key, (0.0, now, 0.0, 0.0))
        if now < locked:
            return
        if locked:
            failures, at, until = 0.0, now, 0.0
        failures = max(0.0, failures - (now - at) / throttle.FORGET_SECONDS) + 1
        if failures > LOCKS_AT - 1:
            self.networks[key] = (0.0, now, 0.0, now + LOCK_SECONDS)
            return
        wait = min(throttle.LONGEST_WAIT_SECONDS, 2 ** (failures - throttle.FREE) / 2) if failures > throttle.FREE else 0.0
        self.networks[key] = (failures, now, max(until, now + wait), 0.0)

    def wait(self, key: str, now: float) -> float:
        _, _, until, locked = self.networks.get(key, (0.0, 0.0, 0.0, 0.0))
        return max(0.0, until - now, locked - now)


STEP = st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(NAMES), st.sampled_from([0.0, 0.0, 0.1, 3.0, 70.0, 400.0]))


@settings(max_examples=100, deadline=None)
@given(st.lists(STEP, max_size=120))
def test_an_address_waits_as_the_model_says(steps: list[tuple[str | None, str | None, float]]) -> None:
    time, model = Time(), Model()
    logins = LoginThrottle(time)
    for address, name, seconds in steps:
        time.now += seconds
        early = logins.wait(address) > 0
        found = logins.failed(address, name)
        assert found.was_early == early
        assert 0 <= found.delay <= LONGEST_DELAY_SECONDS
        if key := network_of(address):
            model.failed(key, time.now)
            assert found.wait == logins.wait(address)
        for each in ADDRESSES:
            expected = model.wait(network_of(each), time.now) if network_of(each) else 0.0
            assert logins.wait(each) == pytest.approx(expected)


def fail(logins: LoginThrottle, address: str | None, name: str | None = None, times: int = LOCKS_AT) -> None:
    for _ in range(times):
        logins.failed(address, name)


def test_a_few_wrong_logins_cost_nothing_and_many_lock() -> None:
    time = Time()
    logins = LoginThrottle(time)
    for _ in range(throttle.FREE):
        assert logins.failed("10.0.0.1") == throttle.Failed(0.0)
    waits = [logins.failed("10.0.0.1").wait for _ in range(LOCKS_AT - throttle.FREE)]
    assert waits[:6] == [1, 2, 4, 8, 16, 32]
    assert waits[-1] == LOCK_SECONDS
    assert logins.locked == 1
    time.now += LOCK_SECONDS
    assert (logins.wait("10.0.0.1"), logins.locked) == (0.0, 0)


def test_who_waits_as_it_is_asked_to_is_never_locked() -> None:
    time = Time()
    logins = LoginThrottle(time)
    for _ in range(500):
        time.now += logins.failed("10.0.0.1").wait
        assert logins.locked == 0


def test_no_stranger_keeps_a_user_out_by_its_name() -> None:
    logins = LoginThrottle(Time())
    for number in range(3000):
        logins.failed(f"10.0.{number // 250}.{number % 250}", "ada")
    assert logins.wait("192.0.2.1") == 0
    assert logins.delay("ada") == LONGEST_DELAY_SECONDS
    assert logins.delay(None) == 0


def test_a_network_of_addresses_counts_as_one() -> None:
    logins = LoginThrottle(Time())
    for number in range(LOCKS_AT):
        logins.failed(str(IPv6Address(int(IPv6Address("2001:db8:1:2::")) + number * 2**50)))
    assert logins.wait("2001:db8:1:2:ffff::1") == LOCK_SECONDS
    assert logins.wait("2001:db8:1:3::1") == 0


def test_a_flood_takes_no_more_memory_and_ends_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_ADDRESSES", 100)
    monkeypatch.setattr(throttle, "MAX_LOCKS", 50)
    monkeypatch.setattr(throttle, "NAME_SLOTS", 64)
    time = Time()
    logins = LoginThrottle(time)
    fail(logins, "10.0.0.1")
    address = ""
    for number in range(2000):
        address = f"2001:db8:{number // 10:x}:{number % 10:x}::1"
        fail(logins, address, f"name{number}", LOCKS_AT if number % 2 else 1)
        assert logins.kept <= 100 + 50 + 64
    assert logins.wait("10.0.0.1") == LOCK_SECONDS
    assert logins.locked == 50
    found = logins.failed(address)  # where there is no room for one more lock, it waits as long as is possible without one
    assert (found.wait, found.was_early) == (throttle.LONGEST_WAIT_SECONDS, True)


def test_a_name_under_attack_answers_late_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "NAME_SLOTS", 2**40)  # so that no two of these share one
    time = Time()
    logins = LoginThrottle(time)
    fail(logins, None, "ada")
    assert logins.delay("ada") == LONGEST_DELAY_SECONDS
    assert logins.delay("bob") == 0
    time.now += 3600
    assert logins.delay("ada") == 0
