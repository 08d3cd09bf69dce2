"""What the dispatcher answers to those who look: a part of the protocol, see `wire`."""

from __future__ import annotations

from typing import Any

import msgspec

from taskbahn.wire import Signature


class AttemptView(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One attempt as it is shown; outcome "" while it runs."""

    attempt: int
    worker: str
    started_at: float
    ended_at: float | None = None
    outcome: str = ""
    error: dict[str, Any] | None = None


class JobView(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A job as it is shown; `number` is that of its newest event. In lists `args`, `kwargs`, `result` and `attempts` are left out."""

    id: str
    task: str
    queue: str
    state: str
    priority: int = 0
    number: int = 0
    attempt: int = 0
    created_at: float = 0.0
    due_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    worker: str | None = None
    caller: str | None = None
    tags: list[str] = []
    options: dict[str, Any] = {}
    args: list[Any] | None = None
    kwargs: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    result: Any = None
    error: dict[str, Any] | None = None
    attempts: list[AttemptView] = []


class TaskView(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A declared task and who offers it now."""

    name: str
    doc: str = ""
    signature: Signature | None = None
    options: dict[str, Any] = {}
    pool: str = ""
    workers: int = 0
    ready: int = 0
    running: int = 0


class QueueView(msgspec.Struct, kw_only=True):
    """A queue; `oldest` is the time at which its first ready job was accepted."""

    name: str
    ready: int
    waiting: int
    running: int
    workers: int
    oldest: float | None = None


class WorkerView(msgspec.Struct, kw_only=True):
    """A worker that is attached now."""

    id: str
    host: str
    pid: int
    version: str
    slots: int
    running: int
    draining: bool
    queues: list[str]
    tasks: list[str]
    attached_at: float
    finished: int
    failed: int


class Status(msgspec.Struct, kw_only=True):
    """The whole in numbers; counts by state since the store was made, `lag` is the event loop's, in seconds."""

    version: str
    started_at: float
    now: float
    jobs: dict[str, int]
    workers: int
    slots: int
    running: int
    lag: float
