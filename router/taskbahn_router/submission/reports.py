"""Reports of workers, checked before anything of them is decided, so that none spoils a batch."""

from __future__ import annotations

from typing import Any

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.options import LATEST
from taskbahn.protocol.questions import AwaitedEvent, Question, is_own_topic
from taskbahn.protocol.suspended import MAX_NAME, Suspended
from taskbahn_router.model.state import id_bytes
from taskbahn_router.submission.callers_code import convert
from taskbahn_router.submission.submission import check_depth, check_text


def check_report(report: messages.Report) -> None:
    """Raise `InvalidRequest` for a report that the store cannot take."""
    for done in report.done:
        check_text("a result", done.result)
        check_depth("a result", done.result)
    for asked in report.suspended:
        _check_suspended(asked)
    try:
        for value in (*(failed.error for failed in report.failed), *(notice.data for notice in report.notices)):
            messages.to_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"a report has what is not data: {error}") from None
    for notice in report.notices:
        if notice.kind in CHECKS:
            CHECKS[notice.kind](notice.data)


def _check_suspended(asked: Suspended) -> None:
    for id in (*asked.jobs, *([asked.replaced_by] if asked.replaced_by is not None else ())):
        id_bytes(id)
    for name in asked.notes:
        check_text("the name of a note", name)
    if asked.until is not None and not 0 <= asked.until <= LATEST:
        raise InvalidRequest(f"a job cannot be suspended until {asked.until!r}: it is seconds since 1970")


def _check_note(data: Any) -> None:
    if not isinstance(data, dict) or not all(isinstance(data.get(name), str) for name in ("name", "value")):
        raise InvalidRequest("a note has a name and a value, which is JSON text")
    if not 0 < len(data["name"]) <= MAX_NAME:
        raise InvalidRequest(f"the name of a note has 1 to {MAX_NAME} characters")
    check_text("the name of a note", data["name"])
    check_text("a note", data["value"])
    check_depth("a note", data["value"])


def _check_question(data: Any) -> None:
    question: Question = convert(data, Question, "a question")
    check_text("a question", question.name + question.question + question.to)


def _check_event(data: Any) -> None:
    event: AwaitedEvent = convert(data, AwaitedEvent, "an awaited event")
    check_text("an awaited event", event.name + event.topic)
    if is_own_topic(event.topic):
        raise InvalidRequest(f"no job waits for events of {event.topic}: that is a topic of the router itself")


CHECKS = {"note": _check_note, "question": _check_question, "event": _check_event}
