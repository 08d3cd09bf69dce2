"""`taskbahn logs`: lines as they are printed, and where a later attempt begins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from taskbahn.cli.logs import Shown
from taskbahn.jobs.job import LogLine, log_line
from taskbahn.protocol.messages import Event

if TYPE_CHECKING:
    import pytest

LINES = [LogLine(number, 0.0, "INFO", "shop", f"line {number}", attempt) for number, attempt in enumerate((0, 1, 1, 3, 3))]


def test_where_a_later_attempt_begins_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown(as_json=False)
    for line in LINES:
        shown.print(line)
    printed = [line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()]
    assert printed == [
        "INFO    line 0",
        "INFO    line 1",
        "INFO    line 2",
        "-- attempt 3 --",
        "INFO    line 3",
        "INFO    line 4",
    ]


def test_as_json_each_line_has_its_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown(as_json=True)
    for line in LINES:
        shown.print(line)
    assert [json.loads(line)["attempt"] for line in capsys.readouterr().out.splitlines()] == [0, 1, 1, 3, 3]


def test_a_line_of_an_event_has_its_attempt() -> None:
    event = Event(job="j", number=7, kind="log", at=1.0, data={"level": "INFO", "logger": "l", "message": "m"}, attempt=2)
    assert log_line(event) == LogLine(7, 1.0, "INFO", "l", "m", 2)
