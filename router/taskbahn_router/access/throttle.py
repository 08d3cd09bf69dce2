"""What becomes of those whose logins fail: they wait longer and longer, and at last their address is locked.

By address: a few failures are free; then each one makes the address wait before its next try, and one that tries on is locked. By name: the
answers to tries of a name that fail again and again come late, from wherever. A name is never locked, so no stranger locks a user out.

Memory is bounded. Neither the addresses of a network nor any number of names make room for themselves by pushing out a lock.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

FREE = 5  # failures of an address after which it does not wait yet
LOCKS_AT = 20  # failures of an address that lock it
FORGET_SECONDS = 60.0  # after which one failure is forgotten
LONGEST_WAIT_SECONDS = 60.0
LOCK_SECONDS = 900.0
FREE_OF_NAME = 3
FIRST_DELAY_SECONDS = 0.25  # of a name; twice as much with each further failure
LONGEST_DELAY_SECONDS = 4.0
MAX_ADDRESSES = 10_000  # that have failed and are not locked
MAX_LOCKS = 10_000
NAME_SLOTS = 4096  # which names share, by a hash that no stranger knows
PREFIX_BITS = 64  # of an IPv6 address: who has one has all of its network


class Failed(NamedTuple):
    """What follows from a failed login.

    wait: seconds before the next try, 0: none.   was_early: it was one before its time, so it is answered with the wait alone.
    locked: this one has locked the address.   delay: seconds after which it is answered.
    """

    wait: float
    was_early: bool = False
    locked: bool = False
    delay: float = 0.0

    @property
    def retry_after(self) -> int:
        """Return the wait in whole seconds, for people and for `Retry-After`."""
        return max(1, ceil(self.wait))

    @property
    def sentence(self) -> str:
        """Return what a stranger reads that came too early."""
        return f"too many logins from this address have failed: try again in {self.retry_after} s"


class _Score(NamedTuple):
    """Failures that are not forgotten yet, at a time.   until: when the next try may come."""

    failures: float
    at: float
    until: float = 0.0

    def failures_at(self, now: float) -> float:
        return max(0.0, self.failures - (now - self.at) / FORGET_SECONDS)


class LoginThrottle:
    """Counts failed logins, and says who has to wait.   clock: seconds, monotonic.

    An address is a text as `core.audit.Origin` has it; one that is no IP address, as that of a Unix socket, never waits: the rights of the
    socket's file say who comes. What proves itself by 256 random bits may be looked up all the same, for no number of tries finds it: so
    a stranger behind the same address does not keep a program with its token out. What people choose may not: ask `wait` first.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._scores: OrderedDict[str, _Score] = OrderedDict()  # by address, that which failed last at the end
        self._locks: OrderedDict[str, float] = OrderedDict()  # until when, the first one first: all are of the same length
        self._names: dict[int, _Score] = {}  # by slot
        self._secret = secrets.token_bytes(16)
        self.failures = 0  # since the start
        self.refused = 0  # of them, those that came before their time

    def wait(self, address: str | None) -> float:
        """Return for how many seconds an address has to wait before its next try; 0: it may come."""
        key = network_of(address)
        if not key:
            return 0.0
        now = self._clock()
        self._end_locks(now)
        until = self._locks.get(key)
        if until is None:
            until = self._scores[key].until if key in self._scores else 0.0
        return max(0.0, until - now)

    def delay(self, name: str | None) -> float:
        """Return after how many seconds a try of a name is to be answered, whether it is right or wrong."""
        if not name:
            return 0.0
        score = self._names.get(self._slot(name))
        beyond = 0.0 if score is None else score.failures_at(self._clock()) - FREE_OF_NAME
        return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(beyond, 10.0)) if beyond > 0 else 0.0

    def failed(self, address: str | None, name: str | None = None) -> Failed:
        """Count a failed login; return what follows from it.   name: of whom, if the login says a name."""
        now = self._clock()
        before, delay = self.wait(address), self.delay(name)
        self.failures += 1
        self.refused += before > 0
        if name:
            slot = self._slot(name)
            self._names[slot] = _Score(1.0 + (self._names[slot].failures_at(now) if slot in self._names else 0.0), now)
        key = network_of(address)
        if not key:
            return Failed(0.0, delay=delay)
        if key in self._locks:
            return Failed(before, was_early=True)
        failures = 1.0 + (self._scores[key].failures_at(now) if key in self._scores else 0.0)
        if failures > LOCKS_AT - 1 and len(self._locks) < MAX_LOCKS:
            self._scores.pop(key, None)
            self._locks[key] = now + LOCK_SECONDS
            return Failed(LOCK_SECONDS, was_early=before > 0, locked=True, delay=delay)
        wait = min(LONGEST_WAIT_SECONDS, 2.0 ** min(failures - FREE, 10.0) / 2) if failures > FREE else 0.0
        self._scores[key] = _Score(min(failures, float(LOCKS_AT)), now, max(now + wait, now + before))
        self._scores.move_to_end(key)
        self._make_room()
        return Failed(max(wait, before), was_early=before > 0, delay=delay)

    @property
    def locked(self) -> int:
        """How many addresses are locked now."""
        self._end_locks(self._clock())
        return len(self._locks)

    @property
    def kept(self) -> int:
        """How much is remembered: bounded."""
        return len(self._scores) + len(self._locks) + len(self._names)

    def _slot(self, name: str) -> int:
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest) % NAME_SLOTS

    def _end_locks(self, now: float) -> None:
        while self._locks and next(iter(self._locks.values())) <= now:
            self._locks.popitem(last=False)

    def _make_room(self) -> None:
        """Forget the address that failed longest ago: it is not locked, and its next failures count again from one on."""
        if len(self._scores) > MAX_ADDRESSES:
            self._scores.popitem(last=False)


def network_of(address: str | None) -> str:
    """Return what counts as one address: of IPv6 a whole network; empty for what is no IP address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> (128 - PREFIX_BITS) << (128 - PREFIX_BITS))) + f"/{PREFIX_BITS}"
    return str(found)
