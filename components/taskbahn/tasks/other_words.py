"""Words of Celery that tasks and flows do not have, for users who come from it: the error has ours."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

TASK_WORDS = MappingProxyType(
    {
        "delay": "start(...)",
        "apply_async": "options(...).start(...)",
        "apply": "call(...)",
        "subtask": "s(...)",
        "signature_from_request": "s(...)",
        "AsyncResult": "app.job(id)",
        "set": "options(...)",
    }
)
FLOW_WORDS = MappingProxyType(
    {
        "delay": "start()",
        "apply_async": "options(...).start()",
        "apply": "call()",
        "get": "call()",
        "set": "options(...)",
        "clone": "options(...)",
        "link": "on_success(...)",
        "link_error": "on_failure(...)",
        "on_error": "on_failure(...)",
        "map": "task.map(items)",
        "starmap": "task.starmap(items)",
        "chunks": "task.chunks(items, size)",
    }
)


def refuse(owner: object, name: str, words: Mapping[str, Any]) -> NoReturn:
    """Raise the AttributeError for a name that *owner* does not have."""
    ours = f" ({name!r} of Celery is {words[name]!r} here)" if name in words else ""
    raise AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}{ours}", name=name, obj=owner)
