"""One child process, as the worker sees it: how it is started, spoken to, and how its end is explained."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskbahn.worker.frames import DEAF_EXIT_CODE, MAX_READ_BYTES, Mark, Unframer, flags, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.worker.pools.program import ChildProgram

END_GRACE = 1.0  # seconds that an idle child gets for its exit
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes; getrusage(2) differs
DEAF_AFTER = 10.0  # seconds for which a child may leave what it was given, while it runs nothing
CUT_OFF_AFTER = 1.0  # seconds that one whose socket is closed gets to end by itself, so that its exit code is known
EXIT_LOOK = 0.25  # seconds between two looks for the end of a child, where the system has no descriptor for it
HALT_LOOKS = 50  # milliseconds in which a halted process should have come to a halt, if it is not stuck in the kernel


class ChildOwner(Protocol):
    """What a child process reports to."""

    def child_ready(self, child: ChildProcess) -> None:
        """The child has imported the application."""

    def child_said(self, child: ChildProcess, records: list[Any]) -> None:
        """The child has sent *records*."""

    def child_died(self, child: ChildProcess, death: Death) -> None:
        """The child is gone; its `held` has the attempts that it had not finished."""


class Death(NamedTuple):
    """How a process ended. peak_memory: the most that it had resident, in bytes, over all its attempts."""

    code: int  # the exit code; negative: the number of a signal
    peak_memory: int
    reason: str = ""  # why the worker ended the process, if it did

    def __str__(self) -> str:
        if self.reason:
            return f"its process was ended: {self.reason}"
        peak = f"; its memory was {self.peak_memory / 2**20:,.0f} MiB at most"
        if self.code >= 0:
            hint = (
                " (it could not talk to the worker any more; did a task close descriptors of others?)"
                if self.code == DEAF_EXIT_CODE
                else ""
            )
            return f"its process ended with exit code {self.code}{hint}{peak}"
        hint = "; was it out of memory?" if -self.code == signal.SIGKILL else ""
        return f"its process was ended by signal {-self.code} ({self.signal or 'unknown'}){peak}{hint}"

    @property
    def signal(self) -> str:
        """The name of the signal that ended it, or an empty string."""
        try:
            return signal.Signals(-self.code).name if self.code < 0 else ""
        except ValueError:
            return ""

    def error(self) -> dict[str, Any]:
        """Return it as the structured error of an attempt."""
        how = {"signal": self.signal or -self.code} if self.code < 0 else {"exit_code": self.code}
        return {"type": "ProcessDied", "message": str(self), **how, "peak_memory": self.peak_memory}


class ChildProcess:
    """A started child. `held` are the attempts it was given and has not answered, in order, with their sequence numbers."""

    def __init__(self, program: ChildProgram, owner: ChildOwner, loop: asyncio.AbstractEventLoop) -> None:
        self.held: dict[tuple[str, int], AttemptContext] = {}
        self.is_ready = False
        self.expected = 0.0  # seconds that `held` will probably take
        self.parked: tuple[str, int] | None = None  # its attempt that waits and has given its slot back
        self.asked_back = False  # in a long attempt: the child gets nothing more until an outcome comes
        self._owner = owner
        self._loop = loop
        self._sequence = 0
        self._mark = Mark.make()
        self._unframer = Unframer()
        self._unsent = bytearray()
        self._is_gone = False
        self._reason = ""
        self._waits_since: float | None = None  # since when the child runs nothing though it has attempts; monotonic
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(self._socket.close)
            undo.callback(self._mark.close)
            self._process = program.start(theirs.fileno(), self._mark.descriptor)
            undo.pop_all()
        loop.add_reader(self._socket, self._read)
        self._exit = _exit_descriptor(self.pid)
        if self._exit is None:
            loop.call_later(EXIT_LOOK, self._look)
        else:
            loop.add_reader(self._exit, self._exited)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def give(self, contexts: Sequence[AttemptContext]) -> None:
        """Send attempts to be run in this order."""
        rows = []
        for context in contexts:
            self._sequence += 1
            context.sequence = self._sequence
            self.held[context.key] = context
            rows.append(
                (
                    self._sequence,
                    context.job,
                    context.attempt,
                    context.task,
                    context.packed,
                    context.run_within,
                    context.notes,
                    flags(context),
                    context.deadline,
                )
            )
        self.tell("run", rows)

    def tell(self, *message: Any) -> None:
        """Send one message of `worker.frames`."""
        if self._is_gone:
            return
        data = frame(message)
        if self._unsent:
            self._unsent += data
            return
        sent = 0
        with contextlib.suppress(BlockingIOError, ConnectionError):  # reading notices the end of the child
            sent = self._socket.send(data)
        if sent < len(data):
            self._unsent += data[sent:]
            self._loop.add_writer(self._socket, self._write)

    def current(self) -> AttemptContext | None:
        """Return the attempt that it runs, with `began` as the child noted it; None if it is idle or between two."""
        sequence, began = self._mark.get()
        for context in self.held.values():
            if context.sequence == sequence:
                context.began = began
                return context
            if context.sequence > sequence:
                break
        return None

    def begun(self, context: AttemptContext) -> bool:
        """True if the child has begun to run *context*; holds also after its death."""
        return context.sequence <= self._mark.get()[0]

    def kill_in(self, context: AttemptContext) -> None:
        """Kill it if it is still in *context*, and only then: it is halted first, and asked for the last time."""
        self._kill_if(lambda: context.key in self.held)

    def _kill_if(self, is_meant: Callable[[], bool]) -> bool:
        """Halt it, hear what it has said, and kill it if *is_meant* still holds; return whether it is gone or going."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):  # a task has waited for the process
            os.kill(self.pid, signal.SIGSTOP)
            for _ in range(HALT_LOOKS):
                if os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
                    break
                time.sleep(0.001)
        self._read()
        if self._is_gone:
            return True
        if is_meant():
            self.kill()
            return True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)
        return False

    def is_deaf(self, now: float) -> bool:
        """Return whether it leaves what it was given though it runs nothing: its talking thread hears no more.  now: monotonic."""
        if not self.is_ready or not self.held or self.current() is not None:
            self._waits_since = None
            return False
        if self._waits_since is None:
            self._waits_since = now
        return now - self._waits_since > DEAF_AFTER

    def kill_deaf(self) -> None:
        """Kill the child if it has still begun nothing."""
        oldest = next(iter(self.held.values()))
        self._reason = f"it did not begin what it was given for {DEAF_AFTER:g} s"
        if not self._kill_if(lambda: not self.begun(oldest)):
            self._reason, self._waits_since = "", None

    def kill(self) -> None:
        """Kill the child; `child_died` follows."""
        if not self._is_gone:
            self._kill()

    def _kill(self) -> None:
        """Send SIGKILL, but not with `Popen.kill`, which waits for one that is dead already: its usage would be lost to `_died`."""
        if self._process.returncode is not None:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)  # kills the programs that its task has started, too
        except (ProcessLookupError, PermissionError):  # macOS refuses the signal for a group whose leader is dead
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Let an idle child exit, and kill it if it does not; its owner gets no call."""
        if self._is_gone:
            return
        self.tell("end") if not self.held and self.is_ready else self.kill()
        self._close()
        await self._loop.run_in_executor(None, self._wait, END_GRACE)

    def _wait(self, grace: float) -> int:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(grace)
        self._kill()
        return self._process.wait()

    def _read(self) -> None:
        while not self._is_gone:
            try:
                data = self._socket.recv(MAX_READ_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self._loop.remove_reader(self._socket)
                self._loop.call_later(CUT_OFF_AFTER, self._cut_off)  # unless the child is about to end, which `_exited` sees
                return
            try:
                for records in self._unframer.feed(data):
                    self._heard(records)
            except Exception as error:  # noqa: BLE001 - a task wrote to a descriptor that is not its own, say: what follows is lost, too
                self._reason = f"it sent what cannot be read ({type(error).__name__}: {error})"
                self.kill()
                return
            if len(data) < MAX_READ_BYTES:
                return

    def _heard(self, records: list[Any]) -> None:
        if not self.is_ready:
            self.is_ready = True
            self._owner.child_ready(self)
            records = [record for record in records if record[0] != "ready"]
        if records:
            self._owner.child_said(self, records)

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except ConnectionError:
            sent = len(self._unsent)
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._socket)

    def _exited(self) -> None:
        """Handle the end of the process; programs that it started may still hold its end of the socket."""
        self._read()
        if not self._is_gone:
            self._died()

    def _cut_off(self) -> None:
        if not self._is_gone:
            self._reason = self._reason or "it closed its connection to the worker; did a task close descriptors of others?"
            self._died()

    def _look(self) -> None:
        if self._is_gone:
            return
        with contextlib.suppress(ChildProcessError):  # a task has waited for the process
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
                self._loop.call_later(EXIT_LOOK, self._look)
                return
        self._exited()

    def _died(self) -> None:
        """Report that the child has ended, or has cut itself off and is of no use."""
        self._kill()
        peak = self._process.returncode = 0  # keeps `Popen` from waiting for the process again
        try:
            _, status, used = os.wait4(self.pid, 0)
            peak, self._process.returncode = used.ru_maxrss * MAXRSS_UNIT, os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            self._reason = self._reason or "how is not known: a task waits for all processes (os.wait) or ignores SIGCHLD"
        self._close(keep_mark=True)
        self._owner.child_died(self, Death(self._process.returncode, peak, self._reason))
        self._mark.close()

    def _close(self, *, keep_mark: bool = False) -> None:
        self._is_gone = True
        if self._exit is not None:
            self._loop.remove_reader(self._exit)
            os.close(self._exit)
            self._exit = None
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        if not keep_mark:
            self._mark.close()


def _exit_descriptor(pid: int) -> int | None:
    """Return a descriptor that can be read when the process *pid* has ended; None where there is none (macOS, old kernels)."""
    try:
        return os.pidfd_open(pid) if sys.platform == "linux" else None
    except OSError:
        return None
