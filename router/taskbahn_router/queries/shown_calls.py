"""Calls that are kept and not yet jobs, in schedules, triggers and callbacks, as they are shown: without what their tasks say is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.model.declared_task import DeclaredTask

CALLS = ("args", "kwargs", "packed", "calls")


def shown_calls(value: Any, tasks: Mapping[str, DeclaredTask]) -> Any:
    """Return data with each call in it as it is shown."""
    if isinstance(value, list):
        return [shown_calls(part, tasks) for part in value]
    if not isinstance(value, dict):
        return value
    task = value.get("task")
    found = {name: part if name in CALLS else shown_calls(part, tasks) for name, part in value.items()}
    if not isinstance(task, str) or not any(name in value for name in CALLS):
        return found
    known = tasks.get(task)
    if isinstance(value.get("packed"), str):
        found["packed"] = _shown_text(value["packed"], known)
    if isinstance(value.get("calls"), list):
        found["calls"] = [_shown_text(one, known) if isinstance(one, str) else one for one in value["calls"]]
    args, kwargs = _shown(value.get("args", []), value.get("kwargs", {}), known)
    return found | {name: part for name, part in (("args", args), ("kwargs", kwargs)) if name in value}


def _shown_text(packed: str, task: DeclaredTask | None) -> str:
    try:
        args, kwargs = messages.from_json(packed)
    except (msgspec.DecodeError, ValueError, TypeError):
        return packed
    shown = _shown(args, kwargs, task)
    return packed if shown == (args, kwargs) else messages.to_json([*shown])


def _shown(args: Any, kwargs: Any, task: DeclaredTask | None) -> tuple[Any, Any]:
    if task is not None and task.secrets is not None and isinstance(args, list) and isinstance(kwargs, dict):
        args, kwargs = task.secrets.shown(args, kwargs)
    return masked(args), masked(kwargs)
