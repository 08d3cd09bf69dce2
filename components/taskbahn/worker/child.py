"""A child process of the worker: imports the application once and runs attempts in its main thread, one at a time.

`python -m taskbahn.worker.child SOCKET MARK MODULE:APP`, with the numbers of two inherited descriptors. A second thread
does the talking: it takes in what the worker sends, and sends outcomes that would wait behind a long attempt. When
the line is empty, the main thread sends them itself. If the worker goes away, the child ends at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections import deque
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn

from taskbahn.attempt.blocking import in_worker
from taskbahn.attempt.context import PARKED, AttemptContext
from taskbahn.attempt.ownership import PROCESS
from taskbahn.attempt.stops import Cancelled, Stop, TimeLimit
from taskbahn.tuning import share_interpreter
from taskbahn.worker.alarms import Alarms
from taskbahn.worker.capture import Capture, Streams
from taskbahn.worker.execution import AttemptContexts, execute
from taskbahn.worker.failure import escaped, outcome, stopped
from taskbahn.worker.failure_log import set_log_level
from taskbahn.worker.forked import guard
from taskbahn.worker.frames import CAN_WAIT, DEAF_EXIT_CODE, HAS_PERMITS, IS_ONCE, MAX_READ_BYTES, Mark, Unframer, frame
from taskbahn.worker.helper_processes import HelperProcesses
from taskbahn.worker.helper_threads import HelperThreads
from taskbahn.worker.importing import is_importing
from taskbahn.worker.loading import load_app
from taskbahn.worker.outbox import ProgressGate
from taskbahn.worker.relay import Relay
from taskbahn.worker.sendable import Sendable
from taskbahn.worker.swallowed import Swallowed, is_in_hook, pause_before_again

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from taskbahn.attempt.context import Record
    from taskbahn.tasks.task import Task

FLUSH_AFTER = 0.002  # seconds that an outcome may wait behind a running attempt


class Child:
    """The line of this process, and what goes back to the worker; it is the `RecordSink` of its attempts."""

    def __init__(self, connection: socket.socket, mark: Mark, tasks: Mapping[str, Task[..., Any]], alarms: Alarms) -> None:
        self._socket = connection
        self._mark = mark
        self._tasks = tasks
        self._new_context = AttemptContexts().new
        self._streams = Streams()
        self._alarms = alarms
        self._line: deque[AttemptContext] = deque()
        self._held: dict[tuple[str, int], AttemptContext] = {}
        self._current: AttemptContext | None = None
        self._tokens: SimpleQueue[bool] = SimpleQueue()  # True: look at the waiting attempts, False: end
        self._records: deque[Any] = deque()
        self._sending = threading.Lock()
        self._sendable = Sendable(frame)
        self._gate = ProgressGate()
        self._wake_read, self._wake_write = os.pipe()
        self._is_awake = False  # whether the talking thread will look at the records by itself
        self.is_leaving = False  # the worker stops: what waits is suspended
        self._missed: AttemptContext | None = None  # the attempt in which Python swallowed a raised `Stop`
        self._main_thread = threading.main_thread().ident or 0
        self._orders: dict[str, Callable[..., None]] = {
            "run": self._run,
            "stop": self._stop_one,
            "recorded": self._recorded,
            "note": self._note,
            "leave": self._leave,
            "back": self._give_up,
            "end": lambda: self._tokens.put(False),
        }

    def run(self) -> None:
        """Run attempts until the worker says that nothing more comes."""
        guard(lambda: (self._socket.fileno(), self._wake_read, self._wake_write))
        signal.signal(signal.SIGUSR1, self._raise_in_task)
        Swallowed(self._hit_again).start()
        HelperProcesses(self._hit_again).start()
        for ignored in (signal.SIGINT, signal.SIGTERM):
            # these signals are for the worker; programs that a task starts get the default
            signal.signal(ignored, lambda *_: None)
        self._records.append(("ready", None))
        self._send()
        threading.Thread(target=self._talk, name="taskbahn-child", daemon=True).start()
        while True:
            try:
                context = self._line.popleft()
            except IndexError:
                self._send()
                if not self._tokens.get():
                    return
                continue
            self._records.append(self._run_one(context))
            self._held.pop(context.key, None)
            if context.stop is not None:
                self._send()

    def put(self, record: Record) -> None:
        """Send *record* soon; from any thread."""
        self._records.append(record)
        self._wake()

    def touch(self, context: AttemptContext) -> None:
        """Send the progress of *context* soon; from any thread."""
        self._gate.touch(context)
        self._wake()

    def _run_one(self, context: AttemptContext) -> Record:
        record: Record | None = None
        task = self._tasks.get(context.task)
        if task is None:
            return outcome(context, kind="error", error=_missing(context.task), retry=False)
        self._mark.set(context.sequence, time.monotonic())
        self._current = PROCESS.only = context
        try:
            with contextlib.suppress(Stop):  # a `Stop` may come after the function has returned
                record = self._new_context().run(execute, task, context)
        except BaseException as error:  # noqa: BLE001 - it must cost this attempt, and not the process
            context.ended = True
            record = escaped(context, error)
        self._current = PROCESS.only = None
        self._streams.restore()
        self._alarms.clear()
        return record or stopped(context, context.stop_reason)

    def _raise_in_task(self, _: int, frame: FrameType | None) -> None:
        """Run in the main thread, wherever that is; only the attempt that is meant is hit, and once."""
        context = self._current
        if context is not None and context.stop is not None and not context.ended and not context.stopped_at:
            if is_in_hook(frame) or is_importing(frame):
                self._hit_again(context)
                return
            if context.shields:
                context.is_stop_due = True
                return
            context.stopped_at = time.monotonic()
            raise (TimeLimit if context.stop == "time_limit" else Cancelled)(context.stop_reason)

    def _hit_again(self, context: AttemptContext) -> None:
        """What was raised in *context* was lost, or came where nothing may be: the talking thread sends the signal again."""
        context.stopped_at = 0.0
        self._missed = context
        self._wake()

    def _wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            os.write(self._wake_write, b".")

    def _talk(self) -> None:
        """Talk until the process ends. Without this thread it is deaf, so whatever ends the thread ends the process, too."""
        try:
            self._talk_on()
        except BaseException:  # noqa: BLE001 - printed, and the worker sees the end of the process
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(DEAF_EXIT_CODE)

    def _talk_on(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        unframer = Unframer()
        wait: float | None = None
        while True:
            if self._records or self._line:
                wait = FLUSH_AFTER
            events = poll.poll(None if wait is None else wait * 1000)
            for descriptor, _ in events:
                if descriptor == self._wake_read:
                    os.read(self._wake_read, 1024)
                    self._is_awake = False
                    continue
                for message in unframer.feed(self._receive()):
                    self._obey(*message)
            missed, self._missed = self._missed, None
            if missed is not None:
                time.sleep(pause_before_again())
                signal.pthread_kill(self._main_thread, signal.SIGUSR1)
            progress, wait = self._gate.take(time.monotonic())
            self._records += progress
            self._send()

    def _receive(self) -> bytes:
        with contextlib.suppress(ConnectionError):
            data = self._socket.recv(MAX_READ_BYTES)
            if data:
                return data
        return _end_with_worker()

    def _obey(self, order: str, *words: Any) -> None:
        self._orders[order](*words)

    def _run(self, rows: list[Any]) -> None:
        for sequence, job, attempt, task, packed, run_within, notes, flags, deadline in rows:
            context = AttemptContext(job, attempt, task, packed, run_within, self)
            context.sequence, context.notes, context.deadline = sequence, notes, deadline
            context.parking = self if flags & CAN_WAIT else None
            context.has_permits, context.is_once = bool(flags & HAS_PERMITS), bool(flags & IS_ONCE)
            self._held[job, attempt] = context
            self._line.append(context)
        if not self._tokens.qsize():
            self._tokens.put(True)

    def _note(self, job: str, attempt: int, name: str, text: str) -> None:
        context = self._held.get((job, attempt))
        if context is not None:
            context.told(name, text)

    def _stop_one(self, job: str, attempt: int, kind: Any, reason: str) -> None:
        key = job, attempt
        context = self._held.get(key)
        if context is None:
            return
        context.stop_reason = reason
        context.stop = kind
        try:
            self._line.remove(context)
        except ValueError:
            signal.pthread_kill(self._main_thread, signal.SIGUSR1)
            self.leave(context)  # its other threads look why
            return
        del self._held[key]
        self._records.append(stopped(context, reason))

    def _recorded(self, job: str, attempt: int, mark: int) -> None:
        context = self._held.get((job, attempt))
        if context is not None and context.output is not None:
            context.output.recorded(mark)

    def park(self, context: AttemptContext, *, may_suspend: bool) -> bool:
        """Have another process run what would run in the slot of this one."""
        self.put((PARKED, [*context.key, True]))
        return True

    def unpark(self, context: AttemptContext) -> None:
        """The attempt goes on."""
        self.put((PARKED, [*context.key, False]))

    def leave(self, context: AttemptContext) -> None:
        """Have a parked attempt suspended."""
        if context.waits is not None:
            context.waits.wake()

    def _leave(self, job: str | None, attempt: int) -> None:
        self.is_leaving = self.is_leaving or job is None
        context = self._current if job is None else self._held.get((job, attempt))
        if context is not None:
            self.leave(context)

    def _give_up(self, count: int | None) -> None:
        keys: list[tuple[str, int]] = []
        try:
            while count is None or len(keys) < count:
                keys.append(self._line.pop().key)
        except IndexError:
            pass
        for key in keys:
            self._held.pop(key, None)
        self._records.append(("back", keys))

    def _send(self) -> None:
        """Send all waiting records."""
        with self._sending:
            batch: list[Any] = []
            try:
                while True:
                    batch.append(self._records.popleft())
            except IndexError:
                pass
            if batch:
                try:
                    self._socket.sendall(self._sendable.packed(batch))
                except ConnectionError:
                    _end_with_worker()
                except OSError:  # a task has closed the descriptor
                    os._exit(DEAF_EXIT_CODE)


def _end_with_worker() -> NoReturn:
    """End this process and the programs that the task has started: the worker, which would end them, is gone."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # this process is in the group, too
    os._exit(0)


