"""One attempt as the code that runs it sees it, in whatever thread, process or coroutine that is.

It knows nothing of connections: all it says goes to its `RecordSink`. The active one is found through a context variable, so
that it follows coroutines and `asyncio.to_thread`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.hidden import quiet_data
from taskbahn.attempt.plain_data import seconds_of, sized_data_of, text_of
from taskbahn.attempt.printed_text import PrintedText
from taskbahn.attempt.stages import MAX_NAME, StageBook
from taskbahn.attempt.stops import Cancelled, TimeLimit
from taskbahn.errors import TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.progress import Progress, fraction_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.attempt.chunk_window import ChunkWindow
    from taskbahn.attempt.memory import Memory
    from taskbahn.attempt.waiting import Parking, Waits
    from taskbahn.encryption.attempts import AttemptCipher
    from taskbahn.future import Future

MAX_LOG_LINES = 10_000  # log lines of one attempt
MAX_LOG_LINE = 8 * 1024  # characters
MAX_CHUNKS = 100_000  # chunks of one attempt

StopKind = Literal["cancelled", "time_limit", "back", "refused"]
Record = tuple[str, Any]  # of one of the kinds below
DONE, FAILED, NOTICE = "done", "failed", "notice"  # list of a messages.Done, dict of a messages.Failed, list of a messages.Notice
SUSPENDED, PARKED = "suspended", "parked"  # dict of a protocol.suspended.Suspended; job, attempt, whether it gave its slot back


class RecordSink(Protocol):
    """Takes what attempts say; both may be called from any thread."""

    def put(self, record: Record) -> None:
        """Send *record* on, in order."""

    def touch(self, context: AttemptContext) -> None:
        """Ask *context* for its `progress_record` soon: it has changed."""


class CopyRelay(Protocol):
    """Takes what copies of this process say that attempts have forked."""

    def drain(self, context: AttemptContext) -> None:
        """Take what copies of *context* have said until now."""


class AttemptContext:
    """One attempt: what it is, whether it has to stop, what it has said so far.

    run_within: seconds since `began` (monotonic clock), or None.   stop: why it has to end, or None.
    stopped_at: when the stop was ordered, monotonic.   ended: its outcome is known; nothing may be raised in it any more.
    sequence: its place in the order of its child process.   relay: listens for processes that it forked, or None.
    shields: places in its code where it may not be stopped.   is_stop_due: the stop waits for them.
    notes: what its job remembers, as JSON by name.   can_park: its dispatcher knows attempts that wait without a slot.
    parking: takes its slot back while it waits; None: it keeps it.
    has_permits: of limits, which it keeps as long as it runs.   is_once: its function is never called again.
    is_unfit: the code here does not take its arguments, and nothing was called.
    is_scripted: it belongs to a test, and its waits take no time.
    waited: seconds for which it was parked.   parked_at: since when it is, monotonic.
    deadline: when its job has to have ended, seconds since 1970.   cipher: of an encrypted job: by it all is encrypted that it says.
    """

    __slots__ = (
        "attempt", "began", "bereft_at", "can_park", "cipher", "deadline", "ended", "has_permits", "helpers", "hidden",
        "is_once", "is_scripted", "is_stop_due", "is_unfit", "job", "memory", "notes", "output", "packed", "parked_at",
        "parking", "pid", "relay", "run_within", "sequence", "shields", "sink", "started_at", "stop", "stop_reason",
        "stopped_at", "task", "thread", "waited", "waits",
    )  # fmt: skip

    def __init__(self, job: str, attempt: int, task: str, packed: str, run_within: float | None, sink: RecordSink) -> None:
        self.job = job
        self.attempt = attempt
        self.task = task
        self.packed = packed
        self.run_within = run_within
        self.sink = sink
        self.started_at = 0.0
        self.began = 0.0
        self.stop: StopKind | None = None
        self.stop_reason = ""
        self.stopped_at = 0.0
        self.ended = False
        self.helpers: list[Any] | None = None  # processes that the attempt has started
        self.bereft_at = 0.0  # when the worker killed those processes, monotonic
        self.shields = 0
        self.is_stop_due = False
        self.sequence = 0
        self.output: AttemptOutput | None = None
        self.relay: CopyRelay | None = None
        self.notes: dict[str, str] = {}
        self.hidden: set[str] | None = None  # texts that it must not show
        self.cipher: AttemptCipher | None = None
        self.parking: Parking | None = None
        self.deadline: float | None = None
        self.can_park = self.has_permits = self.is_once = self.is_scripted = self.is_unfit = False
        self.waits: Waits | None = None
        self.memory: Memory | None = None
        self.pid = self.thread = 0
        self.waited = 0.0
        self.parked_at: float | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What names this attempt on the wire."""
        return self.job, self.attempt

    def encrypt(self, cipher: AttemptCipher, packed: str) -> None:
        """Be an attempt of an encrypted job; packed: its arguments, decrypted.  Raises DecryptionFailed."""
        with _opening:
            self.packed, self.cipher = packed, cipher
            cipher.open_all(self.notes)

    def begin(self) -> None:
        """Note the time: the task's function is called next."""
        self.started_at = CLOCK.time()
        self.began = CLOCK.monotonic()
        self.pid, self.thread = os.getpid(), threading.get_ident()

    def open_output(self) -> AttemptOutput:
        """Return what this attempt has said, to add to it."""
        if self.output is None:
            with _opening:
                if self.output is None:
                    self.output = AttemptOutput(self)
        return self.output

    @property
    def can_wait(self) -> bool:
        """Whether it may give its slot back, and its job remembers things: in its own process, until it has ended."""
        return self.parking is not None and not self.ended and self.pid == os.getpid()

    def open_waits(self) -> Waits:
        """Return its waits; to be called where it `can_wait`."""
        if self.waits is None:
            from taskbahn.attempt.waiting import Waits  # late: most attempts wait for nothing

            assert self.parking is not None  # noqa: S101 - the caller has looked
            with _opening:
                if self.waits is None:
                    self.waits = Waits(self, self.parking)
        return self.waits

    def open_memory(self) -> Memory:
        """Return what its job remembers."""
        if self.memory is None:
            from taskbahn.attempt.memory import Memory  # late, as above

            with _opening:
                if self.memory is None:
                    self.memory = Memory(self)
        return self.memory

    def told(self, name: str, text: str) -> None:
        """Take what its job remembers from now on, which came from outside; from any thread."""
        with _opening:
            self.notes[name] = text
            if self.cipher is not None and not self.cipher.open_one(self.notes, name):
                return
        if self.memory is not None:
            self.memory.came(name)

    def finish(self) -> None:
        """Send what is still unsaid; to be called before the outcome is put."""
        if self.relay is not None:
            self.relay.drain(self)
        if self.output is not None:
            self.output.finish()

    def extend(self, seconds: float) -> None:
        """Add to the time limit, if there is one; raises ValueError beyond a hundred years."""
        if self.run_within is not None:
            self.run_within = seconds_of(self.run_within + seconds, "a time limit")
            self.sink.put((NOTICE, [self.job, self.attempt, "extend", CLOCK.time(), self.run_within]))

    def check(self) -> None:
        """Raise Cancelled or TimeLimit if the attempt has to stop."""
        if self.stop is not None:
            stop = (TimeLimit if self.stop == "time_limit" else Cancelled)(self.stop_reason)
            stop.is_thrown = False
            raise stop


