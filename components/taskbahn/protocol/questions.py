"""Questions that jobs ask, and what they remember of the answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from taskbahn.protocol.suspended import MAX_NAME

QUESTION, ANSWER, MESSAGE = "question:", "answer:", "message:"  # how the names of notes begin
MAX_QUESTION = 2_000  # characters

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME - 20)]


class Question(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a job asks.  schema: JSON Schema of the answer.   to: who is to answer, as text.   until: when it closes, seconds."""

    name: Name
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_QUESTION)]
    schema: dict[str, Any] = {}
    to: Annotated[str, msgspec.Meta(max_length=200)] = ""
    asked_at: float
    until: float | None = None


class QuestionView(Question, kw_only=True, omit_defaults=True):
    """An open question as it is shown."""

    job: str
    task: str = ""


def message_name(number: int) -> str:
    """Return the name of the note that a message is."""
    return f"{MESSAGE}{number:09}"
