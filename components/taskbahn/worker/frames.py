"""How the worker and its child processes talk: messages in MessagePack over a socket pair, each after its length.

Worker to child:
    ["run", [[sequence, job, attempt, task, packed, run_within, notes, flags, deadline], ...]]      to be run in this order; flags: `flags`
    ["stop", job, attempt, kind, reason]        stop it by itself, or take it out of the line
    ["recorded", job, attempt, mark]            its chunks and notes up to that one are recorded
    ["note", job, attempt, name, text]          there is a note of that name, JSON, from outside
    ["leave", job | null, attempt]              suspend it, for it waits; null: the worker stops, so all that waits is suspended
    ["back", count | null]                      give up that many that have not started, the newest first
    ["end"]                                     nothing more comes: exit
Child to worker: lists of records
    ["ready", null]                             the application is imported
    ["done" | "failed" | "notice" | "suspended" | "parked", data]     as `taskbahn.attempt.Record`
    ["back", [[job, attempt], ...]]             given up

Beside it, `Mark` is a piece of shared memory in which the child notes what it begins: also after a sudden death the
worker knows exactly which attempts had started.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbahn.attempt.context import AttemptContext

LENGTH = struct.Struct("=I")
DEAF_EXIT_CODE = 70  # exit code of a child when the talking thread has ended (EX_SOFTWARE of sysexits.h)
MAX_READ_BYTES = 256 * 1024  # bytes

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


CAN_WAIT, HAS_PERMITS, IS_ONCE = 1, 2, 4


def flags(context: AttemptContext) -> int:
    """Return what a child must know of an attempt that waits."""
    return CAN_WAIT * context.can_park | HAS_PERMITS * context.has_permits | IS_ONCE * context.is_once


def frame(message: Any) -> bytes:
    """Return *message* as it travels; raises TypeError, ValueError, OverflowError for what cannot."""
    data = _encode(message)
    return LENGTH.pack(len(data)) + data


class Unframer:
    """Puts messages together from what a socket gives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Add *data* and yield the messages that are complete."""
        buffer = self._buffer
        buffer += data
        position = 0
        while len(buffer) - position >= LENGTH.size:
            (length,) = LENGTH.unpack_from(buffer, position)
            end = position + LENGTH.size + length
            if len(buffer) < end:
                break
            message = _decode(bytes(memoryview(buffer)[position + LENGTH.size : end]))
            position = end
            yield message
        del buffer[:position]


class Mark:
    """Which attempt a child has begun last, by its sequence number, and when (monotonic clock, the same for all processes)."""

    _LAYOUT = struct.Struct("=dQ")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, self._LAYOUT.size)

    @classmethod
    def make(cls) -> Mark:
        """Make a mark; the child inherits its `descriptor`."""
        with tempfile.TemporaryFile() as file:
            file.truncate(cls._LAYOUT.size)
            return cls(os.dup(file.fileno()))

    def set(self, sequence: int, began: float) -> None:
        """Note that the attempt *sequence* begins."""
        self._LAYOUT.pack_into(self._memory, 0, began, sequence)

    def get(self) -> tuple[int, float]:
        """Return (sequence, began); sequence 0 before the first."""
        began, sequence = self._LAYOUT.unpack_from(self._memory, 0)
        return sequence, began

    def close(self) -> None:
        """Release the shared memory."""
        self._memory.close()
        os.close(self.descriptor)
