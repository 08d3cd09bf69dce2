"""What an attempt says, kept for a test to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.context import NOTICE
from taskbahn.protocol.progress import Progress

if TYPE_CHECKING:
    from taskbahn.attempt.context import AttemptContext, Record


class Said:
    """What one attempt has said: `logs` are lines as text, `stages` names, `chunks` values, `questions` texts,
    `steps` what they returned, by name.

    slept: seconds that it has slept.   All of it may be read while the attempt goes on. It is the `RecordSink` of the attempt.
    """

    def __init__(self) -> None:
        self.logs: list[str] = []
        self.lines: list[dict[str, Any]] = []  # level, logger and message of each line
        self.chunks: list[Any] = []
        self.questions: list[str] = []
        self.steps: dict[str, Any] = {}  # what they returned, by name
        self.slept = 0.0
        self.heard: list[tuple[Any, float, Any]] = []  # kind, time and data of each log line and chunk, in their order
        self._context: AttemptContext | None = None

    def __repr__(self) -> str:
        counts = {name: len(getattr(self, name)) for name in ("logs", "stages", "chunks", "questions", "steps")}
        said = ", ".join(f"{name}: {count}" for name, count in counts.items() if count)
        return f"<Said {said or 'nothing'}{f', slept {self.slept:g} s' if self.slept else ''}>"

    @property
    def stages(self) -> list[str]:
        """The names of the stages, in their order."""
        return [stage.name for stage in self.progress.stages]

    @property
    def progress(self) -> Progress:
        """The newest progress: `fraction`, `message`, `data`, `stages`."""
        output = None if self._context is None else self._context.output
        return Progress() if output is None else msgspec.convert(msgspec.to_builtins(output.progress), Progress)

    def sent_progress(self) -> dict[str, Any] | None:
        """Return the newest progress as it travels; None: there was none."""
        output = None if self._context is None else self._context.output
        if output is None or output.progress == Progress():
            return None
        plain: dict[str, Any] = output.progress_record(0.0)[1][4]
        return plain

    def cancel(self, reason: str = "the test cancels it") -> None:
        """Order the attempt to stop: `current.is_cancelled` is true from now on, and `current.check()` raises Cancelled."""
        if self._context is not None:
            self._context.stop, self._context.stop_reason = "cancelled", reason

    def of(self, context: AttemptContext) -> None:
        """Be for this attempt."""
        self._context = context

    def put(self, record: Record) -> None:
        """Take a record of the attempt."""
        kind, data = record
        if kind != NOTICE:
            return
        _, _, what, at, value, *mark = data
        if what in ("log", "chunk"):
            self.heard.append((what, at, value))
        if what == "log":
            self.lines.append(value)
            self.logs.append(value["message"])
        elif what == "chunk":
            self.chunks.append(value)
        elif what == "question":
            self.questions.append(value["question"])
        elif what == "note" and value["name"].startswith("step:"):
            self.steps[value["name"].removeprefix("step:")] = msgspec.json.decode(value["value"])
        if mark and self._context is not None and self._context.output is not None:
            self._context.output.recorded(mark[0])

    def touch(self, context: AttemptContext) -> None:
        """Note that the progress has changed: `progress` reads it from the attempt."""
