"""Text that is printed piece by piece, as the lines that a terminal would have shown in the end."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OVERWRITTEN_INTERVAL = 10.0  # seconds between two states of one line that is written over and over, such as tqdm's
_CONTROL = re.compile(r"(\r|\x1b\[[0-2]?K)")  # controls that go to the start of the line, or erase a part of it
_UP = re.compile(r"\x1b\[\d*A")  # control that goes up a line, as several progress bars do
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")  # colours, moves, titles, links


class PrintedText:
    """What one thread has written to one stream and not ended yet. longest: characters after which a line is cut."""

    def __init__(self, longest: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest = longest
        self._clock = clock
        self._line = ""
        self._column = 0
        self._is_overwritten = False
        self._shown_at = 0.0
        self._is_block = False  # whether several lines are overwritten together
        self._held = ""  # in a block: the last ended line, which may still be overwritten

    def feed(self, text: str) -> Iterator[str]:
        """Add *text* and yield the lines that are complete, and now and then the state of one that is overwritten."""
        *lines, rest = text.split("\n")
        for line in lines:
            self._write(line)
            if self._is_overwritten:
                yield from self._end_overwritten()
            else:
                yield from (*self._release(), self._line)
            self._clear()
        if not rest:
            return
        self._write(rest)
        if len(self._line) > self._longest:
            yield self._line
            self._clear()
        elif self._is_overwritten and self._line.strip() and self._clock() - self._shown_at >= OVERWRITTEN_INTERVAL:
            self._shown_at = self._clock()
            yield self._line.rstrip()

    def end(self) -> list[str]:
        """Return the text that has no line end yet, and forget it."""
        rest = self._line.rstrip() if self._is_overwritten else self._line
        self._clear()
        return [*self._release(), *([rest] if rest else [])]

    def _end_overwritten(self) -> list[str]:
        line = self._line.rstrip()
        if not line:
            return []
        if self._is_block and self._clock() - self._shown_at < OVERWRITTEN_INTERVAL:
            self._held = line
            return []
        self._shown_at = self._clock()
        self._held = ""
        return [line]

    def _release(self) -> list[str]:
        held, self._held, self._is_block = self._held, "", False
        return [held] if held else []

    def _clear(self) -> None:
        self._line, self._column, self._is_overwritten = "", 0, False

    def _write(self, text: str) -> None:
        if "\r" not in text and "\x1b" not in text and self._column == len(self._line):
            self._line += text
            self._column = len(self._line)
            return
        if _UP.search(text):
            self._is_block = True
        for part in _CONTROL.split(_without_colours(text)):
            self._write_part(part)

    def _write_part(self, part: str) -> None:
        if part == "\r":
            self._column = 0
            if not self._is_overwritten:
                self._is_overwritten = True
                if not self._is_block:
                    self._shown_at = self._clock()
        elif part.startswith("\x1b["):
            self._line = "" if part == "\x1b[2K" else self._line[: self._column]
            self._line = self._line.ljust(self._column)
        elif part:
            self._line = self._line[: self._column] + part + self._line[self._column + len(part) :]
            self._column += len(part)


def _without_colours(text: str) -> str:
    return _ESCAPE.sub(lambda found: found[0] if _CONTROL.fullmatch(found[0]) else "", text)