class AttemptOutput:
    """Progress, log lines and chunks of one attempt, within their bounds. Made only for attempts that say something.

    original: what the attempt had said when it forked the copy for which this is made.
    """

    def __init__(self, context: AttemptContext, original: AttemptOutput | None = None, *, is_copy: bool = False) -> None:
        self.context = context
        self.progress = Progress()
        self.stages: StageBook = StageBook(self.progress, self._warn, original.stages.count if original else 0)
        self._is_copy = is_copy
        self.is_changed = False
        self.sent_at = 0.0  # when the last progress record was sent, monotonic
        self.window: ChunkWindow | None = None  # only for generators
        self._mark = 0
        self._marking = threading.Lock()  # a task may speak from several threads
        self._lines = 0
        self._chunks = 0
        self._unfinished: dict[tuple[str, int], PrintedText] = {}  # text without a line end, by stream and thread
        self._finished = False
        self._unrecorded: deque[tuple[int, Future[None]]] = deque()  # notes on their way, by mark

    def changed(self) -> bool:
        """Have the new progress sent soon; False after the end, when the attempt sends nothing any more."""
        if not self.is_changed and not self._finished:
            self.is_changed = True
            self.context.sink.touch(self.context)
        return not self._finished

    def progress_record(self, now: float) -> Record:
        """Return the newest progress as a notice; now: monotonic. Without a fraction of the task it has that of its stages."""
        self.is_changed = False
        self.sent_at = now
        context = self.context
        said = messages.plain(self.progress)
        fraction = None if self._is_copy or self.progress.fraction is not None else fraction_of(self.progress.stages)
        if fraction is not None:
            said["fraction"] = fraction
        said = quiet_data(context, said)
        if context.cipher is not None and not self._is_copy:
            said = context.cipher.notice("progress", said)
        return NOTICE, [context.job, context.attempt, "progress", CLOCK.time(), said]

    def await_event(self, data: dict[str, Any]) -> None:
        """Say for which event the job waits."""
        self._notice("event", data)

    def question(self, data: dict[str, Any]) -> None:
        """Ask a question, or say once more that it waits."""
        self._notice("question", quiet_data(self.context, data))

    def note(self, name: str, text: str) -> Future[None]:
        """Have the job remember a JSON text under a name; return what is done when that is recorded."""
        from taskbahn.future import Future  # late: the processes of a worker need no client

        future: Future[None] = Future()
        if not self._notice("note", {"name": name, "value": text}, lambda mark: self._unrecorded.append((mark, future))):
            future.resolve(None)  # the attempt is over, and no other one needs it
        return future

    def recorded(self, mark: int) -> None:
        """All that was said up to a mark is recorded; from any thread."""
        if self.window is not None:
            self.window.recorded(mark)
        while self._unrecorded and self._unrecorded[0][0] <= mark:
            self._unrecorded.popleft()[1].resolve(None)

    def _notice(
        self,
        kind: Literal["log", "chunk", "note", "question", "event"],
        data: Any,
        expect: Callable[[int], None] | None = None,
    ) -> bool:
        """Say something; return whether there still is an attempt for it.

        expect: called with its mark before another thread may hear that it is recorded.
        """
        context = self.context
        with self._marking:
            if self._finished:  # a thread may outlive the attempt, whose outcome may be on its way
                return False
            self._mark += 1
            if expect is not None:
                expect(self._mark)
            if context.cipher is not None and not self._is_copy:
                data = context.cipher.notice(kind, data)
            context.sink.put((NOTICE, [context.job, context.attempt, kind, CLOCK.time(), data, self._mark]))
            return True

    def _warn(self, why: str) -> None:
        self.line("WARNING", "taskbahn", why)

    def line(self, level: Any, logger: Any, message: Any) -> None:
        """Send one log line, made plain and cut to its bound; after the last allowed one, a line that says so."""
        self._lines += 1
        if self._lines > MAX_LOG_LINES:
            if self._lines > MAX_LOG_LINES + 1:
                return
            level, logger, message = (
                "WARNING",
                "taskbahn",
                f"more than {MAX_LOG_LINES:,} log lines: the rest is only in the worker's own log",
            )
        said = {"level": text_of(level, MAX_NAME), "logger": text_of(logger, MAX_NAME), "message": text_of(message, MAX_LOG_LINE)}
        self._notice("log", quiet_data(self.context, said))

    def printed(self, stream: str, text: str) -> None:
        """Take text that this thread wrote to *stream*; each full line becomes a log line."""
        key = stream, threading.get_ident()
        printed = self._unfinished.get(key)
        if printed is None:
            printed = self._unfinished[key] = PrintedText(MAX_LOG_LINE)
        for line in printed.feed(text):
            self.line("INFO", stream, line)

    def end_thread(self) -> None:
        """Send the last lines of this thread that had no end; another thread may get its number."""
        for stream in ("stdout", "stderr"):
            printed = self._unfinished.pop((stream, threading.get_ident()), None)
            if printed is not None:
                self._end_line(stream, printed)

    def _end_line(self, stream: str, printed: PrintedText) -> None:
        for line in printed.end():
            self.line("INFO", stream, line)

    def relayed(self, pid: int, kind: str, data: Any) -> None:
        """Say for the process *pid*, a forked copy of this one, what it said; data: as in its notice of *kind*."""
        if kind == "log":
            self.line(data["level"], data["logger"], data["message"])
        elif kind == "chunk":
            self._chunks += 1
            if self._chunks <= MAX_CHUNKS:
                self._notice("chunk", data)
        else:
            said = msgspec.convert(data, Progress)
            if said.fraction is not None:
                self.progress.fraction, self.progress.message, self.progress.data = said.fraction, said.message, said.data
            self.stages.relayed(pid, said.stages)
            self.changed()

    def chunk(self, value: Any, window: ChunkWindow | None = None) -> None:
        """Send one chunk, counted in a window. Raises TooLarge, TooDeep, TypeError, ValueError."""
        data, size = sized_data_of(value, "a chunk", messages.MAX_ARGUMENTS)
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            raise TooLarge("chunks of one attempt", self._chunks, MAX_CHUNKS, "send fewer, larger ones")
        self._notice("chunk", data, None if window is None else lambda mark: window.sent(mark, size))

    def finish(self) -> None:
        """Send the last line if it had no end, and the newest progress if it was not sent yet."""
        unfinished, self._unfinished = self._unfinished, {}
        for (stream, _), printed in unfinished.items():
            self._end_line(stream, printed)
        for stream in {stream for stream, _ in unfinished}:
            with contextlib.suppress(Exception):  # the stream is closed, or the task has put an object of its own there
                getattr(sys, stream).flush()  # a process may be ended before Python does so
        with self._marking:
            self._finished = True
        if self.is_changed:
            self.context.sink.put(self.progress_record(CLOCK.monotonic()))


_opening = threading.Lock()  # one for all attempts: a task may speak from several threads from the start


def _after_fork() -> None:
    global _opening  # noqa: PLW0603 - another thread of the parent may have held it
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)

ACTIVE: ContextVar[AttemptContext | None] = ContextVar("taskbahn_attempt", default=None)