def _missing(task: str) -> dict[str, Any]:
    """Return the error of a task that the worker has and this process, which has imported the application again, has not."""
    return {
        "type": "UnknownTask",
        "message": f"{task!r} is declared in the worker, and was not when its child process imported the application: declare "
        'it while the module is imported, whatever the process, or give it pool="thread"',
    }


def _tell(sentence: str) -> None:
    """Write *sentence* to the worker's log, which is where this process's standard error goes."""
    with contextlib.suppress(OSError, ValueError):  # standard error is closed
        print(f"taskbahn: {sentence}", file=sys.__stderr__, flush=True)


def main() -> None:
    """Serve the worker that started this process."""
    descriptor, mark, target = sys.argv[1:4]
    for own in (descriptor, mark):  # programs that a task starts must not hold them
        os.set_inheritable(int(own), False)
    connection = socket.socket(fileno=int(descriptor))
    sys.argv = [target]
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    share_interpreter()
    Capture().start()  # before the import, which may bind the streams
    in_worker()
    alarms = Alarms()
    alarms.start()
    if level := os.environ.get("TASKBAHN_LOGLEVEL"):
        set_log_level(level)
    tasks = load_app(target).tasks
    alarms.imported()
    HelperThreads().start()
    Relay().start()
    PROCESS.work(_tell)
    Child(connection, Mark(int(mark)), tasks, alarms).run()


if __name__ == "__main__":
    main()
