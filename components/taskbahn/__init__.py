"""Taskbahn: tasks on a WAMP router.

The names are imported when they are first used, so that `import taskbahn` is quick where little of it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbahn.app import Taskbahn
    from taskbahn.batch import Batch, BatchProgress
    from taskbahn.chunks import ChunkStream
    from taskbahn.context import current
    from taskbahn.endings import NotFinished
    from taskbahn.errors import (
        InvalidArguments,
        JobCancelled,
        JobExpired,
        JobFailed,
        RouterUnavailable,
        TaskbahnError,
        UnknownJob,
        UnknownTask,
        WouldBlock,
    )
    from taskbahn.job import Job
    from taskbahn.signals import GiveUp, Retry
    from taskbahn.states import State
    from taskbahn.task import AsyncTask, StreamTask, Task

PLACES = {
    "AsyncTask": "task",
    "Batch": "batch",
    "BatchProgress": "batch",
    "ChunkStream": "chunks",
    "GiveUp": "signals",
    "InvalidArguments": "errors",
    "Job": "job",
    "JobCancelled": "errors",
    "JobExpired": "errors",
    "JobFailed": "errors",
    "NotFinished": "endings",
    "Retry": "signals",
    "RouterUnavailable": "errors",
    "State": "states",
    "StreamTask": "task",
    "Task": "task",
    "TaskbahnError": "errors",
    "Taskbahn": "app",
    "UnknownJob": "errors",
    "UnknownTask": "errors",
    "WouldBlock": "errors",
    "current": "context",
}

__all__ = [
    "AsyncTask",
    "Batch",
    "BatchProgress",
    "ChunkStream",
    "GiveUp",
    "InvalidArguments",
    "Job",
    "JobCancelled",
    "JobExpired",
    "JobFailed",
    "NotFinished",
    "Retry",
    "RouterUnavailable",
    "State",
    "StreamTask",
    "Task",
    "Taskbahn",
    "TaskbahnError",
    "UnknownJob",
    "UnknownTask",
    "WouldBlock",
    "current",
]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
