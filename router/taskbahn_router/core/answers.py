"""Answers of people to questions of jobs, checked against the schema that the question has."""

from __future__ import annotations

from typing import Any

from taskbahn.protocol.templates import has_secrets
from taskbahn_router.core.argument_schema import NOT_SHOWN
from taskbahn_router.core.text_formats import compiled

MAX_TEXT = 300  # characters


def what_is_wrong(answer: Any, schema: dict[str, Any]) -> str | None:
    """Return in what an answer does not fit a JSON Schema; None: it fits. A schema that is none fits nothing, and says so."""
    try:
        validator = compiled(schema)
        error = next(iter(validator.iter_errors(answer)), None)
    except (ValueError, TypeError, RecursionError) as wrong:
        return f"the question has no valid JSON Schema ({str(wrong).partition(chr(10))[0][:MAX_TEXT]})"
    if error is None:
        return None
    if has_secrets(schema):  # the sentence would quote what was given
        return NOT_SHOWN
    place = ".".join(map(str, error.instance_path))
    return f"{place}: {str(error.message)[:MAX_TEXT]}" if place else str(error.message)[:MAX_TEXT]
