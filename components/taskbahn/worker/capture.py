"""Log records and printed text of an attempt become its log lines, and still go where they went before.

Records are taken where the `logging` package hands them to handlers: after levels and filters, without a handler of
Taskbahn's on any logger, so `basicConfig` and all settings work as ever. The streams are replaced before the application
is imported, so what it binds then (loguru, `from sys import stdout`, a `StreamHandler`) is captured, too; what a handler of
the `logging` package writes is not taken a second time. An attempt that says nothing pays nothing.
"""

from __future__ import annotations

import codecs
import contextlib
import logging
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO, cast

from taskbahn.attempt.context import MAX_LOG_LINE
from taskbahn.attempt.hidden import quiet, quiet_bytes
from taskbahn.attempt.ownership import PROCESS, heard, owner
from taskbahn.attempt.plain_data import text_of
from taskbahn.attempt.stages import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

OWN_LOGGERS = ("taskbahn", "twisted", "asyncio")  # loggers of the worker itself
# True while a log handler writes: its record is a log line already
HANDLING: ContextVar[bool] = ContextVar("taskbahn_handling", default=False)


class Tee:
    """A text stream that also tells the attempt what is written to it; everything else is the stream's own.

    It is there for all attempts of the process, so it outlives what one does to it: `close` and `detach` leave the stream
    below as it is, and what that one does not take (closed, broken, full, another encoding) still becomes a log line of the attempt.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._buffer: BufferTee | None = None

    @property
    def buffer(self) -> Any:
        """The bytes below the stream, as the attempt hears them, too."""
        if self._buffer is None:
            self._buffer = BufferTee(self._stream.buffer, self._name, self._stream.encoding)
        return self._buffer

    def write(self, text: Any) -> int:
        """Write *text* to the job's log and to the stream; raises what the stream raises only if no job has heard it."""
        if not isinstance(text, str) or not tell_printed(self._name, text):
            return self._stream.write(text)
        size, text = len(text), quiet(text)
        with contextlib.suppress(OSError, ValueError):
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(text.encode(self._stream.encoding, "backslashreplace").decode(self._stream.encoding))
        return size

    def flush(self) -> None:
        """Flush the stream below; a closed or broken one has nothing to flush."""
        if owner() is None:
            self._stream.flush()
            return
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def close(self) -> None:
        """Flush: other attempts go on to write."""
        self.flush()

    def detach(self) -> Any:
        """Return what is below, and stay in use."""
        self.flush()
        return self.buffer

    def writelines(self, lines: Any) -> None:
        """Write each of *lines*."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class BufferTee:
    """The binary stream below a `Tee`, of which the attempt hears the text."""

    def __init__(self, stream: Any, name: str, encoding: str) -> None:
        self._stream = stream
        self._name = name
        self._encoding = encoding or "utf-8"
        self._new_decoder = codecs.getincrementaldecoder(self._encoding)
        self._decoders: dict[int, codecs.IncrementalDecoder] = {}  # by thread, for a thread may write half a character

    def write(self, data: Any) -> int:
        """Write *data* to the stream, and its text to the job's log."""
        if owner() is None:
            return cast("int", self._stream.write(data))
        raw = bytes(memoryview(data))
        decoder = self._decoders.setdefault(threading.get_ident(), self._new_decoder("replace"))
        tell_printed(self._name, decoder.decode(raw))
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(quiet_bytes(raw, self._encoding))
        return len(raw)

    def flush(self) -> None:
        """Flush the stream below, as `Tee.flush`."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def close(self) -> None:
        """Flush: a `TextIOWrapper` that a task has put around it closes it when it is not needed any more."""
        self.flush()

    def writelines(self, lines: Any) -> None:
        """Write each of *lines*."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def without_tee(stream: TextIO) -> TextIO:
    """Return *stream* itself, for what the worker says and no job does."""
    return stream._stream if isinstance(stream, Tee) else stream  # noqa: SLF001 - of this module


def tell_printed(stream: str, text: str) -> bool:
    """Give *text* to the attempt that wrote it, if it is not a log handler that did; return whether there is such an attempt."""
    if HANDLING.get():
        return owner() is not None
    context = heard("what was printed") if text.strip() else owner()
    if context is None:
        return False
    if text:
        context.open_output().printed(stream, text)
    return True


class Streams:
    """The standard streams as the import of the application left them; to be made when it is done and `Capture` has started."""

    def __init__(self) -> None:
        self._out, self._err = sys.stdout, sys.stderr

    def restore(self) -> None:
        """Put the streams back if an ended attempt has left others, and no other attempt here may use those."""
        if getattr(sys, "stdout", self) is self._out and getattr(sys, "stderr", self) is self._err:
            return
        if not PROCESS.is_busy():
            sys.stdout, sys.stderr = self._out, self._err


class Capture:
    """Puts the hooks in place with `start` and takes them away with `stop`; both may be called twice.

    One that starts while another works leaves everything to it.
    """

    def __init__(self) -> None:
        self._streams: tuple[TextIO, TextIO] | None = None
        self._logging: tuple[Any, Any] | None = None

    def start(self) -> None:
        """Begin to take records and text."""
        if self._streams is not None or isinstance(sys.stdout, Tee) or isinstance(sys.stderr, Tee):
            return
        self._streams = sys.stdout, sys.stderr
        if sys.stdout is not None:
            sys.stdout = cast("TextIO", Tee(sys.stdout, "stdout"))
        if sys.stderr is not None:
            sys.stderr = cast("TextIO", Tee(sys.stderr, "stderr"))
        self._logging = logging.Logger.callHandlers, logging.Handler.handle
        logging.Logger.callHandlers = _take_record(logging.Logger.callHandlers)  # type: ignore[method-assign, assignment]
        logging.Handler.handle = _muted(logging.Handler.handle)  # type: ignore[method-assign, assignment]

    def stop(self) -> None:
        """Put back the original functions and streams."""
        if self._streams is None or self._logging is None:
            return
        sys.stdout, sys.stderr = self._streams
        logging.Logger.callHandlers, logging.Handler.handle = self._logging  # type: ignore[method-assign]
        self._streams = self._logging = None


def _take_record(
    original: Callable[[logging.Logger, logging.LogRecord], None],
) -> Callable[[logging.Logger, logging.LogRecord], None]:
    handle = _muted(original)

    def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
        if not HANDLING.get() and not str(record.name).startswith(OWN_LOGGERS):
            context = heard("a log record")
            if context is not None:
                context.open_output().line(record.levelname, record.name, _text(record))
        handle(logger, record)

    return call_handlers


def _muted(original: Callable[[Any, logging.LogRecord], Any]) -> Callable[[Any, logging.LogRecord], Any]:
    """Return *original*, which hands a record on, so that what it prints is not a second line; also a `QueueListener`'s thread."""

    def muted(one: Any, record: logging.LogRecord) -> Any:
        token = HANDLING.set(True)
        try:
            return original(one, record)
        finally:
            HANDLING.reset(token)

    return muted


FORMAT = logging.Formatter("%(message)s")


def _text(record: logging.LogRecord) -> str:
    try:
        return FORMAT.format(record)  # the format includes the traceback of `logger.exception`
    except Exception as broken:  # noqa: BLE001 - arguments that do not fit the format: logging reports it itself
        return f"{text_of(record.msg, MAX_LOG_LINE)} ({type(broken).__name__}: {text_of(broken, MAX_NAME)})"
