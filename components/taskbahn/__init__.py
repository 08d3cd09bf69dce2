"""Taskbahn: tasks on a WAMP router.

The names are imported when they are first used, so that `import taskbahn` is quick where little of it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbahn.app import Taskbahn
    from taskbahn.attempt.current import current
    from taskbahn.errors import (
        InvalidArguments,
        JobCancelled,
        JobExpired,
        JobFailed,
        NotFinished,
        RouterUnavailable,
        TaskbahnError,
        UnknownJob,
        UnknownTask,
        WouldBlock,
    )
    from taskbahn.jobs.batch import Batch, BatchProgress
    from taskbahn.jobs.chunk_stream import ChunkStream
    from taskbahn.jobs.job import Job
    from taskbahn.protocol.states import State
    from taskbahn.signals import GiveUp, Retry
    from taskbahn.tasks.task import AsyncTask, StreamTask, Task

PLACES = {
    "AsyncTask": "tasks.task",
    "Batch": "jobs.batch",
    "BatchProgress": "jobs.batch",
    "ChunkStream": "jobs.chunk_stream",
    "GiveUp": "signals",
    "InvalidArguments": "errors",
    "Job": "jobs.job",
    "JobCancelled": "errors",
    "JobExpired": "errors",
    "JobFailed": "errors",
    "NotFinished": "errors",
    "Retry": "signals",
    "RouterUnavailable": "errors",
    "State": "protocol.states",
    "StreamTask": "tasks.task",
    "Task": "tasks.task",
    "TaskbahnError": "errors",
    "Taskbahn": "app",
    "UnknownJob": "errors",
    "UnknownTask": "errors",
    "WouldBlock": "errors",
    "current": "attempt.current",
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
