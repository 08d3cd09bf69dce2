"""What a worker says on its standard error, by level and within what people can read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from taskbahn.attempt.context import AttemptContext
from taskbahn.worker.failure_log import LEVELS, SHOWN_EACH_SECOND, FailureLog, Voice, set_log_level

if TYPE_CHECKING:
    from collections.abc import Callable

ERROR = {
    "type": "ValueError",
    "message": "no",
    "traceback": 'Traceback (most recent call last):\n  File "shop.py"\nValueError: no\n',
}


class Worker:
    """A worker of a level that says `said`; `second` lets one pass."""

    def __init__(self, level: str = "info") -> None:
        self.said: list[str] = []
        self.due: list[Callable[[], None]] = []
        self.log = FailureLog(Voice(self.said.append, level), lambda _, call: self.due.append(call))

    def failed(self, **data: Any) -> None:
        context = AttemptContext("the-job", 2, "shop.fail", "", None, None)  # type: ignore[arg-type]
        self.log.failed(context, {"kind": "error", "error": ERROR} | data)

    def second(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()


def test_a_failed_attempt_is_said_with_its_job_and_traceback() -> None:
    worker = Worker()
    worker.failed()
    worker.failed(kind="time_limit", error={"type": "TimeLimit", "message": "it ran for 5 s"})
    worker.failed(kind="crash", error={"type": "ProcessLost", "message": "signal 9"})
    worker.failed(kind="cancelled", error={"type": "Cancelled"})
    assert worker.said == [
        "job the-job (shop.fail), attempt 2, failed:\n" + ERROR["traceback"].rstrip(),
        "job the-job (shop.fail), attempt 2, was stopped, for its time was over: TimeLimit: it ran for 5 s",
        "job the-job (shop.fail), attempt 2, lost its process: ProcessLost: signal 9",
        "job the-job (shop.fail), attempt 2, was cancelled",
    ]


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_says_what_is_said(level: str) -> None:
    worker = Worker(level)
    worker.failed(kind="cancelled")
    worker.failed()
    assert len(worker.said) == {"debug": 2, "info": 2, "warning": 1, "error": 1, "critical": 0}[level]
    voice = Voice(worker.said.append, level)
    assert [word for word in LEVELS if voice.says(word)] == list(LEVELS[LEVELS.index(level) :])


def test_a_flood_of_failures_is_said_in_a_few_words() -> None:
    worker = Worker()
    for _ in range(1000):
        worker.failed()
    assert len(worker.said) == SHOWN_EACH_SECOND
    worker.second()
    assert worker.said[SHOWN_EACH_SECOND:] == ["995 more attempts of this second failed; `taskbahn errors` groups them"]
    assert worker.due == []
    worker.failed()
    worker.second()
    assert len(worker.said) == SHOWN_EACH_SECOND + 2


def test_the_level_reaches_the_loggers_of_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.getLogger().level)
    set_log_level("debug")
    assert logging.getLogger().getEffectiveLevel() == logging.DEBUG
