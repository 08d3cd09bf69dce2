"""Taskbahn: tasks on a WAMP router.

The names are imported when they are first used, so that `import taskbahn` is quick where little of it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from taskbahn.access_errors import InvalidToken, LimitExceeded, NotAllowed
    from taskbahn.app import NameTaken, Taskbahn
    from taskbahn.attempt.blocking import BlocksLoop
    from taskbahn.attempt.current import current
    from taskbahn.encryption.errors import DecryptionFailed
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.errors import (
        CallerError,
        DeadlineExceeded,
        Duplicate,
        InvalidArguments,
        InvalidFlow,
        InvalidName,
        InvalidOption,
        InvalidRequest,
        InvalidSchedule,
        JobCancelled,
        JobExpired,
        JobFailed,
        LimitFull,
        NoQuestion,
        NotAnswered,
        NotFinished,
        NotReady,
        OutsideJob,
        QueueFull,
        ResultNotSerialisable,
        ResultTooLarge,
        RouterUnavailable,
        ServiceError,
        StoreUnavailable,
        TaskbahnError,
        TimeLimitExceeded,
        TooDeep,
        TooLarge,
        TooManyQueues,
        UnknownJob,
        UnknownTask,
        UnknownWorker,
        UnsupportedProtocol,
        WorkerError,
        WorkerIdTaken,
        WorkerLost,
        WouldBlock,
        WrongAnswer,
        WrongState,
        WrongTask,
    )
    from taskbahn.jobs.batch import Batch, BatchProgress
    from taskbahn.jobs.chunk_stream import ChunkStream
    from taskbahn.jobs.event_stream import EventStream
    from taskbahn.jobs.job import Job, LogLine
    from taskbahn.jobs.job_stream import JobPage, JobStream
    from taskbahn.jobs.query_language import WrongQuery
    from taskbahn.protocol.durations import Duration
    from taskbahn.protocol.messages import Event
    from taskbahn.protocol.states import State
    from taskbahn.protocol.views import JobView
    from taskbahn.schedules.when import Calendar, Cron, Dates, Every, Sun, When
    from taskbahn.signals import GiveUp, Retry
    from taskbahn.signatures.parameters import UnsupportedAnnotation
    from taskbahn.signatures.secret import Secret
    from taskbahn.tasks.flow import Flow
    from taskbahn.tasks.limits import Concurrency, Rate
    from taskbahn.tasks.shapes import chain, chord, group
    from taskbahn.tasks.task import AsyncTask, StreamTask, Task
    from taskbahn.tasks.task_handle import TaskHandle
    from taskbahn.tasks.unique import Unique
    from taskbahn.worker.loading import NoApplication
    from taskbahn.worker.pools.process import ChildCannotStart

PLACES = {
    "AsyncTask": "tasks.task",
    "Batch": "jobs.batch",
    "BatchProgress": "jobs.batch",
    "BlocksLoop": "attempt.blocking",
    "Calendar": "schedules.when",
    "CallerError": "errors",
    "ChildCannotStart": "worker.pools.process",
    "ChunkStream": "jobs.chunk_stream",
    "Concurrency": "tasks.limits",
    "Cron": "schedules.when",
    "Dates": "schedules.when",
    "DeadlineExceeded": "errors",
    "DecryptionFailed": "encryption.errors",
    "Duplicate": "errors",
    "Duration": "protocol.durations",
    "Event": "protocol.messages",
    "EventStream": "jobs.event_stream",
    "Every": "schedules.when",
    "Flow": "tasks.flow",
    "GiveUp": "signals",
    "InvalidArguments": "errors",
    "InvalidFlow": "errors",
    "InvalidName": "errors",
    "InvalidOption": "errors",
    "InvalidRequest": "errors",
    "InvalidSchedule": "errors",
    "InvalidToken": "access_errors",
    "Job": "jobs.job",
    "JobCancelled": "errors",
    "JobExpired": "errors",
    "JobFailed": "errors",
    "JobPage": "jobs.job_stream",
    "JobStream": "jobs.job_stream",
    "JobView": "protocol.views",
    "KeyRing": "encryption.keyring",
    "LimitExceeded": "access_errors",
    "LimitFull": "errors",
    "LogLine": "jobs.job",
    "NameTaken": "app",
    "NoApplication": "worker.loading",
    "NoQuestion": "errors",
    "NotAllowed": "access_errors",
    "NotAnswered": "errors",
    "NotFinished": "errors",
    "NotReady": "errors",
    "OutsideJob": "errors",
    "QueueFull": "errors",
    "Rate": "tasks.limits",
    "ResultNotSerialisable": "errors",
    "ResultTooLarge": "errors",
    "Retry": "signals",
    "RouterUnavailable": "errors",
    "Secret": "signatures.secret",
    "ServiceError": "errors",
    "State": "protocol.states",
    "StoreUnavailable": "errors",
    "StreamTask": "tasks.task",
    "Sun": "schedules.when",
    "Task": "tasks.task",
    "TaskHandle": "tasks.task_handle",
    "Taskbahn": "app",
    "TaskbahnError": "errors",
    "TimeLimitExceeded": "errors",
    "TooDeep": "errors",
    "TooLarge": "errors",
    "TooManyQueues": "errors",
    "Unique": "tasks.unique",
    "UnknownJob": "errors",
    "UnknownTask": "errors",
    "UnknownWorker": "errors",
    "UnsupportedAnnotation": "signatures.parameters",
    "UnsupportedProtocol": "errors",
    "When": "schedules.when",
    "WorkerError": "errors",
    "WorkerIdTaken": "errors",
    "WorkerLost": "errors",
    "WouldBlock": "errors",
    "WrongAnswer": "errors",
    "WrongQuery": "jobs.query_language",
    "WrongState": "errors",
    "WrongTask": "errors",
    "chain": "tasks.shapes",
    "chord": "tasks.shapes",
    "current": "attempt.current",
    "group": "tasks.shapes",
}

__all__ = [
    "AsyncTask",
    "Batch",
    "BatchProgress",
    "BlocksLoop",
    "Calendar",
    "CallerError",
    "ChildCannotStart",
    "ChunkStream",
    "Concurrency",
    "Cron",
    "Dates",
    "DeadlineExceeded",
    "DecryptionFailed",
    "Duplicate",
    "Duration",
    "Event",
    "EventStream",
    "Every",
    "Flow",
    "GiveUp",
    "InvalidArguments",
    "InvalidFlow",
    "InvalidName",
    "InvalidOption",
    "InvalidRequest",
    "InvalidSchedule",
    "InvalidToken",
    "Job",
    "JobCancelled",
    "JobExpired",
    "JobFailed",
    "JobPage",
    "JobStream",
    "JobView",
    "KeyRing",
    "LimitExceeded",
    "LimitFull",
    "LogLine",
    "NameTaken",
    "NoApplication",
    "NoQuestion",
    "NotAllowed",
    "NotAnswered",
    "NotFinished",
    "NotReady",
    "OutsideJob",
    "QueueFull",
    "Rate",
    "ResultNotSerialisable",
    "ResultTooLarge",
    "Retry",
    "RouterUnavailable",
    "Secret",
    "ServiceError",
    "State",
    "StoreUnavailable",
    "StreamTask",
    "Sun",
    "Task",
    "TaskHandle",
    "Taskbahn",
    "TaskbahnError",
    "TimeLimitExceeded",
    "TooDeep",
    "TooLarge",
    "TooManyQueues",
    "Unique",
    "UnknownJob",
    "UnknownTask",
    "UnknownWorker",
    "UnsupportedAnnotation",
    "UnsupportedProtocol",
    "When",
    "WorkerError",
    "WorkerIdTaken",
    "WorkerLost",
    "WouldBlock",
    "WrongAnswer",
    "WrongQuery",
    "WrongState",
    "WrongTask",
    "chain",
    "chord",
    "current",
    "group",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # late: it takes 20 ms

        return version("taskbahn")
    if name not in PLACES:
        from taskbahn.protocol.other_words import refuse_import  # late: few ask for such a name

        refuse_import(name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(
        {*__all__, "__version__", "__doc__", "__file__", "__name__", "__path__"}
    )  # what is for users; completion shows these
