"""Log records and printed text of an attempt become its log lines, and still go where they went before.

Records are taken where the `logging` package hands them to handlers: after levels and filters, without a handler of
ours on anybody's logger, so `basicConfig` and all settings work as ever. An attempt that says nothing pays nothing.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

from taskbahn.attempt import ACTIVE, MAX_LOG_LINE, MAX_NAME
from taskbahn.handover import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_OURS = ("taskbahn", "twisted", "asyncio")  # loggers of the worker itself


class Tee:
    """A text stream that also tells the active attempt what is written to it; everything else is the stream's own."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> int:
        """Write *text* to the stream and to the job's log."""
        written = self._stream.write(text)
        context = ACTIVE.get()
        if context is not None and text:
            context.say().printed(self._name, text)
        return written

    def writelines(self, lines: Any) -> None:
        """Write each of *lines*."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Capture:
    """Puts the hooks in place with `start` and takes them away with `stop`; both may be called twice."""

    def __init__(self) -> None:
        self._streams: tuple[TextIO, TextIO] | None = None
        self._call_handlers: Callable[[logging.Logger, logging.LogRecord], None] | None = None

    def start(self) -> None:
        """Begin to take records and text."""
        if self._streams is not None:
            return
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = cast("TextIO", Tee(sys.stdout, "stdout")), cast("TextIO", Tee(sys.stderr, "stderr"))
        self._call_handlers = original = logging.Logger.callHandlers

        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
            context = ACTIVE.get()
            if context is None:
                original(logger, record)
                return
            if not str(record.name).startswith(NOT_OURS):
                context.say().line(record.levelname, record.name, _text(record))
            token = ACTIVE.set(None)  # a handler that prints must not make a second line
            try:
                original(logger, record)
            finally:
                ACTIVE.reset(token)

        logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign, assignment]

    def stop(self) -> None:
        """Put back what was there."""
        if self._streams is None or self._call_handlers is None:
            return
        sys.stdout, sys.stderr = self._streams
        logging.Logger.callHandlers = self._call_handlers  # type: ignore[method-assign, assignment]
        self._streams = self._call_handlers = None


FORMAT = logging.Formatter("%(message)s")


def _text(record: logging.LogRecord) -> str:
    try:
        return FORMAT.format(record)  # with the traceback of `logger.exception`
    except Exception as broken:  # noqa: BLE001 - arguments that do not fit the format: logging reports it itself
        return f"{text_of(record.msg, MAX_LOG_LINE)} ({type(broken).__name__}: {text_of(broken, MAX_NAME)})"
