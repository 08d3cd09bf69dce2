"""What web hooks and mails say about a job: what it is and what became of it, and neither its arguments nor its traceback."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbahn.protocol.views import JobView

RESULT_BYTES = 16 * 1024  # of a result that goes along
MESSAGE_CHARACTERS = 2000
TIMES = ("created_at", "started_at", "finished_at")


def time_text(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def summary_of(job: JobView) -> dict[str, Any]:
    """Return what there is to say about a job, as data."""
    said: dict[str, Any] = {
        "id": job.id,
        "task": job.task,
        "state": job.state,
        "queue": job.queue,
        "title": job.title,
        "tags": job.tags,
        "attempt": job.attempt,
        **{name: time_text(getattr(job, name)) for name in TIMES},
        "result": None,
        "error": None,
    }
    if job.error is not None:
        said["error"] = {name: str(job.error.get(name, ""))[:MESSAGE_CHARACTERS] for name in ("type", "message")}
    elif job.result is not None:
        size = len(json.dumps(job.result, ensure_ascii=False).encode("utf-8", "replace"))
        said |= {"result": job.result} if size <= RESULT_BYTES else {"result_bytes": size}
    return said


def fields_of(summary: dict[str, Any]) -> dict[str, str]:
    """Return what templates of mails may name, as text."""
    error = summary["error"]
    found = {
        name: "" if value is None else str(value) for name, value in summary.items() if name not in ("error", "result", "tags")
    }
    found["error"] = "" if error is None else f"{error['type']}: {error['message']}" if error["type"] else error["message"]
    found["result"] = "" if summary["result"] is None else json.dumps(summary["result"], ensure_ascii=False)
    found["tags"] = ", ".join(summary["tags"])
    return found
