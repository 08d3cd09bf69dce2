"""Lines of the router's log stay its own, whatever a stranger has put into them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogLevel, formatEvent
from twisted.python.failure import Failure

from taskbahn.protocol.plain_text import UNSAFE
from taskbahn_router.crossbar_edge.plain_log import INDENT, plain_event


@given(st.text())
def test_text_of_strangers_begins_no_line_and_has_no_controls(said: str) -> None:
    event = plain_event({"log_format": "a stranger said {said}", "log_level": LogLevel.warn, "said": said})
    lines = formatEvent(event).splitlines()
    assert lines[0].startswith("a stranger said")
    assert all(line.startswith(INDENT[1:]) for line in lines[1:])
    assert not any(UNSAFE.search(line) for line in lines)


def failure_of(said: str) -> Any:
    try:
        int(said)
    except ValueError:
        return Failure()  # type: ignore[no-untyped-call]
    return None


def test_a_failure_keeps_its_traceback_without_what_it_could_do() -> None:
    failure = failure_of("\x1b[31m\u202eno\n2026-11-30 [Taskbahn] all is well")
    text = formatEvent(plain_event({"log_format": "it failed: {log_failure.value}", "log_failure": failure}))
    assert "Traceback" in text
    assert not any(line.startswith("2026") for line in text.splitlines())
    assert "\x1b" not in text
    assert "\u202e" not in text
