"""How jobs end that do not run, as a test says it: with a result, with an error, or refused where they are started."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.errors import (
    CallerError,
    InvalidRequest,
    JobCancelled,
    JobExpired,
    JobFailed,
    NotFinished,
    ServiceError,
    WorkerError,
)
from taskbahn.protocol.last_failures import NO_RETRIES, last_error
from taskbahn.protocol.states import State
from taskbahn.worker.failure import describe

if TYPE_CHECKING:
    from taskbahn.errors import TaskbahnError
    from taskbahn.testing.local_jobs import LocalJob


class Prepared(NamedTuple):
    """What becomes of the jobs of a task.   result: as JSON.   refused: what starting one raises.   unfinished: what a wait raises."""

    result: str | None = None
    error: BaseException | None = None
    refused: TaskbahnError | None = None
    unfinished: NotFinished | None = None

    @classmethod
    def of(cls, error: BaseException | type[BaseException]) -> Prepared:
        """Prepare an error, by what it says on a node.  Raises InvalidRequest for what is none."""
        made = error() if isinstance(error, type) and issubclass(error, Exception) else error
        if not isinstance(made, Exception):
            raise InvalidRequest(f"seen.raises takes an exception, such as ValueError('no'), not {error!r:.100}")
        if isinstance(made, NotFinished):
            return cls(unfinished=made)
        if isinstance(made, CallerError | ServiceError):
            return cls(refused=made)
        return cls(error=made)

    def end(self, job: LocalJob) -> None:
        """Have a job end so, unless it goes on."""
        if self.result is not None:
            job.end("succeeded", self.result)
        elif self.error is not None:
            _fail(job, self.error)
        elif self.unfinished is not None:
            job.state, job.outcome = "running", None


def _fail(job: LocalJob, error: BaseException) -> None:
    if isinstance(error, JobCancelled | JobExpired):
        job.end(
            State.CANCELLED if isinstance(error, JobCancelled) else State.EXPIRED,
            error={"message": error.message, "detail": error.detail, "error": error.uri},
        )
    elif isinstance(error, JobFailed):  # its data are those of the error in the task
        job.end(State.FAILED, error={"error": error.uri, "type": "Exception", "message": error.message, **error.detail})
    else:
        uri = error.uri if isinstance(error, WorkerError) else JobFailed.uri
        job.end(State.FAILED, error=last_error({"error": uri, **describe(error)}, NO_RETRIES, asked=False))
