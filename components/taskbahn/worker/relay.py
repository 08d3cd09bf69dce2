"""What a forked copy of this process says for its attempt comes back here, and counts as if the attempt had said it.

A copy (`os.fork`, `multiprocessing` with `fork`) has the attempt in its memory, but none of the threads that talk to the
worker. So each thing said travels as one datagram over a pair of sockets, of which copies inherit the writing end;
a thread that the first fork starts reads the other one. It is no part of the connection of a child to its worker.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import socket
import sys
import threading
from contextvars import Context
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.context import NOTICE, AttemptOutput
from taskbahn.attempt.ownership import PROCESS, owner
from taskbahn.errors import TooLarge

if TYPE_CHECKING:
    from taskbahn.attempt.context import AttemptContext, Record

LARGEST = 128 * 1024  # bytes of one datagram: a log line of MAX_LOG_LINE characters fits; Linux allows 200 KiB
MAX_DATAGRAMS_AT_END = 10_000  # datagrams that are read at the end of an attempt
FORGETS = "what a process that it forked says after its end reaches no job: let the task wait for the processes that it starts"


class CopySink:
    """The `RecordSink` of an attempt in a forked copy. A full socket makes the copy wait; a reader that is gone does not."""

    def __init__(self, writer: socket.socket) -> None:
        self._writer = writer
        self._pid = os.getpid()

    def put(self, record: Record) -> None:
        """Send *record*, if it is a notice; raises TooLarge."""
        kind, data = record
        if kind != NOTICE:
            return
        message = msgspec.msgpack.encode([self._pid, *data[:3], data[4]])
        if len(message) > LARGEST:
            raise TooLarge("what a forked process says at once in bytes", len(message), LARGEST, "return it to the task")
        with contextlib.suppress(OSError):  # the reading process is gone
            self._writer.send(message)

    def touch(self, context: AttemptContext) -> None:
        """Send the progress of *context*."""
        if context.output is not None:
            self.put(context.output.progress_record(0.0))


class Relay:
    """Listens for the copies of this process from `start` to `stop`; both may be called twice."""

    def __init__(self) -> None:
        self._sockets: tuple[socket.socket, socket.socket] | None = None
        self._copies_write: socket.socket | None = None  # the writing end in a copy, which may have copies itself
        self._thread: threading.Thread | None = None
        self._reading = threading.Lock()
        self._attempts: dict[tuple[str, int], AttemptContext] = {}

    def start(self) -> None:
        """Make the sockets; the first fork starts the thread."""
        if self._sockets is None:
            self._sockets = reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            reader.setblocking(False)
            with contextlib.suppress(OSError):  # macOS has buffers of 2 KiB by default
                writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LARGEST)
            FORKS.relay = self
            FORKS.register()

    def stop(self) -> None:
        """Stop listening."""
        if self._sockets is None:
            return
        if FORKS.relay is self:
            FORKS.relay = None
        reader, writer = self._sockets
        self._sockets = None
        if self._thread is not None:
            writer.send(b"")  # wakes the thread, which sees that it is over
            self._thread.join()
            self._thread = None
        reader.close()
        writer.close()

    def expect(self, context: AttemptContext) -> None:
        """Prepare for a fork in the thread of *context*."""
        context.relay = self
        self._attempts[context.key] = context
        if self._thread is None and self._sockets is not None:
            self._thread = threading.Thread(target=self._listen, args=self._sockets[:1], name="taskbahn-relay", daemon=True)
            Context().run(self._thread.start)  # in an empty context: the thread belongs to no attempt

    def drain(self, context: AttemptContext) -> None:
        """Take what copies of *context* have said until now; its outcome is sent next."""
        if self._sockets is not None:
            self._read(self._sockets[0])
        context.relay = None
        self._attempts.pop(context.key, None)

    def become_copy(self, context: AttemptContext | None) -> None:
        """Have *context* send through the relay: this process is a copy that a thread of it forked."""
        if self._sockets is not None:
            reader, self._copies_write = self._sockets
            reader.close()
        if self._copies_write is None:
            return
        self._sockets = self._thread = None
        PROCESS.only, PROCESS.tell = context, None
        if context is None:
            return
        context.relay = None
        context.sink = CopySink(self._copies_write)
        # a new output, without the lines that the original has begun
        context.output = AttemptOutput(context, context.output, is_copy=True)
        atexit.register(context.finish)
        util = sys.modules.get("multiprocessing.util")
        if util is not None:  # its processes end without `atexit`, and forget what was to be done at the end when they begin
            util.register_after_fork(self, lambda _: util.Finalize(None, context.finish, exitpriority=0))

    def _listen(self, reader: socket.socket) -> None:
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        while self._sockets is not None:
            poll.poll()
            self._read(reader)

    def _read(self, reader: socket.socket) -> None:
        with self._reading:
            for _ in range(MAX_DATAGRAMS_AT_END):
                try:
                    data = reader.recv(LARGEST)
                except BlockingIOError:
                    return
                if data:
                    self._take(*msgspec.msgpack.decode(data))

    def _take(self, pid: int, job: str, attempt: int, kind: str, data: Any) -> None:
        context = self._attempts.get((job, attempt))
        if context is None:
            PROCESS.tell_once(f"forked {job}", f"attempt {attempt} of job {job} has ended; {FORGETS}")
        elif kind == "extend":
            context.extend(data - (context.run_within or 0.0))
        else:
            context.open_output().relayed(pid, kind, data)


class Forks:
    """The hooks of this process, which cannot be taken away again, and the relay that they serve."""

    def __init__(self) -> None:
        self.relay: Relay | None = None
        self._is_registered = False

    def register(self) -> None:
        """Put the hooks in place, once."""
        if not self._is_registered:
            self._is_registered = True
            os.register_at_fork(before=self._before, after_in_child=self._in_copy)

    def _before(self) -> None:
        context = owner()
        if self.relay is not None and context is not None and not context.ended:
            self.relay.expect(context)

    def _in_copy(self) -> None:
        if self.relay is not None:
            self.relay.become_copy(owner())


FORKS = Forks()
