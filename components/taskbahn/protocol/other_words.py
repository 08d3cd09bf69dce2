"""Words of Celery that are none here, for users who come from it: the error has ours."""

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
        "retry": "`raise Retry(delay=...)`",
        "request": "`from taskbahn import current`: current.job, current.attempt",
        "update_state": "`from taskbahn import current`: current.progress(...)",
        "replace": "`return current.replace(flow)`",
        "max_retries": "options(retries=...)",
        "rate_limit": "@app.task(limits=[Rate('10/m')])",
        "run": "call(...), or task.function",
    }
)
OPTION_WORDS = MappingProxyType(  # each is another option here
    {
        "countdown": "delay",
        "expires": "start_within",
        "time_limit": "run_within",
        "soft_time_limit": "run_within",
        "max_retries": "retries",
        "default_retry_delay": "retry_backoff",
        "autoretry_for": "retry_on",
        "dont_autoretry_for": "give_up_on",
        "throws": "give_up_on",
        "acks_late": "delivery",
        "reject_on_worker_lost": "crash_attempts",
        "routing_key": "queue",
        "result_expires": "keep",
        "link": "on_success",
        "link_error": "on_failure",
        "task_id": "id",
        "shadow": "title",
    }
)
OPTION_WAYS = MappingProxyType(  # each is something else here
    {
        "bind": "`from taskbahn import current`, which each task may ask",
        "base": "a function that the task calls",
        "rate_limit": "`limits=[Rate('10/m')]` of the task, over all workers",
        "ignore_result": "`keep=60` of the task, which keeps the job and its result for a minute",
        "exchange": "a queue: `queue=...` of the task or the call",
        "serializer": "not needed: arguments travel as JSON, converted by their annotations",
        "track_started": "not needed: each job has its states",
        "acks_on_failure_or_timeout": "not needed: `retries` says whether a job is tried again",
    }
)
MODULE_WORDS = MappingProxyType(
    {
        "Celery": "Taskbahn",
        "shared_task": "@app.task, with `app = Taskbahn()` in a module that the tasks import",
        "signature": "task.s(...)",
        "AsyncResult": "app.job(id)",
        "GroupResult": "app.job(id)",
        "Ignore": "a plain return; GiveUp ends a job as failed, and its retries with it",
        "Reject": "GiveUp(reason), or Retry(delay) for another attempt",
        "SoftTimeLimitExceeded": "taskbahn.signals.TimeLimit, which `run_within` raises in the task",
        "MaxRetriesExceededError": "JobFailed, which callers get",
        "crontab": "Cron('30 7 * * 1'), or the line itself",
        "solar": "Sun(event, latitude=..., longitude=...)",
        "schedule": "Every(seconds), or @app.schedule(...)",
        "current_task": "current",
        "current_app": "the application itself, which each module imports",
        "states": "State",
        "Signature": "Flow",
        "uuid": "Job.new_id()",
    }
)
INIT_WORDS = MappingProxyType(  # what Celery(...) takes
    {
        "broker": "url, the address of a node: ws://127.0.0.1:8080/ws",
        "broker_url": "url, the address of a node: ws://127.0.0.1:8080/ws",
        "backend": "not needed: the node keeps jobs and their results",
        "result_backend": "not needed: the node keeps jobs and their results",
        "include": "an import of the modules that declare the tasks",
        "imports": "an import of the modules that declare the tasks",
        "main": "not needed: a task's name begins with its module, or name=... says it",
        "config_source": "arguments of Taskbahn(...), and options of `taskbahn up`",
        "task_serializer": "not needed: arguments travel as JSON, converted by their annotations",
        "timezone": "zone=... of a schedule",
        "task_always_eager": "`with eager(app)` of taskbahn.testing",
    }
)
RETRY_WORDS = MappingProxyType(  # what Celery's retry(...) and Retry(...) take
    {
        "countdown": "delay, seconds or a timedelta",
        "eta": "delay, seconds or a timedelta",
        "when": "delay, seconds or a timedelta",
        "exc": "reason, a text; `raise Retry(...) from error` keeps the error itself",
        "message": "reason, a text",
        "max_retries": "retries=... of the task",
        "throw": "not needed: Retry is raised",
        "args": "a new job: task.start(...)",
        "kwargs": "a new job: task.start(...)",
    }
)
OPTION_VALUES = MappingProxyType(  # each is not said here, or otherwise
    {
        ("retry_backoff", True): "the default here: leave it out, or say the seconds before the first retry",
        ("retry_backoff", False): "retries=[1, 1, 1] here, a list of the delays",
        ("retry_jitter", True): "the default here, 0.5: leave it out",
        ("retry_jitter", False): "retry_jitter=0 here",
        ("retries", None): "retries=10_000 here; for the default leave it out",
    }
)
JOB_WORDS = MappingProxyType(
    {
        "then": "result(timeout), `await job`, or on_success of the task",
        "get": "result(timeout)",
        "wait": "result(timeout)",
        "status": "state()",
        "ready": "state().is_final",
        "successful": "state() == State.SUCCEEDED",
        "failed": "state() == State.FAILED",
        "info": "view().progress",
        "traceback": "error().detail['traceback']",
        "revoke": "cancel()",
        "forget": "keep=60 of the task",
        "children": "members()",
        "collect": "members()",
        "parent": "view().parent",
        "date_done": "view().finished_at",
        "task_id": "id",
        "name": "task",
    }
)
APP_WORDS = MappingProxyType(
    {
        "send_task": "get(name).start(...)",
        "signature": "get(name).s(...)",
        "AsyncResult": "job(id)",
        "GroupResult": "job(id)",
        "control": "admin",
        "conf": "options of `taskbahn up`, and arguments of Taskbahn(...)",
        "config_from_object": "arguments of Taskbahn(...)",
        "autodiscover_tasks": "an import of the modules that declare the tasks",
        "add_periodic_task": "schedules.add(...), or @app.schedule(...)",
        "on_after_configure": "@app.schedule(...)",
        "register_task": "task(function)",
        "current_task": "`from taskbahn import current`",
        "shared_task": "task",
        "Task": "task",
        "start": "`taskbahn worker MODULE:APP`",
        "Worker": "`taskbahn worker MODULE:APP`",
        "Beat": "part of the node: @app.schedule(...)",
        "log": "the logging package: a job has the lines of its attempts",
        "events": "job(id).events()",
        "worker_main": "`taskbahn worker MODULE:APP`",
    }
)
CURRENT_WORDS = MappingProxyType(
    {
        "request": "current itself: current.job, current.attempt",
        "retry": "`raise Retry(delay=...)`",
        "update_state": "current.progress(...)",
        "apply_async": "task.start(...) of a task",
        "is_aborted": "current.is_cancelled",
        "task_id": "job",
        "id": "job",
        "name": "task",
        "retries": "attempt, which is 1 for the first",
        "add_to_chord": "current.add_to_group(flow)",
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


def celery_says(word: str, ours: str) -> str:
    """Say what a word of Celery is here."""
    return f"{word!r} of Celery is {ours} here"


def refuse_words(what: str, given: Mapping[str, Any], words: Mapping[str, str]) -> None:
    """Raise the TypeError for arguments that *what* does not take, if some are given."""
    for name in given:
        hint = f" ({celery_says(name, words[name])})" if name in words else ""
        raise TypeError(f"{what} got an unexpected keyword argument {name!r}{hint}")


def refuse_import(name: str) -> None:
    """Raise the ImportError for a name of Celery; `from taskbahn import name` would replace the text of an AttributeError."""
    if name in MODULE_WORDS:
        raise ImportError(
            f"cannot import name {name!r} from 'taskbahn' ({celery_says(name, MODULE_WORDS[name])})", name="taskbahn"
        )


def refuse(owner: object, name: str, words: Mapping[str, Any]) -> NoReturn:
    """Raise the AttributeError for a name that *owner* does not have."""
    hint = f" ({celery_says(name, repr(words[name]))})" if name in words else ""
    shown = getattr(type(owner), "SHOWN_AS", type(owner).__name__)
    raise AttributeError(f"{shown!r} object has no attribute {name!r}{hint}", name=name, obj=owner)
