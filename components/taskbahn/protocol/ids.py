"""Job ids that a client makes: UUIDv7 text, rising within a process.

Source: RFC 9562, section 5.7, with the random bits used as a counter (section 6.2, method 2): all ids that are made
within one millisecond, or in one go, share their first digits and count in the last ones.
"""

from __future__ import annotations

import os
import threading
import time

COUNTER_BITS = 48
COUNTER_LIMIT = 1 << COUNTER_BITS


class IdMaker:
    """Makes ids; safe to use from any thread, and after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = -1
        self._prefix = ""
        self._counter = 0

    def many(self, count: int) -> list[str]:
        """Return *count* new ids in rising order."""
        with self._lock:
            prefix, first = self._reserve(count)
        return [f"{prefix}{number:012x}" for number in range(first, first + count)]

    def one(self) -> str:
        """Return a new id."""
        with self._lock:
            prefix, number = self._reserve(1)
        return f"{prefix}{number:012x}"

    def _reserve(self, count: int) -> tuple[str, int]:
        now = int(time.time() * 1000)
        if now <= self._millisecond and self._counter + count < COUNTER_LIMIT:
            first = self._counter
        else:  # a clock that is set back does not bring ids back
            now = max(now, self._millisecond + 1)
            random = int.from_bytes(os.urandom(10))
            digits = f"{now:012x}7{random & 0xFFF:03x}{0x8000 | (random >> 12 & 0x3FFF):04x}"
            self._millisecond = now
            self._prefix = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-"
            first = random >> 26 & (COUNTER_LIMIT >> 2) - 1  # room to count
        self._counter = first + count
        return self._prefix, first


_maker = IdMaker()


def new_id() -> str:
    """Return a new job id."""
    return _maker.one()


def new_ids(count: int) -> list[str]:
    """Return *count* new job ids in rising order."""
    return _maker.many(count)


def _after_fork() -> None:
    global _maker  # noqa: PLW0603 - a child must not count on from where its parent does
    _maker = IdMaker()


os.register_at_fork(after_in_child=_after_fork)
