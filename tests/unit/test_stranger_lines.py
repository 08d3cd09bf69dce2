"""What others say of a stranger's data is one short line; what they say else stays, but for what is very long."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.logger import LogLevel, formatEvent

from taskbahn_router.crossbar_edge import stranger_lines
from taskbahn_router.crossbar_edge.stranger_lines import MOST_CHARACTERS, MOST_LATER, MOST_SENT, Stranger, bounded


def warning(said: Any, namespace: str = "autobahn.websocket", **more: Any) -> dict[str, Any]:
    return {"log_namespace": namespace, "log_level": LogLevel.warn, "log_format": "it sent {said}", "said": said, **more}


@pytest.mark.parametrize("said", ["a" * 9_000, b"\x01" * 9_000, "a\nb\r" * 900, "{said}" * 900])
def test_a_stranger_has_one_line_with_little_of_what_it_sent(said: Any) -> None:
    stranger_lines.begin(Stranger("192.0.2.7"))
    try:
        first, second = bounded(warning(said)), bounded(warning(said))
    finally:
        stranger_lines.end()
    assert first is not None
    assert second is None
    assert first["log_level"] is LogLevel.info
    text = formatEvent(first)
    assert text.startswith("192.0.2.7: it sent ")
    assert len(text) < MOST_SENT + 40 < MOST_CHARACTERS
    assert len(text.splitlines()) == 1


def test_of_a_traceback_the_line_has_what_was_wrong() -> None:
    stranger_lines.begin(Stranger("192.0.2.7"))
    try:
        event = bounded(
            warning("", log_format="{tb}", tb="Traceback (most recent call last):\n  File …\nProtocolError: it is no HELLO\n")
        )
    finally:
        stranger_lines.end()
    assert event is not None
    assert formatEvent(event) == "192.0.2.7: ProtocolError: it is no HELLO"


def test_lines_of_the_node_itself_stay_as_they_are() -> None:
    own = warning("a" * 9_000, "taskbahn.component")
    stranger_lines.begin(Stranger("192.0.2.7"))
    try:
        assert bounded(own) == bounded(own) == own
    finally:
        stranger_lines.end()


def test_what_is_said_later_stays_and_is_cut() -> None:
    event = bounded(warning("a" * 9_000))
    assert event is not None
    assert event["log_level"] is LogLevel.warn
    assert len(formatEvent(event)) < MOST_LATER + 20
    short = warning("a")
    assert bounded(short) == short
