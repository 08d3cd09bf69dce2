"""What jobs ask from outside: questions to people, and events; and what they remember of the answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from taskbahn.protocol.suspended import MAX_NAME
from taskbahn.protocol.view_data import View

QUESTION, ANSWER, MESSAGE = "question:", "answer:", "message:"  # how the names of notes begin
AWAITED, EVENT = "awaited:", "event:"
MAX_QUESTION = 2_000  # characters

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME - 20)]


class Question(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a job asks.  schema: JSON Schema of the answer.   to: who is to answer, as text.   until: when it closes, seconds."""

    name: Name
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_QUESTION)]
    schema: dict[str, Any] = {}
    to: Annotated[str, msgspec.Meta(max_length=200)] = ""
    asked_at: float
    until: float | None = None


class AwaitedEvent(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An event for which a job waits.  topic: exactly.   where: fields that the event's data must have, with these values."""

    name: Name
    topic: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    where: dict[str, Any] = {}


class QuestionView(Question, kw_only=True, omit_defaults=True):
    """An open question as it is shown."""

    job: str
    task: str = ""


def message_name(number: int) -> str:
    """Return the name of the note that a message is."""
    return f"{MESSAGE}{number:09}"


def is_own_topic(topic: str) -> bool:
    """Return whether a topic is one of the router or of Taskbahn itself, on which no job may wait."""
    return topic.partition(".")[0] in ("taskbahn", "wamp", "crossbar")
