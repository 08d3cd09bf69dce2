"""What a job says whose time was over: that it did not start in time, or by which deadline it had not ended, and what was missing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from taskbahn.errors import DeadlineExceeded
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import IS_FLOW, IS_SUSPENDED, PAUSE_BIT

NOT_STARTED = MappingProxyType({"message": "it did not start within its start_within"})  # the error of every job that has expired
MOST_COUNTED = 1000  # jobs of a job that are counted


class Overdue(NamedTuple):
    """A job that has not ended by its deadline; times in seconds.  left: how many jobs of it have not ended, counted to `MOST_COUNTED`."""

    state: str
    attempt: int
    worker: str | None
    due_at: float | None
    flags: int
    pending: int
    deadline: float
    left: int


def error_of(job: Overdue) -> str:
    """Return its error, as JSON."""
    message = f"it has not ended by its deadline, {moment(job.deadline)}: {_missing(job)}"
    info = {"error": DeadlineExceeded.uri, "type": "DeadlineExceeded", "message": message, "deadline": job.deadline}
    return messages.to_json(info)


def moment(time: float) -> str:
    """Return a time as a sentence has it."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _missing(job: Overdue) -> str:
    """Return what was still missing."""
    if job.flags & IS_FLOW:
        return f"{_jobs(job.left)} of it had not ended"
    if job.state == State.RUNNING:
        missing = f"attempt {job.attempt} was running on worker {job.worker}"
    elif job.state == State.READY:
        missing = f"it was ready, and no worker had started attempt {job.attempt + 1}"
    elif job.flags & IS_SUSPENDED:
        missing = "its function was waiting, without an attempt"
    elif job.pending & PAUSE_BIT:
        missing = "it was paused"
    elif job.pending:
        missing = f"it was waiting for {_jobs(job.pending)}"
    else:
        due = "" if job.due_at is None else f", due {moment(job.due_at)}"
        missing = f"attempt {job.attempt + 1} was not due yet{due}"
    return f"{missing}; {_jobs(job.left)} that it had started had not ended" if job.left else missing


def _jobs(count: int) -> str:
    if count >= MOST_COUNTED:
        return f"{MOST_COUNTED:,} jobs or more"
    return "1 job" if count == 1 else f"{count:,} jobs"
