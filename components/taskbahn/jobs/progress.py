"""Progress as readers take it: whatever an older or a foreign worker has sent, what is sound of it is shown and the rest is left out."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.progress import Progress, Stage, fraction_of
from taskbahn.protocol.states import State

MOST_OF_UNDONE = 0.99  # of the whole: the most that is shown of what ended without success


def progress_of(data: Any) -> Progress:
    """Return what a progress event or a job's view holds, as a struct; raises nothing."""
    try:
        return msgspec.convert(data or {}, Progress)
    except msgspec.ValidationError:
        return _sound(data if isinstance(data, dict) else {"data": data})


def shown_fraction(state: str, fraction: float | None) -> float | None:
    """Return what is shown of a fraction: what has succeeded is done whatever it said, and what ended otherwise is not."""
    if state == State.SUCCEEDED:
        return 1.0
    return fraction if fraction is None or state == State.RUNNING else min(fraction, MOST_OF_UNDONE)


def completed(data: Any) -> dict[str, Any]:
    """Return progress as all readers can take it, whatever a worker has sent, with the fraction that its stages make; raises nothing.

    A fraction that is unknown is absent: readers that have a default for one, as in JavaScript, would not use it for a null.
    """
    try:
        progress: Progress = msgspec.convert(data, Progress)
        sound: dict[str, Any] = data
    except msgspec.ValidationError:
        progress = progress_of(data)
        sound = messages.plain(progress)
    if progress.fraction is None and progress.stages:
        fraction = fraction_of(progress.stages)
        if fraction is not None:
            return sound | {"fraction": fraction}
    if progress.fraction is None and "fraction" in sound:
        return {name: value for name, value in sound.items() if name != "fraction"}
    return sound


def _sound(data: dict[str, Any]) -> Progress:
    stages = data.get("stages")
    found = (_stage(stage) for stage in stages) if isinstance(stages, list | tuple) else ()
    fraction = _number(data.get("fraction"))
    return Progress(
        fraction=None if fraction is None else min(max(fraction, 0.0), 1.0),
        message=_text(data.get("message")),
        stages=[stage for stage in found if stage is not None],
        data=data.get("data"),
    )


def _stage(data: Any) -> Stage | None:
    """Return a stage with what is sound of it; None if it has no number to know it by."""
    if not isinstance(data, dict) or type(data.get("id")) is not int:
        return None
    parent = data.get("parent")
    return Stage(
        id=data["id"],
        name=_text(data.get("name")),
        parent=parent if type(parent) is int else None,
        total=_number(data.get("total")),
        done=_number(data.get("done")) or 0.0,
        started_at=_number(data.get("started_at")) or 0.0,
        ended_at=_number(data.get("ended_at")),
        weight=_number(data.get("weight")),
        failed=data.get("failed") is True,
    )


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
